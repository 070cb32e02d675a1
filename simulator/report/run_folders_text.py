"""The lists of runs, and the changes between two runs, that `simulator runs` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.report.headline import recorded_mean
from simulator.report.number_format import level_percent, plain
from simulator.report.text_tables import interval, shared_digits, table_line, value, wrapped
from simulator.risk.intervals import Figure

__all__ = ["diff_text", "listing_text", "pruned_text"]


_STATES = ("finished", "interrupted", "running", "broken")
_LONGEST = 60


def listing_text(rows: Sequence[Mapping[str, Any]], where: str) -> str:
    """Run folders, oldest first: two lines each, the second the first plan's NPV."""
    if not rows:
        return f"no runs in {where}\n"
    counts = [(sum(row["state"] == state for row in rows), state) for state in _STATES]
    states = ", ".join(f"{number} {state}" for number, state in counts if number)
    lines = [f"RUNS IN {where}: {states}"]
    lines += wrapped("Below each run NPV of its first plan, nominal USD bn, with 95 % intervals. Times are UTC.")
    for row in rows:
        begun = (row["started"] or "").replace("T", " ")[:16]
        paths = "" if row["paths"] is None else f"{row['paths']:,} paths"
        lines += ["", f"{plain(row['folder'], 200)}"]
        lines.append(f"  {begun:<17}{row['state']:<13}{paths:<22}{_seed(row)}{_digest(row)}".rstrip())
        lines += [f"  {line}" for line in _about(row)]
    return "\n".join(lines) + "\n"


def _seed(row: Mapping[str, Any]) -> str:
    return "" if row["seed"] is None else f"seed {row['seed']}  "


def _digest(row: Mapping[str, Any]) -> str:
    return "" if not row["digest"] else f"{str(row['digest'])[:12]}"


def _about(row: Mapping[str, Any]) -> Iterator[str]:
    if row["error"]:
        yield from wrapped(plain(row["error"], 300), 76)
    names = ", ".join(plain(plan, 20) for plan in row["plans"])
    stress = ", ".join(plain(name, 40) for name in row["stress"])
    about = f"{plain(row['name'] or 'unnamed', 40)}{' under stress: ' + stress if stress else ''}"
    stop = row["stop"] and f"; stopped by {row['stop']['rule']}"
    if row["name"]:
        yield from wrapped(f"{about}{': ' + names if names else ''}{stop or ''}", 76)
    for plan, npv in list(row["headline"].items())[:1]:
        mean, tail = recorded_mean(npv["mean"]), Figure.from_dict(npv["cvar"])
        text = f"{plain(plan, 20)}  mean {value(mean, 'amount')} ({interval(mean, 'amount')})"
        if npv["level"] is not None and tail.value is not None:
            level = level_percent(npv["level"])
            text += f"  CVaR {level} {value(tail, 'amount')} ({interval(tail, 'amount')})"
        yield text


def diff_text(diff: Mapping[str, Any]) -> str:
    """The changes between two runs (as `simulator runs diff --json` has them)."""
    lines = ["WHAT CHANGED FROM A TO B"]
    for tag in "ab":
        about = diff[tag]
        paths = "no" if about["paths"] is None else f"{about['paths']:,}"
        state = "" if about["finished"] else ", unfinished"
        lines += wrapped(f"{tag.upper()}: {about['run']}, {paths} paths, seed {about['seed']}{state}")
    if diff["same"]:
        lines += wrapped(f"The results are the same, bit for bit: digest {diff['a']['digest']}.")
    lines += _keys("config", diff["config"])
    lines += _keys("code and versions", diff["code"])
    lines += _keys("random numbers", diff["draws"])
    lines += _data(diff["data"])
    lines += _model(diff["model"])
    lines += _keys("machine (moves no result)", diff["machine"])
    if diff["plans"] is not None:
        for key, tag in (("only_a", "A"), ("only_b", "B")):
            if diff["plans"][key]:
                lines += wrapped(f"plans only in {tag}: {', '.join(plain(plan, 40) for plan in diff['plans'][key])}")
    return "\n".join([*lines, *_results(diff)]) + "\n"


