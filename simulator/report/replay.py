"""A replayed path as plain text, at most 130 columns wide: where it stands, what happened, its years or months."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.report.numbers import number, percent, plain, quantity
from simulator.report.replay_rows import CAPITAL, LEGEND, MONEY, OPERATIONS, WORLD, table
from simulator.report.tables import stressed

_WIDE = 99
_PLACES = 1000  # that are worth telling
_COVENANTS = {"dscr": "DSCR", "fccr": "FCCR", "leverage": "leverage", "cash": "cash floor"}
_FIGURES = (
    "npv", "apv", "irr", "payback", "peak_funding", "min_cash", "shortfall_months", "shortfall_depth", "revolver_peak",
    "dscr_min", "fccr_min", "leverage_max", "breach_month", "refinancing_gap", "idle_cost", "stranded_peak",
    "write_offs", "lease_income", "cloud_cost", "equity_sold", "partner_npv", "guarantee", "exits",
)  # fmt: skip
_WORLD_FIGURES = (
    "generations", "paradigm_worst", "delay_mean", "latest_site", "eps", "price_mean", "price_min", "funding_mean",
)  # fmt: skip


def replay_text(found: Mapping[str, Any], monthly: bool = False) -> str:
    """All replayed paths; `found` is what simulator.replay returns."""
    lines = [
        f"{plain(found['title'], 60)}{stressed(found, ', ')}: {found['run']}, {found['paths']:,} paths, "
        f"seed {found['seed']}{'' if found['finished'] else ' (not finished)'}"
    ]
    if found["ranked_by"]:
        lines += textwrap.wrap(f"Shown, worst first: {found['chosen']}.", _WIDE)
    for change in found["changes"]:
        lines += textwrap.wrap(f"CHANGED: {change}", _WIDE)
    for one in found["replays"]:
        lines += ["", *_path(found, one, monthly)]
    return "\n".join(lines) + "\n"


def _path(found: Mapping[str, Any], one: Mapping[str, Any], monthly: bool) -> Iterator[str]:
    yield f"PATH {one['path']}"
    yield from textwrap.wrap(_kept(one), _WIDE)
    yield from _figures("World", one["world"]["metrics"], _WORLD_FIGURES, one["dates"])
    for plan, of in one["plans"].items():
        yield from _figures(f"Plan {plain(plan, 30)}", of["metrics"], (*_FIGURES, *found["ranked_by"]), one["dates"])
    yield ""
    yield "What happened"
    yield from events(one)
    yield ""
    yield "World, by " + ("month" if monthly else "year: mean price and r + s, sum of ads, the rest at the year's end")
    yield from table(WORLD, one["world"]["months"], one["dates"], monthly)
    yield "chips*: worth of chips bought at the start, share of cost; price, P12: USD/W-year; ads: USD bn"
    for plan, of in one["plans"].items():
        yield from _plan(plan, of, one["dates"], monthly)
    yield ""
    yield from LEGEND


def _plan(plan: str, of: Mapping[str, Any], dates: Sequence[str], monthly: bool) -> Iterator[str]:
    yield ""
    period = "month" if monthly else "year, levels at its end"
    yield f"Plan {plain(plan, 30)} ({plain(of['title'])}), USD bn by {period}"
    yield from table(OPERATIONS, of["months"], dates, monthly)
    yield ""
    yield from table(CAPITAL, of["months"], dates, monthly)
    yield ""
    yield from table(MONEY, of["months"], dates, monthly)
    limits = [f"{_COVENANTS[name]} {number(limit)}" for name, limit in of["covenants"].items()]
    if limits:
        least = "" if monthly else "least "
        yield f"{least}headroom at tests (below 0: fails) to {', '.join(limits)}"


def _kept(one: Mapping[str, Any]) -> str:
    """Whether this is what happened in the run."""
    if one["differs"]:
        more = f" and {len(one['differs']) - 1} more" if len(one["differs"]) > 1 else ""
        return f"NOT what the run stored: {one['differs'][0]}{more}."
    if one["stored_in"]:
        return f"Every figure equals, bit for bit, that in {' and '.join(one['stored_in'])}."
    return (
        "The run did not keep the figures of this path (the sample and the worst paths are kept); paths 0-255, "
        "simulated again, have the bits they had."
    )


def _figures(title: str, metrics: Mapping[str, Any], names: Sequence[str], dates: Sequence[str]) -> Iterator[str]:
    """Lines of an owner's figures that are not nothing, here and in the run."""
    paths = max([of["worse_than"]["n"] for of in metrics.values() if of["worse_than"]], default=0)
    yield ""
    yield f"{title:<50}{'value':>9}  {'median of the run':<30}worse than so many of {paths:,} paths"
    for name in dict.fromkeys(name for name in names if name in metrics):
        of = metrics[name]
        nothing = of["value"] == 0.0 and (of["median"] or {}).get("value") in (0.0, None) and of["kind"] != "event"
        same = name == "fccr_min" and of["value"] == metrics["dscr_min"]["value"]  # nothing but debt to serve
        if of["value"] is not None and not nothing and not same:
            unit = "" if of["kind"] in ("month", "rate", "event") or not of["unit"] else f", {of['unit']}"
            label = plain(of["title"], 48 - len(unit)) + unit
            value = _quantity(of["value"], of["kind"], dates)
            yield f"  {label:<48}{value:>9}  {_median(of, dates):<30}{_worse(of, paths)}".rstrip()


