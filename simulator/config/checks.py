"""Checks across keys: mistakes that no single key can show."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from simulator.config.calendar import fiscal_years
from simulator.config.checks_laws import check_dependence, check_distributions
from simulator.config.checks_levers import check_levers, check_shock
from simulator.config.locate import KeyPath, format_key
from simulator.config.mistakes import Mistake
from simulator.config.partial_config import PartialConfig
from simulator.config.wording import nearest, quote
from simulator.finance.metrics import plan_metrics, world_metrics
from simulator.results.columns import Event
from simulator.results.sizes import estimate_memory
from simulator.risk.metric_spec import Calendar, parse_event

__all__: list[str] = []  # used in this folder only

_MOST_MEMORY = 16e9  # bytes a simulation may take
_SAMPLE_ONLY = ("irr", "partner_irr")  # computed for the stored sample, not for every path
_EVENT_FORMS = 'an event metric, "metric < number", "metric > number" or of a month "breach before 2030-06"'
_RESERVED = ("world", "path")  # column names of the result files


def check_across_keys(
    tree: Mapping[str, Any], bad: Iterable[KeyPath], folder: Path, written: Mapping[str, Any]
) -> list[Mistake]:
    """Return every mistake across keys, with the keys already known to be bad and the tree as it was written."""
    partial = PartialConfig(tree, bad, written)
    checks = (
        _check_sites, _check_names, _check_shares, _check_notes, _check_plans, check_levers, check_shock,
        _check_wacc, _check_metrics, check_dependence, _check_size,
    )  # fmt: skip
    with np.errstate(all="ignore"):  # laws at the end of the float64 range give inf or NaN, which the checks refuse
        return list(itertools.chain(*(check(partial) for check in checks), check_distributions(partial, folder)))


def check_numbers(tree: Mapping[str, Any], written: Mapping[str, Any]) -> list[Mistake]:
    """Return the mistakes across plain numbers of a config whose single keys are right; laws are not built."""
    partial = PartialConfig(tree, (), written)
    checks = (_check_sites, _check_shares, _check_notes, _check_plans, check_levers, check_dependence)
    return list(itertools.chain(*(check(partial) for check in checks)))


def _check_sites(partial: PartialConfig) -> Iterator[Mistake]:
    """Check that a site is planned after its construction starts."""
    for i in range(partial.count("sites")):
        start, planned = partial.number("sites", i, "start"), partial.number("sites", i, "planned")
        if start is not None and planned is not None and planned <= start:
            yield Mistake(
                ("sites", i, "planned"), f"given {quote(planned)}, wanted a month after start ({quote(start)})"
            )


def _check_names(partial: PartialConfig) -> Iterator[Mistake]:
    """Check that ids, which become columns, differ from each other and from names of metrics."""
    seen = {metric.name: "a metric" for metric in world_metrics(())}
    for i in range(partial.count("sites")):
        site = partial.get("sites", i, "id")
        if not isinstance(site, str):
            continue
        if f"delay_{site}" in seen:
            where = seen[f"delay_{site}"]
            yield Mistake(("sites", i, "id"), f"given {quote(site)}, wanted an id that is not taken ({where})")
        seen.setdefault(f"delay_{site}", format_key(("sites", i)))
    for plan in partial.get("plans") or {}:
        if plan in _RESERVED:
            yield Mistake(("plans", plan), f"given {quote(plan)}, wanted another id: it names columns of results")


def _check_shares(partial: PartialConfig) -> Iterator[Mistake]:
    """Check that shares of one variance add up to at most 1."""
    grid = ("drivers", "grid")
    national, regional = partial.number(*grid, "national_share"), partial.number(*grid, "regional_share")
    if national is not None and regional is not None and national + regional > 1:
        text = f"given {quote(regional)}, wanted at most 1 less national_share ({quote(national)})"
        yield Mistake((*grid, "regional_share"), text)
    silicon = ("drivers", "silicon")
    share, together = partial.number(*silicon, "factor_share"), partial.number(*silicon, "correlation")
    if share is not None and together is not None and not 2 * share - 1 <= together <= 1:
        text = f"given {quote(together)}, wanted a number from 2 factor_share - 1 ({quote(2 * share - 1)}) to 1"
        yield Mistake((*silicon, "correlation"), text)


def _check_notes(partial: PartialConfig) -> Iterator[Mistake]:
    """Check that a note pays either coupon or margin, is issued within the horizon and repaid after its issue."""
    months = partial.number("months")
    for i in range(partial.count("notes")):
        note = partial.get("notes", i)
        if isinstance(note, dict) and ("coupon" in note) == ("margin" in note):
            keys = "both coupon and margin" if "coupon" in note else "nothing"
            yield Mistake(("notes", i), f"given {keys}, wanted either coupon or margin")
        issue, maturity = partial.number("notes", i, "issue"), partial.number("notes", i, "maturity")
        if issue is not None and maturity is not None and maturity <= issue:
            text = f"given {quote(maturity)}, wanted a month after issue ({quote(issue)})"
            yield Mistake(("notes", i, "maturity"), text)
        if issue is not None and months is not None and issue >= months:
            yield Mistake(
                ("notes", i, "issue"), f"given {quote(issue)}, wanted a month before months ({quote(months)})"
            )


def _check_plans(partial: PartialConfig) -> Iterator[Mistake]:
    """Check that a plan scales a ladder that exists and pays its penalty within the horizon."""
    months = partial.number("months")
    for plan in partial.get("plans") or {}:
        amount = partial.number("plans", plan, "notes")
        if amount is not None and partial.get("notes") is not None and not partial.count("notes"):
            yield Mistake(("plans", plan, "notes"), f"given {quote(amount)}, wanted [[notes]] in the config to scale")
        liquidity = ("plans", plan, "liquidity")
        penalty, month = partial.number(*liquidity, "penalty"), partial.number(*liquidity, "penalty_month")
        if penalty and month is not None and months is not None and month >= months:
            text = f"given {quote(month)}, wanted a month before months ({quote(months)})"
            yield Mistake((*liquidity, "penalty_month"), text)


def _check_wacc(partial: PartialConfig) -> Iterator[Mistake]:
    """Check that a WACC over the 10-year rate has a margin of its own: the default is a whole rate."""
    here = ("programme", "wacc_basis")
    if partial.get(*here) == "over_rate" and partial.written("programme", "wacc") is None:
        default = quote(partial.number("programme", "wacc"))
        yield Mistake(here, f'given "over_rate" with the default wacc ({default}), wanted wacc as a margin, as 0.04')


def _check_metrics(partial: PartialConfig) -> Iterator[Mistake]:
    """Check that tallied metrics and events exist and are computed on every path."""
    start, months = partial.get("start"), partial.get("months")
    years = fiscal_years(start, months) if isinstance(start, str) and isinstance(months, int) else ()
    plan = {metric.name for metric in plan_metrics(years)}
    ids = [partial.get("sites", i, "id") for i in range(partial.count("sites"))]
    world = {metric.name for metric in world_metrics([site for site in ids if isinstance(site, str)])}
    mistakes = list(_check_tally(partial, plan, bool(years)))
    yield from mistakes
    counted = None if mistakes else {str(name) for name in partial.get("metrics", "tally") or ()} | world
    yield from _check_events(partial, counted)
    levels = partial.get("metrics", "levels") or ()
    if len(set(map(str, levels))) < len(levels):
        yield Mistake(("metrics", "levels"), "given a level twice, wanted each once")


def _check_tally(partial: PartialConfig, plan: set[str], dated: bool) -> Iterator[Mistake]:
    """Check the tallied metrics; `dated` if the horizon, and so the fiscal years with a metric each, is known."""
    tally = partial.get("metrics", "tally") or ()
    for i, name in enumerate(tally):
        here: KeyPath = ("metrics", "tally", i)
        if name in _SAMPLE_ONLY:
            yield Mistake(
                here, f"given {quote(name)}, wanted a metric of every path: it is computed for the sample only"
            )
        elif name in tally[:i]:
            yield Mistake(here, f"given {quote(name)} again, wanted each metric once")
        elif isinstance(name, str) and name not in plan and (dated or not name.startswith("eps_fy")):
            yield Mistake(here, f"unknown metric {quote(name)}, {nearest(name, sorted(plan - set(_SAMPLE_ONLY)))}")


def _check_events(partial: PartialConfig, counted: set[str] | None) -> Iterator[Mistake]:
    """Check the events; `counted` are the metrics that they may be about, None where unknown."""
    start, months = partial.get("start"), partial.get("months")
    known = isinstance(start, str) and re.fullmatch(r"\d{4}-\d{2}", start) and isinstance(months, int)
    calendar = Calendar(start, months) if known else Calendar()
    counted_events: list[Event] = []
    for i, text in enumerate(partial.get("metrics", "events") or ()):
        event = parse_event(text, calendar) if isinstance(text, str) else None
        here: KeyPath = ("metrics", "events", i)
        if not isinstance(text, str):
            continue
        if event is None:
            yield Mistake(here, f"given {quote(text)}, wanted {_EVENT_FORMS}")
        elif counted is not None and event.metric not in counted:
            near = nearest(event.metric, sorted(counted))
            yield Mistake(here, f"given {quote(text)}, wanted a metric of the world or of metrics.tally: {near}")
        elif known and (mistake := calendar.date_mistake(event)):
            yield Mistake(here, mistake)
        elif any(event[:3] == other[:3] for other in counted_events):
            yield Mistake(here, f"given {quote(text)} again, wanted each event once")
        else:
            counted_events.append(event)


def _check_size(partial: PartialConfig) -> Iterator[Mistake]:
    """Check that the simulation fits into memory, before any is taken."""
    months = partial.number("months")
    if months is None:
        return
    start = partial.get("start")
    needed = estimate_memory(
        months=int(months),
        sites=[str(k) for k in range(partial.count("sites"))],
        plans=len(partial.get("plans") or {}),
        fiscal_years=fiscal_years(start if isinstance(start, str) else "2026-07", int(months)),
        tally=partial.count("metrics", "tally"),
    )
    if needed > _MOST_MEMORY:
        estimate = f"about {needed / 1e9:.1f} GB of memory for {quote(months)} months and these plans"
        yield Mistake(("months",), f"given {estimate}, wanted at most {_MOST_MEMORY / 1e9:.0f} GB")
