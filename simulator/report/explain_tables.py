"""Tables of an explanation: profile, stories, drivers held, value of information, and a validator's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.report.number_format import number, plain
from simulator.report.page_tables import Cell, Table, figure_cell, typeset
from simulator.report.text_tables import interval, measure_name, value
from simulator.risk.intervals import Figure

__all__: list[str] = []  # used in this folder only

_ROWS = 12  # of a table of drivers


def explanation_tables(result: Mapping[str, Any]) -> list[Table]:
    """Tables of profile, stories, held drivers, worth of information, and those for a validator."""
    tables = [_profile_table(result), _story_table(result), _held_table(result), _interaction_table(result)]
    if result["information"]:
        tables.append(_information_table(result))
    tables.append(_budget_table(result))
    return [*tables, _sobol_table(result), _importance_table(result)]


def _kind(result: Mapping[str, Any]) -> str:
    return "event" if result["kind"] == "event" else "amount"


def _profile_table(result: Mapping[str, Any]) -> Table:
    rows: list[tuple[str | Cell, ...]] = []
    for entry in result["profile"][:_ROWS]:
        shift = Figure.from_dict(entry["shift"])
        unit = f", {entry['unit']}" if entry["unit"] else ""
        cells = [
            Cell(
                typeset(number(entry[where]["q50"])),
                typeset(f"{number(entry[where]['q05'])} to {number(entry[where]['q95'])}"),
                "",
            )
            for where in ("inside", "overall")
        ]
        bounds = f"{number(shift.low, 2)} to {number(shift.high, 2)}"
        rows.append((f"{entry['title']}{unit}", *cells, Cell(typeset(number(shift.value, 2)), typeset(bounds), "")))
    return Table(
        f"Drivers in {result['tail']['words']}: median, below it the 5 % and 95 % quantiles; shift of the mean in "
        "standard deviations, below it the 95 % interval",
        ("driver", "in the tail", "all worlds", "shift"),
        rows,
    )


def _story_table(result: Mapping[str, Any]) -> Table:
    stories, kind = result["stories"], _kind(result)
    plans = list(stories[0]["plans"])
    rows: list[tuple[str | Cell, ...]] = []
    for story in stories:
        share = Figure.from_dict(story["share"])
        cells = [figure_cell(Figure.from_dict(story["plans"][plan]), kind) for plan in plans]
        size = Cell(typeset(value(share, "event")), typeset(interval(share, "event")), "")
        rows.append((typeset(story["sentence"]), size, str(story["representative"]), *cells))
    head = "Groups of the" if len(stories) > 1 else "No grouping stands out among the"
    return Table(
        f"{head} worst {stories[0]['of']:,} paths, a path to replay, and {plain(result['metric'])} of every plan in "
        "the same worlds",
        ("what sets them apart", "share", "path", *(plain(plan, 30) for plan in plans)),
        rows,
    )


def _information_table(result: Mapping[str, Any]) -> Table:
    information = result["information"]
    shown = [*information["drivers"][:_ROWS], {"title": "Everything", "worth": information["everything"]}]
    rows: list[tuple[str | Cell, ...]] = [
        (entry["title"], figure_cell(Figure.from_dict(entry["worth"]), "amount")) for entry in shown
    ]
    return Table(
        f"What knowing a driver is worth before a plan is chosen by its mean {plain(result['metric'])}: "
        f"{result['unit']}; best without knowing: {plain(information['best'], 40)}",
        ("driver", "worth"),
        rows,
    )


def _sobol_table(result: Mapping[str, Any]) -> Table:
    rows: list[tuple[str | Cell, ...]] = [
        (
            group["title"],
            *(figure_cell(Figure.from_dict(group[name]), "rate") for name in ("sobol_first", "sobol_total")),
        )
        for group in sorted(result["attribution"]["groups"], key=lambda g: -(g["sobol_total"]["value"] or 0.0))
    ]
    return Table("For the validator: Sobol indices of the variance", ("drivers", "first", "total"), rows)


def _importance_table(result: Mapping[str, Any]) -> Table:
    rows: list[tuple[str | Cell, ...]] = [
        (entry["title"], *(figure_cell(Figure.from_dict(entry[name]), "rate") for name in ("eta2", "delta")))
        for entry in result["importance"][:_ROWS]
    ]
    return Table(
        "For the validator: importance of single drivers in the sample, less what chance would show",
        ("driver", "share of the variance by itself", "Borgonovo's delta"),
        rows,
    )


def _held_table(result: Mapping[str, Any]) -> Table:
    rows: list[tuple[str | Cell, ...]] = []
    for bar in result["held"]["bars"]:
        cells = []
        for name in ("p10", "p50", "p90"):
            change = figure_cell(Figure.from_dict(bar[name]["change"]), _kind(result))
            cells.append(change)
        ends = " to ".join(typeset(number(bar[name]["value"])) for name in ("p10", "p90"))
        rows.append((Cell(bar["title"], ends, ""), *cells))
    return Table(
        "One driver held at a time at its p10, p50 and p90 (below its name p10 and p90): paired change of "
        f"{measure_name(result['measure'], result['metric'])}",
        ("driver", "p10", "p50", "p90"),
        rows,
    )


def _interaction_table(result: Mapping[str, Any]) -> Table:
    kind = _kind(result)
    corners = ("p10 p10", "p10 p90", "p90 p10", "p90 p90")
    rows: list[tuple[str | Cell, ...]] = [
        (
            f"{pair['first']} x {pair['second']}",
            *(figure_cell(Figure.from_dict(pair["corners"][corner]), kind) for corner in corners),
            figure_cell(Figure.from_dict(pair["interaction"]), kind),
        )
        for pair in sorted(result["held"]["interactions"], key=lambda pair: -abs(pair["interaction"]["value"] or 0.0))
    ]
    return Table(
        "Two drivers held together: paired change at each pair of ends, and what they do beyond the sum of both",
        ("drivers", *corners, "together"),
        rows,
    )


def _budget_table(result: Mapping[str, Any]) -> Table:
    budget, kind = result["budget"], _kind(result)
    rows: list[tuple[str | Cell, ...]] = [
        ("Chance in the worlds: the risk itself", figure_cell(Figure(budget["path_randomness"], None, None), kind)),
        (f"Sampling, {budget['paths']:,} paths", figure_cell(Figure(budget["sampling"], None, None), kind)),
    ]
    if budget["parameters"] is not None:
        low, middle, high = (typeset(value(Figure(end, None, None), kind)) for end in budget["range"])
        rows.append(
            (f"{budget['numbers']} judged parameters", figure_cell(Figure.from_dict(budget["parameters"]), kind))
        )
        rows.append(
            (f"5 %, 50 % and 95 % quantile over {budget['sets']} sets of parameters", f"{low}, {middle}, {high}")
        )
    return Table(
        f"Error budget of {measure_name(result['measure'], result['metric'])}, standard deviations",
        ("part", "size"),
        rows,
    )
