"""The report of a run folder: complete, self-contained, and safe against names made to break it."""

from __future__ import annotations

import base64
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from simulator import report
from simulator.errors import RunError
from simulator.report import tornado_chart
from simulator.report.report_data import read_report_data
from simulator.report.value_charts import clopper_pearson, unbreached
from simulator.results.store import RunFolder, open_run
from simulator.risk.intervals import proportion_interval
from simulator.risk.summary import RunSummary
from tests.report_run import MONTHS, TORNADO, write_run

HOSTILE = "<script>alert(1)</script> $\\frac & \"' {{ 7*7 }}"
PLANS = {"own": "Own, with notes", "deferred": "Deferred chips"}


class Page(HTMLParser):
    """Tags, images and headings of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.images: list[dict[str, str]] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.anchors.add(attributes.get("id", ""))
        if tag == "img":
            self.images.append(attributes)
        if tag == "a":
            self.links.append(attributes["href"])


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("run") / "flagship", PLANS)
    return folder, report.build(folder).read_text()


def test_report_is_written_where_it_says(built):
    folder, _ = built
    assert report.build(folder) == folder / "report.html"


def test_page_needs_nothing_from_outside(built):
    _, text = built
    page = Page(text)
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.images)
    assert not re.findall(r"(?:url\(|@import|https?://)", text)
    assert all(link.removeprefix("#") in page.anchors for link in page.links)


def test_every_image_has_words_and_a_file(built):
    folder, text = built
    page = Page(text)
    files = {path.read_bytes() for path in (folder / "figures").glob("*.png")}
    shown = [base64.b64decode(image["src"].partition(",")[2]) for image in page.images]
    assert len(shown) == len(files) == 25
    assert set(shown) == files
    assert all(len(image["alt"]) > 40 for image in page.images)


def test_report_holds_the_chapters_of_a_committee(built):
    _, text = built
    for words in ("VaR 95", "CVaR 95", "d" * 64, "Clopper", "P(npv &lt; 0)", "too few tail paths", *PLANS.values()):
        assert words in text


def test_plans_are_compared_and_debt_is_set_beside_assets(built):
    _, text = built
    page = Page(text)
    assert {"plans", "debt"} <= page.anchors
    assert "less that of Own, with notes" in text
    words = [image["alt"] for image in page.images if "notes and revolver" in image["alt"]]
    assert len(words) == len([image for image in page.images if "lease income" in image["alt"]]) == len(PLANS)
    assert "notes and revolver in Dec 2028 32.4" in words[0]  # the medians of tests.report_run, 30 + 10 x 29/119


def test_a_run_without_series_of_leases_leaves_their_charts_out(built, tmp_path):
    folder = shutil.copytree(built[0], tmp_path / "run")
    stored = open_run(folder)
    series = stored.series()
    kept = ~np.isin(series["series"].astype(str), ["own.lease", "deferred.lease"])
    again = RunFolder.reopen(folder)
    again.write_table("series.parquet", {name: column[kept] for name, column in series.items()})
    again.write_manifest({"name": "flagship"})
    assert "lease income" not in report.build(folder).read_text()


def test_equal_runs_give_equal_reports(built, tmp_path):
    _, text = built
    assert report.build(write_run(tmp_path / "flagship", PLANS)).read_text() == text


def test_hostile_names_are_shown_not_obeyed(tmp_path):
    folder = write_run(tmp_path / "run", {"own": HOSTILE}, title=HOSTILE)
    text = report.build(folder).read_text()
    assert "script" not in Page(text).tags
    assert "<script>alert" not in text
    assert "{{ 7*7 }}" in text
    assert {path.name for path in tmp_path.iterdir()} == {"run"}


def test_names_in_other_scripts_do_no_harm(tmp_path):
    text = report.build(
        write_run(tmp_path / "run", {"own": "計画 \N{ROCKET}\n\x07" + "x" * 500}, title="Žluťoučký")
    ).read_text()
    assert "Žluťoučký" in text
    assert "x" * 100 not in re.sub(r"<pre.*</pre>", "", text, flags=re.DOTALL)


def test_parts_that_a_run_did_not_make_are_left_out(tmp_path):
    folder = write_run(tmp_path / "run", {"own": "Own"}, tornado=False)
    (folder / "series.parquet").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    RunFolder.reopen(folder).write_manifest({"name": manifest["name"]})
    page = Page(report.build(folder).read_text())
    assert "drivers" not in page.anchors
    assert len(page.images) == 7


@pytest.mark.parametrize("name", ["manifest.json", "summary.json", "sample.parquet", "series.parquet", "config.toml"])
def test_missing_and_damaged_parts_are_named(built, tmp_path, name):
    missing = shutil.copytree(built[0], tmp_path / "missing")
    (missing / name).unlink()
    with pytest.raises(RunError, match=re.escape(name)):
        report.build(missing)
    damaged = shutil.copytree(built[0], tmp_path / "damaged")
    (damaged / name).write_text("{")
    with pytest.raises(RunError, match=re.escape(name)):
        report.build(damaged)


@pytest.mark.parametrize("content", ["{", "[]", '{"bars": 1}'])
def test_damaged_tornado_says_what_to_do(built, tmp_path, content):
    folder = shutil.copytree(built[0], tmp_path / "run")
    (folder / "tornado.json").write_text(content)
    with pytest.raises(RunError, match=r"tornado\.json.*run the tornado again"):
        report.build(folder)


def test_a_run_that_never_varies_can_be_drawn(tmp_path):
    folder = write_run(tmp_path / "run", {"own": "Own"})
    sample = open_run(folder).sample()
    stored = RunFolder.reopen(folder)
    stored.write_table("sample.parquet", {name: np.zeros_like(values) for name, values in sample.items()})
    stored.write_manifest({"name": "flagship"})
    assert report.build(folder).exists()


def test_tornado_figure_is_a_png():
    assert report.tornado_figure(TORNADO).startswith(b"\x89PNG")


def test_the_tornado_alone_is_the_tornado_of_the_report(tmp_path):
    folder = write_run(tmp_path / "run", {"own": "Own"})
    report.build(folder)
    assert (folder / "figures" / "tornado.png").read_bytes() == report.tornado_figure(TORNADO)


def test_the_chart_shows_fifteen_bars_and_one_of_every_driver_that_moves():
    names = [f"programme.cost{k}" for k in range(30)] + ["drivers.price.spot0", "drivers.price.kappa"]
    bars = [{"input": name, "delta_low": 40.0 - k, "delta_high": 0.0} for k, name in enumerate(names)]
    bars.append({"input": "drivers.funding.rate_mean", "delta_low": 0.0, "delta_high": 0.0})
    shown = [bar["input"] for bar in tornado_chart._shown_bars(bars)]
    assert len(shown) >= 15
    assert shown[:-1] == names[: len(shown) - 1]
    assert shown[-1] == "drivers.price.spot0"


def test_tornado_without_bars_or_errors_can_be_drawn():
    report.tornado_figure({**TORNADO, "bars": []})
    bar = {"input": "drivers.grid.queue", "low": None, "high": "LN(36)", "delta_low": None, "delta_high": 3.0}
    report.tornado_figure({**TORNADO, "base": None, "bars": [bar]})


def test_unbreached_counts_months_before_the_breach():
    share, low, high = unbreached(np.array([0.0, 2.0, 2.0, 4.0]), 4)
    assert share.tolist() == [1.0, 0.75, 0.75, 0.25, 0.25]
    assert (low <= share).all()
    assert (high >= share).all()


def test_clopper_pearson_matches_the_published_example():
    # 0 of n: upper end 1 - .025^(1/n); 10 of 100: .0490, .1762 (tables of exact limits)
    low, high = clopper_pearson(np.array([0.0, 10.0, 100.0]), 100)
    np.testing.assert_allclose(low, [0, 0.0490, 0.025 ** (1 / 100)], atol=5e-5)
    np.testing.assert_allclose(high, [1 - 0.025 ** (1 / 100), 0.1762, 1], atol=5e-5)
    np.testing.assert_array_equal(np.stack([low, high]).T, [proportion_interval(hits, 100) for hits in (0, 10, 100)])


def test_fan_and_breach_axes_know_the_horizon(built):
    run = read_report_data(Path(built[0]))
    assert run.months == MONTHS
    assert run.first_year == 2026.5
    assert RunSummary.from_dict(json.loads((run.folder / "summary.json").read_text())) == run.summary
