"""The report: one HTML file that needs nothing else, for a reader who was not there."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from simulator.report import comparison, convergence, debt, detail, distributions, fans, plans, stress, tornado, value
from simulator.report.canvas import DPI, Picture, png, style
from simulator.report.headline import conventions
from simulator.report.numbers import slug
from simulator.report.run import Run, read_run
from simulator.report.tables import not_shrinking
from simulator.report.templating import environment
from simulator.results.store import FIGURES, REPORT, RunFolder


class Section(NamedTuple):
    """A chapter of the report."""

    anchor: str
    title: str
    intro: str
    remarks: list[str]  # in place of pictures that would show nothing
    pictures: list[dict[str, Any]]
    tables: list[detail.Table]


def write_page(folder: Path) -> Path:
    """Draw every figure of a run and write figures/*.png and report.html; returns the path of the latter."""
    run = read_run(folder)
    with style():
        sections = [section for section in _sections(run) if section.remarks or section.pictures or section.tables]
    page = (
        environment()
        .get_template("report.html")
        .render(
            run=run,
            sections=sections,
            headline=detail.headline_table(run),
            verdicts=detail.verdicts(run),
            ranking=plans.tail_ranking(run),
            origin=detail.origin(run),
            conventions=conventions(run.summary),
            provenance=detail.provenance(run),
            summary=run.summary,
        )
    )
    RunFolder.reopen(folder).write(REPORT, page)
    return folder / REPORT


def _chapter(
    run: Run,
    anchor: str,
    title: str,
    intro: str,
    pictures: Iterable[Picture | str | None],
    tables: Iterable[detail.Table] = (),
) -> Section:
    drawn = [picture for picture in pictures if picture is not None]
    remarks = [picture for picture in drawn if isinstance(picture, str)]
    shown = [_embedded(run.folder, picture) for picture in drawn if isinstance(picture, Picture)]
    return Section(anchor, title, intro, remarks, shown, list(tables))


def _sections(run: Run) -> Iterator[Section]:
    chapter = partial(_chapter, run)
    yield chapter(
        "value",
        "Value at stake",
        "All plans are valued in the same worlds: a difference between two of them is not the luck of the draw.",
        (value.distribution(run), value.exceedance(run)),
    )
    found = plans.compared(run)
    if found is not None:
        yield chapter(
            "plans",
            "Plans compared",
            f"Differences path by path: each plan less the first in the same worlds. Means, shares of paths and regret "
            f"are from {found['pairs'][0]['mean']['n']:,} paths, the rest from the {found['n']:,} that were kept. VaR "
            "and CVaR are losses, so a difference below 0 is less risk.",
            comparison.pictures(found, run.plans),
            [plans.paired_table(run, found)],
        )
    yield chapter(
        "drivers",
        "What moves the result",
        "Inputs at their low and high values, one at a time; and whole worlds under stress.",
        ((tornado.draw(run.tornado),) if run.tornado else ()) + ((stress.draw(run.stress),) if run.stress else ()),
    )
    yield chapter(
        "worlds",
        "The worlds",
        "What the programme is up against, drawn jointly for every path.",
        (distributions.delays(run), *fans.world_fans(run)),
    )
    yield chapter(
        "solvency",
        "Liquidity, covenants and idle capital",
        "Covenants are tested at quarter-ends after the programme's start-up; the first failed test is the breach.",
        (value.survival(run), distributions.waste(run, "idle_capital"), distributions.waste(run, "stranded_peak")),
    )
    yield chapter(
        "debt",
        "Debt against the assets it paid for",
        "What is owed beside what the compute in place is worth in use or resale, month by month; and income from "
        "letting beside interest, of plans that let.",
        (picture for plan in run.plans for picture in debt.charts(run, plan)),
    )
    for plan, title in run.plans.items():
        pictures = (*fans.plan_fans(run, plan), distributions.earnings(run, plan))
        yield chapter(f"plan-{slug(plan)}", f"Plan: {title}", "", pictures, [detail.full_table(run, plan)])
    world = [detail.full_table(run, "world")] if run.summary.get("world") else []
    yield chapter(
        "convergence",
        "Convergence",
        convergence.intro(run),
        (*not_shrinking(run.summary, 12), *convergence.pictures(run)),
        convergence.tables(run),
    )
    yield chapter("figures", "All figures of the worlds", "", (), world)


def _embedded(folder: Path, picture: Picture) -> dict[str, Any]:
    """Write figures/<slug>.png; returns what the page needs to show the same bytes."""
    data = png(picture.figure)
    RunFolder.reopen(folder).write(f"{FIGURES}/{slug(picture.slug)}.png", data)
    width, height = (round(inches * DPI) for inches in picture.figure.get_size_inches())
    source = "data:image/png;base64," + base64.b64encode(data).decode()
    return {**picture._asdict(), "source": source, "width": width, "height": height}
