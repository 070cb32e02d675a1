"""Replay: the bits of the run, which paths, and what is refused."""

from __future__ import annotations

import json
import math
from functools import partial

import numpy as np
import pyarrow.parquet as pq
import pytest

from simulator.analyses.replay import replay as replaying
from simulator.analyses.replay import replayed_path, selection
from simulator.analyses.replay.narrative import story
from simulator.analyses.replay.percentile_rank import Standing
from simulator.analyses.replay.replay import replay
from simulator.config import freeze, load
from simulator.config.stress_files import find_sets
from simulator.engine import continuity, scenario_samples, simulation, thread_pool
from simulator.engine.interrupt import Stop
from simulator.errors import ConfigError, RunError
from simulator.results import store
from simulator.results.sample import SAMPLE_PATHS
from simulator.results.store import open_run
from tests.resumable import run, small_tasks, stopped
from tests.smoke import SMOKE

LONG = SAMPLE_PATHS + 1_500  # more than the sample keeps, and a last block that is short
SHORTER = ("months=36",)
STRESSED = partial(load, SMOKE, (), find_sets(["ai_winter"]))


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    """A run of more paths than its sample has."""
    out = tmp_path_factory.mktemp("runs") / "long"
    return run(out, LONG, config=load(SMOKE, SHORTER), threads=2, checkpoint=60.0).path


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A run of a few paths."""
    return run(tmp_path_factory.mktemp("runs") / "short", 1_500).path


def bits(x):
    """The bits of a number as it went through JSON; undefined is undefined, whatever its bits."""
    return None if x is None or math.isnan(x) else float(x).hex() + str(math.copysign(1.0, x))


def stored(folder, name, path):
    """A row of a file of a run, by column."""
    file = pq.read_table(folder / name)
    at = int(np.flatnonzero(file["path"].to_numpy() == path)[0])
    return {key: file[key][at].as_py() for key in file.column_names if key != "path"}


def same_as_stored(folder, found, name):
    found = json.loads(json.dumps(found))
    for one in found["replays"]:
        told = {f"{plan}.{metric}": of["value"] for plan, of_plan in one["plans"].items()
                for metric, of in of_plan["metrics"].items()}  # fmt: skip
        told |= {f"world.{metric}": of["value"] for metric, of in one["world"]["metrics"].items()}
        kept = stored(folder, name, one["path"])
        assert told.keys() == kept.keys()
        assert {key: bits(x) for key, x in told.items()} == {key: bits(x) for key, x in kept.items()}
        assert name in one["stored_in"]


def test_paths_of_the_sample_have_its_bits(long):
    same_as_stored(long, replay(long, [0, 5, 255, 256, 16_384, SAMPLE_PATHS - 1]), store.SAMPLE)


def test_worst_paths_have_the_bits_of_the_tail(long):
    tail = pq.read_table(long / store.TAIL)["path"].to_numpy()
    beyond = tail[tail >= SAMPLE_PATHS]
    last_block = beyond[beyond >= LONG // 1024 * 1024]
    assert beyond.size > 5
    assert last_block.size > 0
    asked = [int(path) for path in (tail[0], *beyond[:3], last_block[-1])]
    found = replay(long, asked)
    same_as_stored(long, found, store.TAIL)
    assert found["replays"][1]["stored_in"] == [store.TAIL]
    assert found["replays"][1]["plans"]["own"]["metrics"]["irr"]["value"] is None  # beyond the sample it is not found


def test_a_path_that_was_not_kept_is_what_a_longer_run_keeps(tmp_path, long):
    tail = set(pq.read_table(long / store.TAIL)["path"].to_pylist())
    path = next(k for k in range(SAMPLE_PATHS, LONG) if k not in tail)
    [one] = replay(long, [path], plans=["jv"])["replays"]
    assert one["stored_in"] == []
    of = freeze(load(SMOKE, SHORTER))
    column = next(column for column in simulation.make_job(of).columns if column.name == "jv.npv")
    lanes = thread_pool.BlockSimulator(of.model, 512).simulate(1, thread_pool.Task(path - 300, 400))[column.row]
    assert one["plans"]["jv"]["metrics"]["npv"]["value"] == lanes[300]


def test_stressed_and_resumed_runs_replay(tmp_path):
    out = run(tmp_path / "stressed", 1_100, config=STRESSED()).path
    found = replay(out, [0, 1_099])
    assert found["stress"] == ["ai_winter"]
    same_as_stored(out, found, store.SAMPLE)
    with small_tasks(1_024):
        stopped(tmp_path / "resumed", 2_500)
        out = run(tmp_path / "resumed", 2_500, resume=True).path
    assert open_run(out).summary["resumed_at"] == [1_024]
    same_as_stored(out, replay(out, [1_023, 1_024, 2_499]), store.SAMPLE)


def test_the_worst_paths_are_the_worst_of_all(long):
    """Against every path, simulated here; ties cannot matter: no two are alike."""
    of = freeze(load(SMOKE, SHORTER))
    columns = {column.name: column.row for column in simulation.make_job(of).columns}
    with Stop() as stop:
        own, cash = scenario_samples.figures(of.model, [columns["own.npv"], columns["own.min_cash"]], 1, LONG, stop)
    found = replay(long, worst=3, plans=["own"], metric="npv")
    worst = np.argsort(own)[:3]
    assert [one["path"] for one in found["replays"]] == worst.tolist()
    assert found["chosen"] == f"the 3 worst paths by own.npv, of all {LONG:,} paths"
    for place, one in enumerate(found["replays"], 1):
        npv, floor = (one["plans"]["own"]["metrics"][name] for name in ("npv", "min_cash"))
        assert npv["rank"] == {"place": place, "of": LONG}
        sampled = own[:SAMPLE_PATHS]
        assert npv["worse_than"]["value"] == (sampled > npv["value"]).mean()
        assert npv["worse_than"]["n"] == SAMPLE_PATHS
        worse = int((cash < floor["value"]).sum())
        alone = int((cash == floor["value"]).sum()) == 1
        assert floor["rank"] == ({"place": 1 + worse, "of": LONG} if worse < 1000 and alone else None)


def test_what_only_the_sample_ranks_says_so(long):
    found = replay(long, worst=2, plans=["own"], metric="roic")
    sample = open_run(long).sample(["own.roic"])["own.roic"]
    assert [one["path"] for one in found["replays"]] == np.lexsort((np.arange(sample.size), sample))[:2].tolist()
    assert found["chosen"].endswith(f"of the first {SAMPLE_PATHS:,} of {LONG:,} paths only")
    delays = open_run(long).sample(["world.delay_second"])["world.delay_second"]
    found = replay(long, worst=1, metric="delay_second")
    assert found["replays"][0]["path"] == int(np.argmax(delays))  # of a delay, high is bad


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"paths": [1_500]}, "--path: given 1500, wanted 0 to 1499: the run has 1,500 paths, from 0 on"),
        ({"paths": [3, -1]}, "--path: given -1, wanted 0 to 1499: the run has 1,500 paths, from 0 on"),
        ({}, "--path: given none, wanted a path of the run, or --worst K"),
        ({"worst": 0}, "--worst: given 0, wanted at least 1"),
        ({"worst": 2, "paths": [1]}, "--worst: given with --path, wanted one of them"),
        ({"worst": 1_501}, "--worst: given 1,501, wanted at most 1,500: no more paths can be ranked"),
        ({"worst": 1, "plans": ["owm"]}, "--plan: given owm, did you mean own?"),
        ({"worst": 1, "plans": ["x"]}, "--plan: given x, wanted one of own, jv, hybrid"),
        ({"worst": 1, "metric": "npw"}, "--metric: given npw, did you mean npv?"),
        ({"worst": 1, "plans": ["jv"], "metric": "dscr_min"},
         "--metric: given dscr_min, which is undefined on every path of jv"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(short, asked, said):
    with pytest.raises(ConfigError) as caught:
        replay(short, **asked)
    assert caught.value.mistakes == [said]


def test_a_broken_run_is_refused_by_name(tmp_path):
    out = run(tmp_path / "run", 300).path
    whole = (out / store.MODEL).read_bytes()
    (out / store.MODEL).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(RunError, match=r"model.npz: was changed after the run wrote it"):
        replay(out, [1])
    (out / store.MODEL).write_bytes(whole[:-9])
    with pytest.raises(RunError, match=r"model.npz: missing or cut short"):
        replay(out, [1])
    with pytest.raises(RunError, match="given no run folder"):
        replay(tmp_path, [1])


def test_another_program_is_refused_unless_accepted(short, monkeypatch):
    monkeypatch.setattr(continuity, "code_hash", lambda: "f" * 64)
    with pytest.raises(ConfigError, match=r"code: given ffffffffffff, the run began with .*\n--accept-changes replays"):
        replay(short, [1])
    found = replay(short, [1], accept_changes=True)
    assert "code: given ffffffffffff" in found["changes"][0]
    assert found["replays"][0]["differs"] == []


def test_other_bits_are_refused_unless_accepted(short, monkeypatch):
    real = simulation.pilot
    moved = lambda job: np.nextafter(real(job), np.inf)  # noqa: E731
    monkeypatch.setattr(selection.simulation, "pilot", moved)
    with pytest.raises(ConfigError, match=r"paths 0-255 come out with other bits: path 0 has world\.generations"):
        replay(short, [1])
    assert "other bits" in replay(short, [1], accept_changes=True)["changes"][0]


def test_a_figure_with_other_bits_is_named(short, monkeypatch):
    real = replayed_path.draw

    def moved(*given):
        path = real(*given)
        path.figures[:] = np.nextafter(path.figures, np.inf)
        return path

    monkeypatch.setattr(replaying, "draw", moved)
    with pytest.raises(RunError, match=r"path 7: world.generations is .*, in tail.parquet|path 7: .* sample.parquet"):
        replay(short, [7])
    [one] = replay(short, [7], accept_changes=True)["replays"]
    assert any(line.startswith("own.npv is ") for line in one["differs"])


def test_an_unfinished_run_can_be_replayed_but_not_ranked(tmp_path):
    out = tmp_path / "run"
    with small_tasks(1_024):
        stopped(out, 4_000)
    found = replay(out, [3_999, 3])
    assert not found["finished"]
    assert [one["stored_in"] for one in found["replays"]] == [[], []]
    assert found["replays"][0]["plans"]["own"]["metrics"]["npv"]["rank"] is None
    with pytest.raises(RunError, match=r"given an unfinished run \(1,024 of 4,000 paths\)"):
        replay(out, worst=1)


def test_a_run_that_ends_at_a_path_says_how_to_see_it(tmp_path, monkeypatch):
    out, bad = tmp_path / "run", "path 1700: own.irr is inf, wanted a finite number (seed 1)"
    monkeypatch.setattr(simulation.Check, "__call__", partial(_refuse, bad, 1_700))
    with small_tasks(1_024), pytest.raises(RunError) as caught:
        run(out, 4_000)
    assert str(caught.value).splitlines() == [
        bad,
        f"1,024 paths are kept: the same command with --out {out} --resume goes on from there.",
        f"simulator replay {out} --path 1700 shows what happened on that path.",
    ]
    assert replay(out, [1_700])["replays"][0]["plans"]["own"]["events"]
    monkeypatch.setattr(simulation.Check, "__call__", partial(_refuse, bad, 0))
    with small_tasks(1_024), pytest.raises(RunError) as caught:
        run(tmp_path / "nothing", 4_000)
    assert "simulator replay" not in str(caught.value)  # nothing was committed


def _refuse(said, path, first, figures):
    if first <= path < first + figures.shape[1]:
        raise RunError(said)


def test_a_path_that_ended_its_run_can_be_told(short):
    """Infinite revenue: figures and months that are no numbers are null, and the rest is told."""
    of = selection.opened(short, False)
    arpu = of.job.model.arpu._replace(revenue0_by_month=of.job.model.arpu.revenue0_by_month * np.inf)
    path = replayed_path.draw(of.job.model._replace(arpu=arpu), list(of.names.plans), 1, 3)
    told = story(path, of.names, Standing(of.run, of.names.columns, {3: path.figures}), ["own"])
    assert json.loads(json.dumps(told, allow_nan=False))["plans"]["own"]["metrics"]["npv"]["value"] is None
    assert any(event["kind"] == "power" for event in told["world"]["events"])
    assert any(line.startswith("own.npv is ") for line in told["differs"])


def test_replay_is_part_of_the_package(short):
    import simulator

    [one] = simulator.replay(str(short), [4], plans=["jv"])["replays"]
    assert list(one["plans"]) == ["jv"]
    assert one["dates"][:2] == ["2026-07", "2026-08"]
    assert all(len(row) == 60 for row in one["plans"]["jv"]["months"].values())
    assert one["plans"]["jv"]["units"].keys() == one["plans"]["jv"]["months"].keys()
