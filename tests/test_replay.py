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
from simulator.analyses.replay.narrative import narrate
from simulator.analyses.replay.percentile_rank import PercentileRanks
from simulator.analyses.replay.replay import replay
from simulator.config import freeze, load
from simulator.config.stress_files import find_sets
from simulator.engine import continuity, scenario_samples, simulation, thread_pool
from simulator.engine.interrupt import Stop
from simulator.errors import ConfigError, RunError
from simulator.kernel import SAMPLE_PATHS
from simulator.results import store
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


def same_as_stored(folder, result, name):
    result = json.loads(json.dumps(result))
    for path_entry in result["replays"]:
        replayed = {f"{plan}.{metric}": figure["value"] for plan, entry in path_entry["plans"].items()
                    for metric, figure in entry["metrics"].items()}  # fmt: skip
        replayed |= {f"world.{metric}": figure["value"] for metric, figure in path_entry["world"]["metrics"].items()}
        kept = stored(folder, name, path_entry["path"])
        assert replayed.keys() == kept.keys()
        assert {key: bits(x) for key, x in replayed.items()} == {key: bits(x) for key, x in kept.items()}
        assert name in path_entry["stored_in"]


def test_paths_of_the_sample_have_its_bits(long):
    same_as_stored(long, replay(long, [0, 5, 255, 256, 16_384, SAMPLE_PATHS - 1]), store.SAMPLE)


