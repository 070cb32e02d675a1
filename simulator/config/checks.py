"""Checks across keys: what no single key can be wrong about alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from simulator.config.calendar import fiscal_years
from simulator.config.checks_laws import dependence, distributions
from simulator.config.checks_levers import levers, shock
from simulator.config.locate import KeyPath, show_path
from simulator.config.mistakes import Mistake
from simulator.config.partial_config import Known
from simulator.config.size import memory
from simulator.config.wording import nearest, show
from simulator.finance.metrics import plan_metrics, world_metrics
from simulator.risk.metric_spec import parse_event

MOST_MEMORY = 16e9  # bytes a simulation may take
SAMPLE_ONLY = ("irr", "partner_irr")  # computed for the stored sample, not for every path
RESERVED = ("world", "path")  # column names of the result files


def cross_checks(
    tree: Mapping[str, Any], bad: Iterable[KeyPath], folder: Path, own: Mapping[str, Any]
) -> list[Mistake]:
    """Every mistake across keys, given the keys that are already known to be bad and what was written (`own`)."""
    known = Known(tree, bad, own)
    checks = (sites, names, shares, notes, plans, levers, shock, metrics, dependence, size)
    with np.errstate(all="ignore"):  # a law at the end of what a float64 holds says inf or NaN, and is judged by that
        return list(itertools.chain(*(check(known) for check in checks), distributions(known, folder)))


def sites(known: Known) -> Iterator[Mistake]:
    """A site is planned after its construction starts."""
    for i in range(known.count("sites")):
        start, planned = known.number("sites", i, "start"), known.number("sites", i, "planned")
        if start is not None and planned is not None and planned <= start:
            yield Mistake(("sites", i, "planned"), f"given {show(planned)}, wanted a month after start ({show(start)})")


def names(known: Known) -> Iterator[Mistake]:
    """Ids become columns: no two sites, and no site and metric, may share a name."""
    seen = {metric.name: "a metric" for metric in world_metrics(())}
    for i in range(known.count("sites")):
        site = known.get("sites", i, "id")
        if not isinstance(site, str):
            continue
        if f"delay_{site}" in seen:
            where = seen[f"delay_{site}"]
            yield Mistake(("sites", i, "id"), f"given {show(site)}, wanted an id that is not taken ({where})")
        seen.setdefault(f"delay_{site}", show_path(("sites", i)))
    for plan in known.get("plans") or {}:
        if plan in RESERVED:
            yield Mistake(("plans", plan), f"given {show(plan)}, wanted another id: it names columns of results")


def shares(known: Known) -> Iterator[Mistake]:
    """Shares of one variance leave room for each other."""
    grid = ("drivers", "grid")
    national, regional = known.number(*grid, "national_share"), known.number(*grid, "regional_share")
    if national is not None and regional is not None and national + regional > 1:
        text = f"given {show(regional)}, wanted at most 1 less national_share ({show(national)})"
        yield Mistake((*grid, "regional_share"), text)
    silicon = ("drivers", "silicon")
    share, together = known.number(*silicon, "factor_share"), known.number(*silicon, "correlation")
    if share is not None and together is not None and not 2 * share - 1 <= together <= 1:
        text = f"given {show(together)}, wanted a number from 2 factor_share - 1 ({show(2 * share - 1)}) to 1"
        yield Mistake((*silicon, "correlation"), text)


def notes(known: Known) -> Iterator[Mistake]:
    """A note pays either a coupon or a margin, and is repaid after its issue, which the horizon holds."""
    months = known.number("months")
    for i in range(known.count("notes")):
        note = known.get("notes", i)
        if isinstance(note, dict) and ("coupon" in note) == ("margin" in note):
            given = "both coupon and margin" if "coupon" in note else "nothing"
            yield Mistake(("notes", i), f"given {given}, wanted either coupon or margin")
        issue, maturity = known.number("notes", i, "issue"), known.number("notes", i, "maturity")
        if issue is not None and maturity is not None and maturity <= issue:
            text = f"given {show(maturity)}, wanted a month after issue ({show(issue)})"
            yield Mistake(("notes", i, "maturity"), text)
        if issue is not None and months is not None and issue >= months:
            yield Mistake(("notes", i, "issue"), f"given {show(issue)}, wanted a month before months ({show(months)})")


def plans(known: Known) -> Iterator[Mistake]:
    """A plan scales a ladder that exists and pays its penalty within the horizon."""
    months = known.number("months")
    for plan in known.get("plans") or {}:
        amount = known.number("plans", plan, "notes")
        if amount is not None and known.get("notes") is not None and not known.count("notes"):
            yield Mistake(("plans", plan, "notes"), f"given {show(amount)}, wanted [[notes]] in the config to scale")
        liquidity = ("plans", plan, "liquidity")
        penalty, month = known.number(*liquidity, "penalty"), known.number(*liquidity, "penalty_month")
        if penalty and month is not None and months is not None and month >= months:
            text = f"given {show(month)}, wanted a month before months ({show(months)})"
            yield Mistake((*liquidity, "penalty_month"), text)


def metrics(known: Known) -> Iterator[Mistake]:
    """What is counted exists and is computed on every path."""
    start, months = known.get("start"), known.get("months")
    years = fiscal_years(start, months) if isinstance(start, str) and isinstance(months, int) else ()
    plan = {metric.name for metric in plan_metrics(years)}
    ids = [known.get("sites", i, "id") for i in range(known.count("sites"))]
    world = {metric.name for metric in world_metrics([site for site in ids if isinstance(site, str)])}
    wrong = list(_tally(known, plan, bool(years)))
    yield from wrong
    counted = None if wrong else {str(name) for name in known.get("metrics", "tally") or ()} | world
    yield from _events(known, counted)
    levels = known.get("metrics", "levels") or ()
    if len(set(map(str, levels))) < len(levels):
        yield Mistake(("metrics", "levels"), "given a level twice, wanted each once")


def _tally(known: Known, plan: set[str], dated: bool) -> Iterator[Mistake]:
    """`dated`: the horizon is known, and so the fiscal years with a metric of their own."""
    tally = known.get("metrics", "tally") or ()
    for i, name in enumerate(tally):
        here: KeyPath = ("metrics", "tally", i)
        if name in SAMPLE_ONLY:
            yield Mistake(
                here, f"given {show(name)}, wanted a metric of every path: it is computed for the sample only"
            )
        elif name in tally[:i]:
            yield Mistake(here, f"given {show(name)} again, wanted each metric once")
        elif isinstance(name, str) and name not in plan and (dated or not name.startswith("eps_fy")):
            yield Mistake(here, f"unknown metric {show(name)}, {nearest(name, sorted(plan - set(SAMPLE_ONLY)))}")


def _events(known: Known, counted: set[str] | None) -> Iterator[Mistake]:
    """`counted`: metrics that events may be about; None where they are not known."""
    labels: list[str] = []
    for i, text in enumerate(known.get("metrics", "events") or ()):
        event = parse_event(text) if isinstance(text, str) else None
        here: KeyPath = ("metrics", "events", i)
        if not isinstance(text, str):
            continue
        if event is None:
            yield Mistake(here, f'given {show(text)}, wanted an event metric, "metric < number" or "metric > number"')
        elif counted is not None and event.metric not in counted:
            near = nearest(event.metric, sorted(counted))
            yield Mistake(here, f"given {show(text)}, wanted a metric of the world or of metrics.tally: {near}")
        elif event.label in labels:
            yield Mistake(here, f"given {show(text)} again, wanted each event once")
        else:
            labels.append(event.label)


def size(known: Known) -> Iterator[Mistake]:
    """The simulation fits into memory; checked before any is taken."""
    months = known.number("months")
    if months is None:
        return
    needed = memory(
        months=int(months),
        sites=known.count("sites"),
        plans=len(known.get("plans") or {}),
        tally=known.count("metrics", "tally"),
    )
    if needed > MOST_MEMORY:
        given = f"about {needed / 1e9:.1f} GB of memory for {show(months)} months and these plans"
        yield Mistake(("months",), f"given {given}, wanted at most {MOST_MEMORY / 1e9:.0f} GB")