def _keys(what: str, changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f"{what}: {'the same' if not changes else ''}".rstrip()
    for change in changes:
        yield from (
            f"  {line}"
            for line in wrapped(f"{change['key']}: {_json_text(change['a'])} -> {_json_text(change['b'])}", 77)
        )


def _json_text(value: Any) -> str:
    """A value in a line, cut short."""
    return "nothing" if value is None else plain(json.dumps(value, default=str, ensure_ascii=False), _LONGEST)


def _data(data: Mapping[str, Any]) -> Iterator[str]:
    if not data["known"]:
        yield "data: not known (a run by an older version keeps no checksums of its CSV columns)"
        return
    yield from _keys(
        "data", [{**change, **{tag: change[tag] and change[tag][:12] for tag in "ab"}} for change in data["changed"]]
    )


def _model(model: Mapping[str, Any]) -> Iterator[str]:
    if model["same"]:
        yield "numbers of the model: the same"
        return
    changed = model["changed"]
    number = len(changed) + model["more"]
    yield f"numbers of the model: {number} of its arrays differ" if number else "numbers of the model: the same"
    names = [plain(change["key"], 40) for change in changed]
    more = f" and {number - 12} more (--json has them)" if number > 12 else ""
    if names:
        yield from (f"  {line}" for line in wrapped(", ".join(names[:12]) + more, 77))


def _results(diff: Mapping[str, Any]) -> Iterator[str]:
    """Figures that differ: both, and the difference where it is paired."""
    results = diff["results"]
    if results is None:
        yield "results: an unfinished run has none"
        return
    moved = [result for result in results if not result["same"]]
    if diff["same"] or not moved:
        yield f"results: the same in {len(results)} figures"
        return
    yield f"results: {len(moved)} of {len(results)} figures differ"
    if diff["paired"]:
        ns = sorted({result["difference"]["n"] for result in moved if result["difference"]})
        seen = f"{ns[-1]:,}" if ns else "no"
        yield from wrapped(
            f"B less A is path by path, in the same worlds, from the {seen} first paths that both kept, with its 95 % "
            "interval. CVaR is a loss: a difference below 0 is less risk."
        )
    else:
        yield from wrapped(f"Not the same worlds, so no differences path by path: {diff['unpaired_because']}.")
    notes: list[str] = []
    for plan in dict.fromkeys(result["plan"] for result in moved):
        for result in (result for result in moved if result["plan"] == plan):
            unit = f", {result['unit']}" if result["unit"] and result["kind"] != "month" else ""
            lines = list(_result_lines(result, notes))
            if lines:
                yield from ("", f"{plain(plan, 24)}: {plain(result['title'], 60)}{unit}", *lines)
    if notes:
        yield ""
        yield from (f"[{i}] {note}" for i, note in enumerate(notes, 1))


def _result_lines(result: Mapping[str, Any], notes: list[str]) -> Iterator[str]:
    """The measures of a figure that a reader looks for first; --json has the rest."""
    kind = result["kind"]
    for name, path in _measures(result):
        sides = [Figure.from_dict(_at(result[tag], path)) for tag in "ab"]
        if sides[0] == sides[1] or all(side.value is None and side.note == sides[0].note for side in sides):
            continue
        digits = shared_digits(sides, kind)
        yield f"  {name}"
        for tag, side in zip("AB", sides, strict=True):
            yield table_line(f"    {tag}", kind, side, notes, digits)
        moved = result["difference"]
        if moved is not None:
            where = ("mean",) if path == ("probability",) else path
            change = Figure.from_dict(_at(moved, where))
            if change.value is not None:
                yield table_line("    B less A", kind, change, notes)


def _measures(result: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    if "probability" in result["a"]:
        yield "probability", ("probability",)
        return
    if result["kind"] == "month":
        yield "median", ("quantiles", "0.5")
    else:
        yield "mean", ("mean",)
    if result["metric"] == "npv":
        for level in result["a"]["cvar"]:
            if level in result["b"]["cvar"]:
                yield f"CVaR {level_percent(level)}", ("cvar", level)


def _at(entry: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = entry
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def pruned_text(gone: Sequence[Mapping[str, Any]], kept: Sequence[Mapping[str, Any]], removed: bool) -> str:
    """The runs that go, or went, with their bytes, and the chosen runs that stay."""
    lines = [f"{_bytes(row['bytes']):>10}  {row['state']:<12} {plain(row['folder'], 200)}" for row in gone]
    lines += [f"     stays  {row['state']:<12} {plain(row['folder'], 200)}: {row['reason']}" for row in kept]
    total = _bytes(sum(row["bytes"] for row in gone))
    runs = f"{len(gone)} run{'' if len(gone) == 1 else 's'}"
    what = f"{runs} removed, {total} freed" if removed else f"{runs} would go, {total}"
    return "\n".join([*lines, what if removed or not gone else f"{what}; --yes removes them"]) + "\n"


def _bytes(size: int) -> str:
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
