"""One grammar of metrics, events, measures and precisions, with one set of refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.errors import ConfigError
from simulator.finance.metrics import Metric
from simulator.results.columns import Event
from simulator.risk.metric_spec import MeasureSpec, parse_event, parse_measure, parse_metric, parse_precision

NPV = Metric("npv", "amount", "USD bn", "low", False, "Net present value")
BREACH = Metric("breach", "event", "", "high", False, "Breach")
MONTH = Metric("breach_month", "month", "month", "high", False, "Month of breach")
EPS = Metric("eps", "ratio", "", "low", True, "Elasticity")


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("npv < 0", Event("npv", "<", 0.0)),
        (" npv<-1.5e1 ", Event("npv", "<", -15.0)),
        ("breach", Event("breach", ">", 0.5)),
        ("npv", None),
        ("npv < ", None),
        ("npv < --", None),
        ("npv < 1e999", None),
        ("npv <= 0", None),
    ],
)
def test_events(text, event):
    assert parse_event(text) == event


def test_a_metric_is_found_by_its_row_and_an_event_reads_its_column():
    assert parse_metric("npv", (EPS,), (NPV, BREACH))[:3] == (NPV, 1, None)
    assert parse_metric("breach", (EPS,), (NPV, BREACH))[:3] == (BREACH, 2, None)
    spec = parse_metric("eps > 2", (EPS,), (NPV, BREACH))
    assert (spec.row, spec.column, spec.metric.name, spec.metric.kind) == (0, "eps", "eps > 2", "event")
    np.testing.assert_array_equal(spec.read(np.array([1.0, 2.0, 3.0, np.nan])), [0.0, 0.0, 1.0, np.nan])
    with pytest.raises(ConfigError, match="--metric: given npw, did you mean npv\\?"):
        parse_metric("npw", (), (NPV,))


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("mean", MeasureSpec("mean")),
        ("var95", MeasureSpec("var", 0.95)),
        ("cvar99.5", MeasureSpec("cvar", 0.995)),
        ("cvar53.3", MeasureSpec("cvar", 0.533)),  # the decimal, not the double 53.3 over 100
    ],
)
def test_measures(text, measure):
    assert str(parse_measure(text, NPV)) == str(measure)
    assert measure.text == text


@pytest.mark.parametrize("text", ["sd", "q05", "var9", "cvar", "best", "mean "])
def test_measures_that_pair_with_no_other_are_refused(text):
    with pytest.raises(ConfigError, match=f"--measure: given {text}, wanted mean, probability"):
        parse_measure(text, NPV)


@pytest.mark.parametrize(
    ("text", "metric", "fault"),
    [
        ("probability", NPV, "npv is no event such as breach or npv < 0"),
        ("cvar95", BREACH, "breach is no amount: VaR and CVaR are for amounts"),
        ("mean", MONTH, "breach_month is a month that may never come: it has no mean"),
    ],
)
def test_measures_that_make_no_sense_are_refused(text, metric, fault):
    with pytest.raises(ConfigError, match=f"--measure: given {text}, but {fault}"):
        parse_measure(text, metric)


def test_precisions():
    assert parse_precision("own.npv.cvar95:1%") == ("own", "npv", MeasureSpec("cvar", 0.95), 0.01, True)
    plan, metric, measure, half_width, relative = parse_precision("own.dscr_min < 1.2.probability:.005")
    assert (plan, metric, measure.kind, half_width, relative) == ("own", "dscr_min < 1.2", "probability", 0.005, False)
    assert math.isnan(measure.level)
    for text in ("own.npv.cvar95", "own.npv.cvar95:0%", "own.npv.best:1%", "npv.mean:1"):
        assert parse_precision(text) is None
