"""A replayed path as plain text, at most 130 columns wide: percentile ranks, events, its years or months."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.report.number_format import number, percent, plain, quantity
from simulator.report.replay_tables import CAPITAL, LEGEND, MONEY, OPERATIONS, WORLD, replay_table
from simulator.report.text_tables import stress_suffix

__all__ = ["replay_text"]


_WIDE = 99
_PLACES = 1000  # lowest rank that is shown
_COVENANTS = {"dscr": "DSCR", "fccr": "FCCR", "leverage": "leverage", "cash": "cash floor"}
_FIGURES = (
    "npv", "apv", "irr", "payback", "peak_funding", "min_cash", "shortfall_months", "shortfall_depth", "revolver_peak",
    "dscr_min", "fccr_min", "leverage_max", "breach_month", "refinancing_gap", "idle_cost", "stranded_peak",
    "write_offs", "lease_income", "cloud_cost", "equity_sold", "partner_npv", "guarantee", "exits",
)  # fmt: skip
_WORLD_FIGURES = (
    "generations", "paradigm_worst", "delay_mean", "latest_site", "eps", "price_mean", "price_min", "funding_mean",
)  # fmt: skip


def replay_text(replay: Mapping[str, Any], monthly: bool = False) -> str:
    """All replayed paths of a `replay`, as simulator.replay returns it."""
    lines = [
        f"{plain(replay['title'], 60)}{stress_suffix(replay.get('stress'), ', ')}: {replay['run']}, "
        f"{replay['paths']:,} paths, seed {replay['seed']}{'' if replay['finished'] else ' (not finished)'}"
    ]
    if replay["ranked_by"]:
        lines += textwrap.wrap(f"Shown, worst first: {replay['chosen']}.", _WIDE)
    for change in replay["changes"]:
        lines += textwrap.wrap(f"CHANGED: {change}", _WIDE)
    for path in replay["replays"]:
        lines += ["", *_path_lines(replay, path, monthly)]
    return "\n".join(lines) + "\n"


def _path_lines(replay: Mapping[str, Any], path: Mapping[str, Any], monthly: bool) -> Iterator[str]:
    yield f"PATH {path['path']}"
    yield from textwrap.wrap(_stored_sentence(path), _WIDE)
    yield from _figures("World", path["world"]["metrics"], _WORLD_FIGURES, path["dates"])
    for plan, entry in path["plans"].items():
        yield from _figures(
            f"Plan {plain(plan, 30)}", entry["metrics"], (*_FIGURES, *replay["ranked_by"]), path["dates"]
        )
    yield ""
    yield "What happened"
    yield from _event_lines(path)
    yield ""
    yield "World, by " + ("month" if monthly else "year: mean price and r + s, sum of ads, the rest at the year's end")
    yield from replay_table(WORLD, path["world"]["months"], path["dates"], monthly)
    yield "chips*: worth of chips bought at the start, share of cost; price, P12: USD/W-year; ads: USD bn"
    for plan, entry in path["plans"].items():
        yield from _plan(plan, entry, path["dates"], monthly)
    yield ""
    yield from LEGEND


def _plan(plan: str, entry: Mapping[str, Any], dates: Sequence[str], monthly: bool) -> Iterator[str]:
    yield ""
    period = "month" if monthly else "year, levels at its end"
    yield f"Plan {plain(plan, 30)} ({plain(entry['title'])}), USD bn by {period}"
    yield from replay_table(OPERATIONS, entry["months"], dates, monthly)
    yield ""
    yield from replay_table(CAPITAL, entry["months"], dates, monthly)
    yield ""
    yield from replay_table(MONEY, entry["months"], dates, monthly)
    limits = [f"{_COVENANTS[name]} {number(limit)}" for name, limit in entry["covenants"].items()]
    if limits:
        least = "" if monthly else "least "
        yield f"{least}headroom at tests (below 0: fails) to {', '.join(limits)}"


def _stored_sentence(path: Mapping[str, Any]) -> str:
    """A sentence on the agreement of the replay with the figures that the run stored."""
    if path["differs"]:
        more = f" and {len(path['differs']) - 1} more" if len(path["differs"]) > 1 else ""
        return f"NOT what the run stored: {path['differs'][0]}{more}."
    if path["stored_in"]:
        return f"Every figure equals, bit for bit, that in {' and '.join(path['stored_in'])}."
    return (
        "The run did not keep the figures of this path (the sample and the worst paths are kept); paths 0-255, "
        "simulated again, have the bits they had."
    )


def _figures(title: str, metrics: Mapping[str, Any], names: Sequence[str], dates: Sequence[str]) -> Iterator[str]:
    """Lines of the figures of a scope, but for those that are zero here and at the median of the run."""
    paths = max([metric["worse_than"]["n"] for metric in metrics.values() if metric["worse_than"]], default=0)
    yield ""
    yield f"{title:<50}{'value':>9}  {'median of the run':<30}worse than so many of {paths:,} paths"
    for name in dict.fromkeys(name for name in names if name in metrics):
        metric = metrics[name]
        nothing = (
            metric["value"] == 0.0
            and (metric["median"] or {}).get("value") in (0.0, None)
            and metric["kind"] != "event"
        )
        same = name == "fccr_min" and metric["value"] == metrics["dscr_min"]["value"]  # nothing but debt to serve
        if metric["value"] is not None and not nothing and not same:
            unit = "" if metric["kind"] in ("month", "rate", "event") or not metric["unit"] else f", {metric['unit']}"
            label = plain(metric["title"], 48 - len(unit)) + unit
            value = _quantity(metric["value"], metric["kind"], dates)
            yield f"  {label:<48}{value:>9}  {_median(metric, dates):<30}{_worse(metric, paths)}".rstrip()


def _quantity(value: float, kind: str, dates: Sequence[str]) -> str:
    """A figure as everywhere, but months by their date."""
    if kind == "month" and 0 <= value < len(dates):
        return dates[int(value)]
    return quantity(value, kind, len(dates))


def _median(metric: Mapping[str, Any], dates: Sequence[str]) -> str:
    """With its interval; of an event, how probable it is."""
    middle = (metric["probability"] if metric["kind"] == "event" else metric["median"]) or {}
    if middle.get("value") is None:
        return str(middle.get("note", ""))
    value, low, high = (
        "" if middle[key] is None else _quantity(middle[key], metric["kind"], dates) for key in ("value", "low", "high")
    )
    return value if "" in (low, high) else f"{value} ({low.removesuffix(' %')} to {high})"


def _worse(metric: Mapping[str, Any], paths: int) -> str:
    """Share of paths that are less bad with its interval; the place among all, where it is high."""
    share = metric["worse_than"]
    if share is None:
        return ""
    digits = 2 if share["value"] in (0.0, 1.0) or 0.0001 < share["value"] < 0.9999 else 4
    low, high = (percent(share[key], digits).removesuffix(" %") for key in ("low", "high"))
    text = f"{percent(share['value'], digits)} ({low} to {high})"
    if metric["rank"] and metric["rank"]["place"] <= _PLACES:
        of_all = "" if metric["rank"]["of"] == share["n"] == paths else f" of {metric['rank']['of']:,}"
        return f"{text}; no. {metric['rank']['place']:,}{of_all}"
    return text if share["n"] == paths else f"{text} of {share['n']:,}"


def _event_lines(path: Mapping[str, Any]) -> Iterator[str]:
    """Events of the world and of the plans in one list; what happens alike to several plans is said once."""
    who: dict[tuple[int, str, str], list[str]] = {}
    for event in path["world"]["events"]:
        who.setdefault((event["month"], event["date"], event["text"]), [])
    for plan, entry in path["plans"].items():
        for event in entry["events"]:
            who.setdefault((event["month"], event["date"], event["text"]), []).append(plan)
    for (month, date, text), plans in sorted(who.items(), key=lambda item: item[0][0]):
        scope = ""
        if plans and len(path["plans"]) > 1:
            scope = "all plans: " if len(plans) == len(path["plans"]) else f"{', '.join(plans)}: "
        when = date if month < len(path["dates"]) else "later"
        yield from textwrap.wrap(f"{when:<9}{scope}{text}", _WIDE, subsequent_indent=" " * 9)
