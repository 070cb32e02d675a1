"""The report: one HTML file that needs nothing else, for a reader who was not there."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from simulator.errors import RunError
from simulator.report import (
    comparison_charts,
    convergence_section,
    debt_charts,
    explain_charts,
    explain_tables,
    fan_charts,
    page_tables,
    paired_table,
    quantile_charts,
    reverse_tables,
    stress_chart,
    tornado_chart,
    value_charts,
)
from simulator.report.canvas import DPI, Picture, drawing_style, missing_letters, png
from simulator.report.headline import conventions
from simulator.report.number_format import plain, slug
from simulator.report.report_data import EXPLAIN, REVERSE, ReportData, read_report_data
from simulator.report.templating import environment
from simulator.report.text_tables import convergence_sentences
from simulator.results.store import FIGURES, REPORT, RunFolder

__all__: list[str] = []  # used in this folder only


class _Section(NamedTuple):
    """A chapter of the report."""

    anchor: str
    title: str
    intro: str
    remarks: list[str]  # in place of pictures that would show nothing
    pictures: list[dict[str, Any]]
    tables: list[page_tables.Table]


def write_page(folder: Path) -> Path:
    """Draw every figure of a run and write figures/*.png and report.html; returns the path of the latter."""
    run = read_report_data(folder)
    with drawing_style():
        sections = [
            section
            for section in (*_sections(run), *_detail_sections(run))
            if section.remarks or section.pictures or section.tables
        ]
    page = (
        environment()
        .get_template("report.html")
        .render(
            run=run,
            sections=sections,
            headline=page_tables.headline_table(run),
            world=page_tables.world_table(run),
            verdicts=page_tables.verdicts(run),
            ranking=paired_table.tail_ranking(run),
            origin=page_tables.origin(run),
            conventions=conventions(run.summary),
            provenance=page_tables.provenance(run),
            summary=run.summary,
        )
    )
    RunFolder.reopen(folder).write(REPORT, page)
    return folder / REPORT


def _section(
    run: ReportData,
    anchor: str,
    title: str,
    intro: str,
    pictures: Iterable[Picture | str | None],
    tables: Iterable[page_tables.Table] = (),
) -> _Section:
    drawn = [picture for picture in pictures if picture is not None]
    remarks = [picture for picture in drawn if isinstance(picture, str)]
    shown = [_embedded(run.folder, picture) for picture in drawn if isinstance(picture, Picture)]
    return _Section(anchor, title, intro, remarks, shown, list(tables))


def _sections(run: ReportData) -> Iterator[_Section]:
    """The sections on all plans together."""
    section = partial(_section, run)
    yield section(
        "value",
        "Value at stake",
        "All plans are valued in the same worlds: a difference between two of them is not the luck of the draw.",
        (value_charts.npv_histograms(run), value_charts.exceedance_curves(run)),
    )
    comparison = paired_table.compare_with_first(run)
    if comparison is not None:
        yield section(
            "plans",
            "Plans compared",
            f"Differences path by path: each plan less the first in the same worlds. Means, shares of paths and regret "
            f"are from {comparison['pairs'][0]['mean']['n']:,} paths, the rest from the {comparison['n']:,} that were "
            "kept. VaR and CVaR are losses, so a difference below 0 is less risk.",
            comparison_charts.draw_comparison(comparison, run.plans),
            [paired_table.paired_table(run, comparison)],
        )
    yield section(
        "drivers",
        "What moves the result",
        "Inputs at their low and high values, one at a time; and whole worlds under stress.",
        ((_draw_result(tornado_chart.draw_tornado, run, "tornado"),) if run.tornado else ())
        + ((_draw_result(stress_chart.draw_stress, run, "stress"),) if run.stress else ()),
    )
    yield from _why_sections(run)
    yield section(
        "worlds",
        "The worlds",
        "What the programme is up against, drawn jointly for every path.",
        (quantile_charts.draw_delays(run), *fan_charts.draw_world_fans(run)),
    )
    yield section(
        "solvency",
        "Liquidity, covenants and idle capital",
        "Covenants are tested at quarter-ends after the programme's start-up; the first failed test is the breach.",
        (
            value_charts.survival_curves(run),
            quantile_charts.draw_waste(run, "idle_capital"),
            quantile_charts.draw_waste(run, "stranded_peak"),
        ),
    )
    yield section(
        "debt",
        "Debt against the assets it paid for",
        "What is owed beside what the compute in place is worth in use or resale, month by month; and income from "
        "leasing beside interest, of plans that let.",
        (picture for plan in run.plans for picture in debt_charts.draw_debt(run, plan)),
    )


def _why_sections(run: ReportData) -> Iterator[_Section]:
    """A section for each explanation of a tail, and one on the reverse stress test."""
    for result in run.explanations:
        with _made_by("explain", run.folder / EXPLAIN):
            section = _section(
                run,
                f"why-{slug(result['plan'])}-{slug(result['metric'])}-{slug(result['measure'])}",
                f"Why: {explain_charts.explanation_title(run, result)}",
                "",
                (*explain_charts.explanation_sentences(result), *explain_charts.draw_explanation(run, result)),
                explain_tables.explanation_tables(result),
            )
        yield section
    if run.reverse is not None:
        with _made_by("reverse", run.folder / REVERSE):
            plan = run.plans.get(run.reverse["plan"], run.reverse["plan"])
            section = _section(
                run,
                "reverse",
                f"Reverse stress: {plain(run.reverse['event'])}, {plain(plan, 40)}",
                "What would have to happen for it, what could have been watched before, and what would prevent it.",
                reverse_tables.reverse_sentences(run.reverse),
                reverse_tables.reverse_tables(run.reverse),
            )
        yield section


@contextmanager
def _made_by(verb: str, file: Path) -> Iterator[None]:
    """Raise RunError with the file's name where it holds something else than the verb writes."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise RunError(f"{file}: is not what {verb} writes ({error!r}); run the {verb} again") from error


def _detail_sections(run: ReportData) -> Iterator[_Section]:
    """A section a plan, then convergence and all figures of the world."""
    section = partial(_section, run)
    for plan, title in run.plans.items():
        pictures = (*fan_charts.draw_plan_fans(run, plan), quantile_charts.draw_earnings(run, plan))
        yield section(f"plan-{slug(plan)}", f"Plan: {title}", "", pictures, [page_tables.full_table(run, plan)])
    world = [page_tables.full_table(run, "world")] if run.summary.world else []
    yield section(
        "convergence",
        "Convergence",
        convergence_section.introduction(run),
        (*convergence_sentences(run.summary, 12), *convergence_section.draw_convergence(run)),
        convergence_section.convergence_tables(run),
    )
    yield section("figures", "All figures of the worlds", "", (), world)


def _embedded(folder: Path, picture: Picture) -> dict[str, Any]:
    """Write figures/<slug>.png; returns the picture with its source, width and height for the page."""
    data = png(picture.figure)
    RunFolder.reopen(folder).write(f"{FIGURES}/{slug(picture.slug)}.png", data)
    width, height = (round(inches * DPI) for inches in picture.figure.get_size_inches())
    source = "data:image/png;base64," + base64.b64encode(data).decode()
    letters = missing_letters(picture.figure)
    boxes = f" No font of this machine has the letters {letters}: boxes stand for them; the tables have them."
    caption = picture.caption + (boxes if letters else "")
    return {**picture._asdict(), "caption": caption, "source": source, "width": width, "height": height}


def _draw_result(draw: Callable[[Mapping[str, Any]], Picture], run: ReportData, name: str) -> Picture:
    """Draw the result of another verb; RunError if its file, which has no checksum, is none that the verb wrote."""
    with _made_by(name, run.folder / f"{name}.json"):
        return draw(getattr(run, name))