def _quantity(value: float, kind: str, dates: Sequence[str]) -> str:
    """A figure as everywhere, but months by their date."""
    if kind == "month" and 0 <= value < len(dates):
        return dates[int(value)]
    return quantity(value, kind, len(dates))


def _median(of: Mapping[str, Any], dates: Sequence[str]) -> str:
    """With its interval; of an event, how probable it is."""
    middle = (of["probability"] if of["kind"] == "event" else of["median"]) or {}
    if middle.get("value") is None:
        return str(middle.get("note", ""))
    value, low, high = (
        "" if middle[key] is None else _quantity(middle[key], of["kind"], dates) for key in ("value", "low", "high")
    )
    return value if "" in (low, high) else f"{value} ({low.removesuffix(' %')} to {high})"


def _worse(of: Mapping[str, Any], paths: int) -> str:
    """Share of paths that are less bad with its interval; the place among all, where it is high."""
    share = of["worse_than"]
    if share is None:
        return ""
    digits = 2 if share["value"] in (0.0, 1.0) or 0.0001 < share["value"] < 0.9999 else 4
    low, high = (percent(share[key], digits).removesuffix(" %") for key in ("low", "high"))
    text = f"{percent(share['value'], digits)} ({low} to {high})"
    if of["rank"] and of["rank"]["place"] <= _PLACES:
        of_all = "" if of["rank"]["of"] == share["n"] == paths else f" of {of['rank']['of']:,}"
        return f"{text}; no. {of['rank']['place']:,}{of_all}"
    return text if share["n"] == paths else f"{text} of {share['n']:,}"


def events(one: Mapping[str, Any]) -> Iterator[str]:
    """Events of the world and of the plans in one list; what happens alike to several plans is said once."""
    who: dict[tuple[int, str, str], list[str]] = {}
    for event in one["world"]["events"]:
        who.setdefault((event["month"], event["date"], event["text"]), [])
    for plan, of in one["plans"].items():
        for event in of["events"]:
            who.setdefault((event["month"], event["date"], event["text"]), []).append(plan)
    for (month, date, text), plans in sorted(who.items(), key=lambda item: item[0][0]):
        scope = ""
        if plans and len(one["plans"]) > 1:
            scope = "all plans: " if len(plans) == len(one["plans"]) else f"{', '.join(plans)}: "
        when = date if month < len(one["dates"]) else "later"
        yield from textwrap.wrap(f"{when:<9}{scope}{text}", _WIDE, subsequent_indent=" " * 9)