def test_worst_paths_have_the_bits_of_the_tail(long):
    tail = pq.read_table(long / store.TAIL)["path"].to_numpy()
    beyond = tail[tail >= SAMPLE_PATHS]
    last_block = beyond[beyond >= LONG // 1024 * 1024]
    assert beyond.size > 5
    assert last_block.size > 0
    paths = [int(path) for path in (tail[0], *beyond[:3], last_block[-1])]
    result = replay(long, paths)
    same_as_stored(long, result, store.TAIL)
    assert result["replays"][1]["stored_in"] == [store.TAIL]
    assert result["replays"][1]["plans"]["own"]["metrics"]["irr"]["value"] is None  # beyond the sample it is not found


def test_a_path_that_was_not_kept_is_what_a_longer_run_keeps(tmp_path, long):
    tail = set(pq.read_table(long / store.TAIL)["path"].to_pylist())
    path = next(k for k in range(SAMPLE_PATHS, LONG) if k not in tail)
    [path_entry] = replay(long, [path], plans=["jv"])["replays"]
    assert path_entry["stored_in"] == []
    frozen = freeze(load(SMOKE, SHORTER))
    column = next(column for column in simulation.make_job(frozen).columns if column.name == "jv.npv")
    lanes = thread_pool.BlockSimulator(frozen.model, 512).simulate(1, thread_pool.Task(path - 300, 400))[column.row]
    assert path_entry["plans"]["jv"]["metrics"]["npv"]["value"] == lanes[300]


def test_stressed_and_resumed_runs_replay(tmp_path):
    out = run(tmp_path / "stressed", 1_100, config=STRESSED()).path
    result = replay(out, [0, 1_099])
    assert result["stress"] == ["ai_winter"]
    same_as_stored(out, result, store.SAMPLE)
    with small_tasks(1_024):
        stopped(tmp_path / "resumed", 2_500)
        out = run(tmp_path / "resumed", 2_500, resume=True).path
    assert open_run(out).summary["resumed_at"] == [1_024]
    same_as_stored(out, replay(out, [1_023, 1_024, 2_499]), store.SAMPLE)


def test_the_worst_paths_are_the_worst_of_all(long):
    """Against every path, simulated here; ties cannot matter: no two are alike."""
    frozen = freeze(load(SMOKE, SHORTER))
    columns = {column.name: column.row for column in simulation.make_job(frozen).columns}
    with Stop() as stop:
        own, cash = scenario_samples.figures(frozen.model, [columns["own.npv"], columns["own.min_cash"]], 1, LONG, stop)
    result = replay(long, worst=3, plans=["own"], metric="npv")
    worst = np.argsort(own)[:3]
    assert [path_entry["path"] for path_entry in result["replays"]] == worst.tolist()
    assert result["chosen"] == f"the 3 worst paths by own.npv, of all {LONG:,} paths"
    for place, path_entry in enumerate(result["replays"], 1):
        npv, floor = (path_entry["plans"]["own"]["metrics"][name] for name in ("npv", "min_cash"))
        assert npv["rank"] == {"place": place, "of": LONG}
        sampled = own[:SAMPLE_PATHS]
        assert npv["worse_than"]["value"] == (sampled > npv["value"]).mean()
        assert npv["worse_than"]["n"] == SAMPLE_PATHS
        worse = int((cash < floor["value"]).sum())
        alone = int((cash == floor["value"]).sum()) == 1
        assert floor["rank"] == ({"place": 1 + worse, "of": LONG} if worse < 1000 and alone else None)


def test_what_only_the_sample_ranks_says_so(long):
    result = replay(long, worst=2, plans=["own"], metric="roic")
    sample = open_run(long).sample(["own.roic"])["own.roic"]
    assert [path_entry["path"] for path_entry in result["replays"]] == np.lexsort((np.arange(sample.size), sample))[
        :2
    ].tolist()
    assert result["chosen"].endswith(f"of the first {SAMPLE_PATHS:,} of {LONG:,} paths only")
    delays = open_run(long).sample(["world.delay_second"])["world.delay_second"]
    result = replay(long, worst=1, metric="delay_second")
    assert result["replays"][0]["path"] == int(np.argmax(delays))  # of a delay, high is bad


@pytest.mark.parametrize(
    ("arguments", "message"),
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
def test_bad_input_is_refused(short, arguments, message):
    with pytest.raises(ConfigError) as caught:
        replay(short, **arguments)
    assert caught.value.mistakes == [message]


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
    result = replay(short, [1], accept_changes=True)
    assert "code: given ffffffffffff" in result["changes"][0]
    assert result["replays"][0]["differs"] == []


def test_other_bits_are_refused_unless_accepted(short, monkeypatch):
    real = simulation.simulate_canary
    moved = lambda job: np.nextafter(real(job), np.inf)  # noqa: E731
    monkeypatch.setattr(selection.simulation, "simulate_canary", moved)
    with pytest.raises(ConfigError, match=r"paths 0-255 come out with other bits: path 0 has world\.generations"):
        replay(short, [1])
    assert "other bits" in replay(short, [1], accept_changes=True)["changes"][0]


def test_a_figure_with_other_bits_is_named(short, monkeypatch):
    real = replayed_path.replay_path

    def moved(*arguments):
        path = real(*arguments)
        path.figures[:] = np.nextafter(path.figures, np.inf)
        return path

    monkeypatch.setattr(replaying, "replay_path", moved)
    with pytest.raises(RunError, match=r"path 7: world.generations is .*, in tail.parquet|path 7: .* sample.parquet"):
        replay(short, [7])
    [path_entry] = replay(short, [7], accept_changes=True)["replays"]
    assert any(line.startswith("own.npv is ") for line in path_entry["differs"])


def test_an_unfinished_run_can_be_replayed_but_not_ranked(tmp_path):
    out = tmp_path / "run"
    with small_tasks(1_024):
        stopped(out, 4_000)
    result = replay(out, [3_999, 3])
    assert not result["finished"]
    assert [path_entry["stored_in"] for path_entry in result["replays"]] == [[], []]
    assert result["replays"][0]["plans"]["own"]["metrics"]["npv"]["rank"] is None
    with pytest.raises(RunError, match=r"given an unfinished run \(1,024 of 4,000 paths\)"):
        replay(out, worst=1)


def test_a_run_that_ends_at_a_path_says_how_to_see_it(tmp_path, monkeypatch):
    out, bad = tmp_path / "run", "path 1700: own.irr is inf, wanted a finite number (seed 1)"
    monkeypatch.setattr(simulation._FigureCheck, "__call__", partial(_refuse, bad, 1_700))
    with small_tasks(1_024), pytest.raises(RunError) as caught:
        run(out, 4_000)
    assert str(caught.value).splitlines() == [
        bad,
        f"1,024 paths are kept: the same command with --out {out} --resume goes on from there.",
        f"simulator replay {out} --path 1700 shows what happened on that path.",
    ]
    assert replay(out, [1_700])["replays"][0]["plans"]["own"]["events"]
    monkeypatch.setattr(simulation._FigureCheck, "__call__", partial(_refuse, bad, 0))
    with small_tasks(1_024), pytest.raises(RunError) as caught:
        run(tmp_path / "nothing", 4_000)
    assert "simulator replay" not in str(caught.value)  # nothing was committed


def _refuse(message, path, first, figures):
    if first <= path < first + figures.shape[1]:
        raise RunError(message)


def test_a_path_that_ended_its_run_can_be_told(short):
    """Infinite revenue: figures and months that are no numbers are null, and the rest is told."""
    opened = selection.open_for_replay(short, False)
    arpu = opened.job.model.arpu._replace(revenue0_by_month=opened.job.model.arpu.revenue0_by_month * np.inf)
    path = replayed_path.replay_path(opened.job.model._replace(arpu=arpu), list(opened.names.plans), 1, 3)
    narrative = narrate(
        path, opened.names, PercentileRanks(opened.run, opened.names.columns, {3: path.figures}), ["own"]
    )
    assert json.loads(json.dumps(narrative, allow_nan=False))["plans"]["own"]["metrics"]["npv"]["value"] is None
    assert any(event["kind"] == "power" for event in narrative["world"]["events"])
    assert any(line.startswith("own.npv is ") for line in narrative["differs"])


def test_replay_is_part_of_the_package(short):
    import simulator

    [path_entry] = simulator.replay(str(short), [4], plans=["jv"])["replays"]
    assert list(path_entry["plans"]) == ["jv"]
    assert path_entry["dates"][:2] == ["2026-07", "2026-08"]
    assert all(len(row) == 60 for row in path_entry["plans"]["jv"]["months"].values())
    assert path_entry["plans"]["jv"]["units"].keys() == path_entry["plans"]["jv"]["months"].keys()
