"""The text of an explanation, as `simulator explain` prints it, about 80 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.report.number_format import number, plain
from simulator.report.text_tables import measure_name, table_line, value, wrapped
from simulator.risk.intervals import Figure

__all__ = ["explain_text", "waterfall_steps"]

_SHOWN = 12  # drivers of the profile that are printed
_ENDS = ("p10", "p90")
_WORTH = 5  # drivers whose value of information is printed


def explain_text(result: Mapping[str, Any]) -> str:
    """The ranked answer: sentences, the profile, attribution to drivers, cash-flow lines and stories."""
    notes: list[str] = []
    figure = Figure.from_dict(result["figure"])
    unit = f", {result['unit']}" if result["unit"] else ""
    subject = f"{_subject(result)}{unit}, plan {plain(result['plan'], 30)}"
    kind = "event" if result["kind"] == "event" else "amount"
    tail = result["tail"]
    lines = [
        *wrapped(f"WHY: {subject}: {value(figure, kind)}, from the {tail['of']:,} paths of the sample."),
        *wrapped(f"The tail is {tail['words']}: {tail['paths']:,} paths. Intervals are of 95 %."),
    ]
    for sentence in result["sentences"]:
        lines += ["", *wrapped(sentence)]
    lines += ["", *_profile(result, notes), "", *_attribution(result, notes)]
    lines += ["", *_held(result, notes)]
    if result["lines"]:
        lines += ["", *_cash_lines(result, notes)]
    lines += ["", *_stories(result)]
    if result["information"]:
        lines += ["", *_information(result, notes)]
    lines += ["", *_budget(result)]
    if notes:
        lines += ["", *(f"[{i}] {note}" for i, note in enumerate(notes, 1))]
    for change in result["changes"]:
        lines += ["", *wrapped(f"Not as when the run was made: {change}")]
    return "\n".join(lines) + "\n"


def _subject(result: Mapping[str, Any]) -> str:
    if result["measure"] == "probability":
        return f"probability of {plain(result['metric'])}"
    return measure_name(result["measure"], result["metric"])


def _profile(result: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    yield "What the tail has in common: medians inside and overall, shift of the mean"
    yield f"  {'driver':<38}{'inside':>9}{'overall':>9}{'shift, sd':>11}  95 % interval"
    for entry in result["profile"][:_SHOWN]:
        shift = Figure.from_dict(entry["shift"])
        inside, overall = number(entry["inside"]["q50"]), number(entry["overall"]["q50"])
        low, high = number(shift.low, 2), number(shift.high, 2)
        yield f"  {plain(entry['title'], 37):<38}{inside:>9}{overall:>9}{number(shift.value, 2):>11}  {low} to {high}"
    left = len(result["profile"]) - _SHOWN
    if left > 0:
        yield f"  ... and {left} more (explain.json has all)"


def _attribution(result: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    attribution = result["attribution"]
    kind = "event" if result["kind"] == "event" else "amount"
    yield from wrapped(
        f"What it is made of: Shapley parts of groups of drivers, {attribution['paths']:,} paths for each coalition"
    )
    yield f"{'  share of the variance':<46}{'value':>10}   95 % interval"
    for group in sorted(attribution["groups"], key=lambda group: -(group["variance_share"]["value"] or 0.0)):
        yield table_line(f"    {group['title']}", "rate", Figure.from_dict(group["variance_share"]), notes)
    yield f"  from every driver at its median to the {'probability' if kind == 'event' else 'mean'}"
    yield table_line("    every driver at its median", kind, Figure(attribution["median_world"], None, None), notes)
    for group in _by_size(attribution["groups"], "mean"):
        yield table_line(f"    + {group['title']}", kind, Figure.from_dict(group["mean"]), notes)
    total = "probability" if kind == "event" else "mean"
    yield table_line(f"    = {total}", kind, Figure.from_dict(attribution["mean"]), notes)
    if attribution["tail"] is not None:
        yield f"  from the mean to {_tail_name(result)}"
        for group in _by_size(attribution["groups"], "tail"):
            yield table_line(f"    + {group['title']}", kind, Figure.from_dict(group["tail"]), notes)
        yield table_line(f"    = {_tail_name(result)}", kind, Figure.from_dict(attribution["tail"]), notes)
    if attribution["idle"]:
        yield from wrapped(f"  No effect on any of {attribution['probed']} paths: {', '.join(attribution['idle'])}.")


def _tail_name(result: Mapping[str, Any]) -> str:
    """The name of a tail measure in the metric's own sign."""
    what = "mean" if result["measure"].startswith("cvar") else "edge"
    level = 100 - float(result["measure"].lstrip("cvar"))
    return f"{what} of the worst {level:.6g} %"


def _by_size(groups: list[Mapping[str, Any]], part: str) -> list[Mapping[str, Any]]:
    return sorted(groups, key=lambda group: -abs(group[part]["value"] or 0.0))


def waterfall_steps(result: Mapping[str, Any]) -> list[tuple[str, Figure, bool]]:
    """Steps from the median world to the mean and to the tail: title, figure, and whether it is a level."""
    attribution = result["attribution"]
    steps = [("every driver at its median", Figure(attribution["median_world"], None, None), True)]
    steps += [(g["title"], Figure.from_dict(g["mean"]), False) for g in _by_size(attribution["groups"], "mean")]
    name = "probability" if result["kind"] == "event" else "mean"
    steps.append((name, Figure.from_dict(attribution["mean"]), True))
    if attribution["tail"] is not None:
        steps += [(g["title"], Figure.from_dict(g["tail"]), False) for g in _by_size(attribution["groups"], "tail")]
        steps.append((_tail_name(result), Figure.from_dict(attribution["tail"]), True))
    return steps


def _held(result: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    held = result["held"]
    kind = "event" if result["kind"] == "event" else "amount"
    yield from wrapped(
        f"Drivers held one at a time at their p10, p50 and p90, the others free: change of {_subject(result)}, paired"
    )
    still = [bar["title"] for bar in held["bars"] if all(not bar[name]["change"]["value"] for name in _ENDS)]
    for bar in held["bars"]:
        if bar["title"] in still:
            continue
        for name, title in zip(("p10", "p50", "p90"), (bar["title"], "", ""), strict=True):
            label = f"    {plain(title, 29):<30}{number(bar[name]['value']):>8}"
            yield table_line(label, kind, Figure.from_dict(bar[name]["change"]), notes)
    if still:
        yield from wrapped(f"  No effect: {', '.join(still)}.")
    if held["interactions"]:
        yield "  beyond the sum of both, from p10 to p90"
    for pair in sorted(held["interactions"], key=lambda pair: -abs(pair["interaction"]["value"] or 0.0)):
        label = f"    {plain(pair['first'], 40)} x"
        yield label
        yield table_line(f"      {plain(pair['second'], 38)}", kind, Figure.from_dict(pair["interaction"]), notes)


def _cash_lines(result: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    lines = result["lines"]
    yield "Cash-flow lines, present value, USD bn (they add up to npv)"
    yield f"  {'line':<34}{'in the tail':>13}{'all worlds':>13}{'difference':>13}"
    for line in [*lines["lines"], {"title": "npv", **lines["npv"]}]:
        inside, overall = line["tail"]["value"], line["all"]["value"]
        cells = (number(inside, 1), number(overall, 1), number(inside - overall, 1))
        yield f"  {line['title']:<34}" + "".join(f"{cell:>13}" for cell in cells)


def _stories(result: Mapping[str, Any]) -> Iterator[str]:
    stories = result["stories"]
    yield from wrapped(
        f"The worst {stories[0]['of']:,} paths "
        + (f"in {len(stories)} groups" if len(stories) > 1 else "are one cloud: no grouping stands out")
    )
    named = f"P({result['metric']})" if result["kind"] == "event" else plain(result["metric"])
    for story in stories:
        share = Figure.from_dict(story["share"])
        head = f"{value(share, 'event')} of them, as path {story['representative']}: " if len(stories) > 1 else ""
        yield from (f"  {line}" for line in wrapped(head + story["sentence"], 76))
        others = ", ".join(
            f"{plain(plan, 20)} {value(Figure.from_dict(figure), 'event' if result['kind'] == 'event' else 'amount')}"
            for plan, figure in story["plans"].items()
        )
        if others:
            yield from (f"    {line}" for line in wrapped(f"{named} in the same worlds: {others}.", 74))
    yield f"  replay one: simulator replay RUN --path {stories[0]['representative']}"


def _information(result: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    information = result["information"]
    yield from wrapped(
        f"What knowing a driver is worth before a plan is chosen by its mean {plain(result['metric'])} (best without: "
        f"{plain(information['best'], 30)}), {result['unit']}"
    )
    for entry in information["drivers"][:_WORTH]:
        yield table_line(f"    {plain(entry['title'], 40)}", "amount", Figure.from_dict(entry["worth"]), notes)
    yield table_line("    knowing everything", "amount", Figure.from_dict(information["everything"]), notes)


def _budget(result: Mapping[str, Any]) -> Iterator[str]:
    budget = result["budget"]
    kind = "event" if result["kind"] == "event" else "amount"
    yield from wrapped(f"Error budget of {_subject(result)}, standard deviations")
    rows = [
        ("chance in the worlds (the risk itself)", Figure(budget["path_randomness"], None, None)),
        (f"sampling, {budget['paths']:,} paths", Figure(budget["sampling"], None, None)),
    ]
    if budget["parameters"] is not None:
        rows.append((f"{budget['numbers']} judged parameters", Figure.from_dict(budget["parameters"])))
    for label, figure in rows:
        yield table_line(f"    {label}", kind, figure, [])
    if budget["range"] is not None:
        low, middle, high = (value(Figure(end, None, None), kind) for end in budget["range"])
        yield from wrapped(
            f"  Over {budget['sets']} sets of parameters, {budget['inner_paths']:,} paths each, the figure lies "
            f"between {low} and {high} in nine of ten (median {middle})."
        )
