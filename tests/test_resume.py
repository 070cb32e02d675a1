"""Checkpoint and resume: any interruption ends with the bits of an uninterrupted run; anything changed is refused."""

from __future__ import annotations

import json
import pickle
import signal
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from simulator import kernel, pipeline
from simulator.config import freeze, load
from simulator.engine import checkpoint, continuity, simulation, thread_pool
from simulator.engine.simulation import make_job
from simulator.errors import ConfigError, Interrupted, RunError
from simulator.results import store
from simulator.results.store import RunFolder, open_any, open_run
from simulator.results.tree import flatten, rebuild
from tests.resumable import committed_paths, run, same, small_tasks, stopped
from tests.smoke import SMOKE

TASK = 2048
PATHS = 5 * TASK + 1500


@pytest.fixture(scope="module", autouse=True)
def _small():
    with small_tasks(TASK):
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run that nothing disturbs."""
    return run(tmp_path_factory.mktemp("runs") / "whole", PATHS, checkpoint=60.0)


@pytest.fixture
def half(tmp_path):
    """The folder of a run that was interrupted."""
    stopped(tmp_path / "half", PATHS)
    return tmp_path / "half"


def refusal(folder, **options):
    """Return the message of a refused run and check that its folder is unchanged."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises((ConfigError, RunError)) as caught:
        run(folder, resume=True, **options)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    return str(caught.value)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_a_state_and_says_how_to_go_on(whole, tmp_path, signum):
    said = stopped(tmp_path / "run", PATHS, 2, signum)
    at = committed_paths(tmp_path / "run")
    assert said.signum == signum
    assert str(said) == (
        f"stopped after {at:,} of {PATHS:,} paths; {at:,} paths are kept: "
        f"the same command with --out {tmp_path / 'run'} --resume goes on from there."
    )
    assert at % 1024 == 0
    done = run(tmp_path / "run", resume=True)
    assert done.summary["resumed_at"] == done.manifest["resumed_at"] == [at]
    same(done, whole)


def test_interrupted_again_and_again_on_any_threads(whole, tmp_path):
    out, stood = tmp_path / "run", []
    for k in count():
        try:
            stopped(out, PATHS, 1, threads=1 + k % 3, resume=k > 0)
        except AssertionError:  # it was not interrupted any more
            break
        stood.append(committed_paths(out))
    assert stood == sorted(stood)
    assert len(set(stood)) >= 3
    done = open_run(out)
    assert done.summary["resumed_at"] == stood
    same(done, whole)


@pytest.mark.parametrize("task", range(1, 7))
def test_a_signal_at_any_task(whole, tmp_path, task):
    """The last whole task and the short block among them: what is said to be finished has every path."""
    out = tmp_path / "run"
    try:
        stopped(out, PATHS, task, checkpoint=60.0)
    except AssertionError:  # it came with the last path: nothing was left to interrupt
        assert task == 6
    else:
        assert not open_any(out).finished
    same(run(out, PATHS, resume=True), whole)


def test_the_sample_may_be_complete_or_not(tmp_path, monkeypatch):
    """A sample of 4,096 paths: complete in the state, it is kept as it is; otherwise its paths are simulated again."""
    writer = checkpoint.SampleWriter
    monkeypatch.setattr(checkpoint, "SampleWriter", lambda folder, columns: writer(folder, columns, 2 * TASK))
    monkeypatch.setattr(simulation, "SAMPLE_PATHS", 2 * TASK)
    done = run(tmp_path / "whole", PATHS)
    seen = set()
    for tasks in (1, 3):
        out = tmp_path / f"after{tasks}"
        stopped(out, PATHS, tasks, checkpoint=60.0 if tasks == 3 else 0.0)
        seen.add(open_any(out).manifest["state"]["sample"] is not None)
        assert (store.SAMPLE in open_any(out).manifest["files"]) == (out / store.SAMPLE).exists()
        same(run(out, resume=True), done)
    assert seen == {False, True}
    extended = run(tmp_path / "short", TASK + 10)
    assert extended.manifest["state"]["sample"] is None
    same(run(tmp_path / "short", PATHS, resume=True), done)
    longer = run(tmp_path / "whole", PATHS + 1, resume=True)
    assert longer.manifest["files"][store.SAMPLE] == done.manifest["files"][store.SAMPLE]


def test_a_second_signal_ends_at_once_and_the_last_state_stays(tmp_path, monkeypatch):
    commit = checkpoint.Checkpointer.commit

    def interrupted(self, paths, seconds):
        if paths > TASK:
            raise KeyboardInterrupt
        commit(self, paths, seconds)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.Checkpointer, "commit", interrupted)
        with pytest.raises(Interrupted, match="stopped; 2,048 paths are kept") as caught:
            run(tmp_path / "run", PATHS)
    assert caught.value.signum == signal.SIGINT
    assert committed_paths(tmp_path / "run") == TASK


def test_a_finished_run_is_printed_and_nothing_is_simulated(whole, monkeypatch):
    said = []
    with monkeypatch.context() as patch:
        patch.setattr(simulation, "simulate", None)
        for paths in (None, 5, PATHS):
            assert run(whole.path, paths, resume=True, say=said.append).manifest == whole.manifest
    assert said == [f"{whole.path} holds the finished run of {PATHS:,} paths"] * 3


def test_more_paths_extend_a_finished_run(whole, tmp_path):
    """From less than a block to one path more; a config that asks for more does as well."""
    out, grown = tmp_path / "run", []
    for paths in (700, 701, 3000, 3001):
        grown.append(run(out, paths, resume=bool(grown)).summary["resumed_at"])
    assert grown == [[], [0], [0, 0], [0, 0, 2048]]
    done = run(out, config=load(SMOKE, [f"paths={PATHS}"]), resume=True)
    assert done.summary["stop"] == {"rule": "paths", "asked": PATHS, "reached": PATHS}
    same(done, whole)


def test_results_of_fewer_paths_go_once_more_are_committed(tmp_path):
    out = tmp_path / "run"
    run(out, 3000)
    (out / store.REPORT).write_text("of 3,000 paths")
    stopped(out, PATHS, resume=True)
    assert {path.name for path in out.iterdir() if path.is_file()} == {
        store.CONFIG, store.MODEL, store.MANIFEST, open_any(out).manifest["state"]["file"],
    }  # fmt: skip
    with pytest.raises(RunError, match=r"given an unfinished run \([\d,]+ of 11,740 paths\), wanted a finished one"):
        open_run(out)


def test_without_a_state_a_run_starts_afresh_and_says_so(whole, tmp_path):
    said = []
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / f".{store.SAMPLE}.part").write_bytes(b"half")
    (tmp_path / "run" / "state-4096.npz").write_bytes(b"of a crash")
    done = run(tmp_path / "run", PATHS, resume=True, say=said.append)
    assert f"no committed state in {tmp_path / 'run'}: the run starts afresh" in said
    assert not [path for path in done.path.iterdir() if path.name[0] == "." or path.name == "state-4096.npz"]
    same(done, whole)


def test_a_config_of_somebody_else_is_not_overwritten(tmp_path):
    (tmp_path / store.CONFIG).write_text("mine")
    with pytest.raises(ConfigError, match=r"config\.toml is not of this run"):
        run(tmp_path, PATHS, resume=True)
    assert (tmp_path / store.CONFIG).read_text() == "mine"


def test_what_a_crash_left_beside_the_manifest_is_not_read(whole, half):
    for name in ("state-999424.npz", store.SUMMARY, f".{store.SERIES}.part"):
        (half / name).write_bytes(pickle.dumps("of a crash"))
    same(run(half, resume=True), whole)
    assert not (half / "state-999424.npz").exists()
    assert not list(half.glob(".*"))


def test_fewer_paths_than_there_are_are_refused(half):
    assert "--paths: given 5, wanted at least" in refusal(half, paths=5)


def test_two_runs_do_not_go_on_together(half):
    with RunFolder(half).alone(resume=True):
        assert "which another run is writing to" in refusal(half)


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["drivers.funding.rate_mean=0.04"], "drivers.funding.rate_mean: given 0.04, the run began with {"),
        (["sites.second.mw=301"], "sites[1].mw: given 301, the run began with 300"),
        (["seed=2"], "seed: given 2, the run began with 1"),
        (["months=24"], "months: given 24, the run began with 60"),
    ],
)
def test_a_changed_config_is_refused_key_by_key(half, overrides, says):
    said = refusal(half, overrides=overrides)
    assert f"--resume: {says}" in said
    assert "--accept-changes goes on nevertheless. The risk: " in said


def test_another_seed_is_refused(half):
    assert refusal(half, seed=2) == "--seed: given 2, wanted 1, with which the run began"


def test_other_code_or_random_numbers_are_refused(half, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(continuity, "code_hash", lambda: "abc")
        assert "code: given abc, the run began with " in refusal(half)
    with monkeypatch.context() as patch:
        patch.setattr(continuity, "RNG", "another; version 2")
        assert "rng: given another; version 2, the run began with Philox4x32-10" in refusal(half)


def test_a_run_whose_model_has_other_names_is_refused_like_any_other_change(half, monkeypatch):
    """As a run is that another version began: every line says what changed, and accepting it cannot help."""
    arrays = flatten(freeze(load(SMOKE)).model)
    arrays["horizon"] = arrays.pop("months")
    monkeypatch.setattr(continuity, "code_hash", lambda: "abc")
    monkeypatch.setattr(store.Run, "model", lambda run, kind: rebuild(kind, arrays))
    said = refusal(half)
    assert "--resume: model: the saved model has no months: it was written by another version" in said
    assert "--resume: code: given abc, the run began with " in said
    with pytest.raises(RunError, match="the saved model has no months"):
        run(half, resume=True, accept_changes=True)


def test_data_that_changed_is_a_changed_config(tmp_path):
    data = tmp_path / "multiplier.csv"
    data.write_text("x\n" + "\n".join(str(1 + k / 100) for k in range(30)))
    text = SMOKE.read_text().replace(
        "[[sites]]", '[programme]\ncost_multiplier = {csv="multiplier.csv", column="x"}\n\n[[sites]]', 1
    )
    (tmp_path / "my.toml").write_text(text)
    stopped(tmp_path / "run", PATHS, config=tmp_path / "my.toml")
    data.write_text("x\n" + "\n".join(str(1 + k / 50) for k in range(30)))
    assert "config: its numbers are not those" in refusal(tmp_path / "run", config=tmp_path / "my.toml")


def other_bits(row):
    """The kernel of a machine that computes one figure a little differently."""

    def simulate(model, seed, paths, work, out, kept):
        stuck = kernel.simulate(model, seed, paths, work, out, kept)
        out[row] = np.nextafter(out[row], np.inf)
        return stuck

    return SimpleNamespace(**{**vars(kernel), "simulate": simulate})


def test_other_bits_of_the_first_paths_are_refused_and_may_be_accepted(whole, half, monkeypatch):
    row = {column.name: column.row for column in make_job(pipeline.freeze(load(SMOKE))).columns}["own.npv"]
    at = committed_paths(half)
    with monkeypatch.context() as patch:
        patch.setattr(thread_pool, "kernel", other_bits(row))
        said = refusal(half)
        assert "paths 0-255 come out with other bits: path 0 has own.npv " in said
        assert "nobody can repeat it. The manifest will say so." in said
        done = run(half, resume=True, accept_changes=True)
    assert done.manifest["accepted"] == [{"at": at, "changes": [said.splitlines()[0].removeprefix("--resume: ")]}]
    assert done.manifest["digest"] != whole.manifest["digest"]


def test_accepted_changes_of_a_config_are_not_heeded(whole, half):
    done = run(half, overrides=["sites.second.mw=301"], resume=True, accept_changes=True)
    assert done.manifest["accepted"][0]["changes"] == ["sites[1].mw: given 301, the run began with 300"]
    assert done.config == SMOKE.read_text()
    same(done, whole)


def test_the_kept_model_is_used_not_one_frozen_elsewhere(whole, half, monkeypatch):
    """Libraries of mathematics differ in last bits: the same config frozen there gives a model that is not the same."""
    freeze = pipeline.freeze

    def elsewhere(by):
        def frozen(config):
            here = freeze(config)
            finance = here.model.finance._replace(tax=here.model.finance.tax * (1 + by))
            return type(here)(**{**vars(here), "model": here.model._replace(finance=finance)})

        return frozen

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "freeze", elsewhere(1e-6))
        assert "model: finance.tax is frozen from the same config to other numbers" in refusal(half)
        patch.setattr(pipeline, "freeze", elsewhere(1e-15))
        same(run(half, resume=True), whole)


def damaged(data, how):
    if how == "truncated":
        return data[: len(data) // 2]
    if how == "flipped":
        return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 4]) + data[len(data) // 2 + 1 :]
    return pickle.dumps({"planted": list(range(len(data) // 4))})


@pytest.mark.parametrize("how", ["truncated", "flipped", "foreign"])
@pytest.mark.parametrize("kind", ["config.toml", "model.npz", "state", "manifest.json"])
def test_a_damaged_file_is_named_and_refused(half, how, kind, monkeypatch):
    monkeypatch.setattr(pickle, "loads", None)
    monkeypatch.setattr(pickle, "load", None)
    file = next(half.glob(f"{kind}*"))
    file.write_bytes(damaged(file.read_bytes(), how))
    assert refusal(half).startswith(f"{file}: ")


def test_a_file_of_another_run_is_named_and_refused(half, tmp_path):
    stopped(tmp_path / "other", PATHS, seed=2)
    for theirs in (tmp_path / "other").iterdir():
        mine = half / theirs.name
        if theirs.name in (store.MANIFEST, store.CONFIG, store.MODEL):
            continue
        keep = mine.read_bytes()
        mine.write_bytes(theirs.read_bytes())
        assert refusal(half).startswith(f"{mine}: ")
        mine.write_bytes(keep)
    (half / store.MANIFEST).write_bytes((tmp_path / "other" / store.MANIFEST).read_bytes())
    assert refusal(half).startswith(f"{half}/state-")


class Planted:
    """Unpickled, it would leave a trace."""

    def __reduce__(self):
        return (pytest.fail, ("a planted pickle was read",))


@pytest.mark.parametrize("where", ["inside", "instead"])
@pytest.mark.parametrize("kind", ["state", "model"])
def test_a_planted_pickle_is_never_read(half, kind, where):
    """Even where every checksum was made to fit."""
    file = next(half.glob(f"{kind}*"))
    if where == "inside":
        with np.load(file) as held:
            arrays = {name: held[name] for name in held.files}
        spoilt = {**arrays, next(iter(arrays)): np.array([Planted()], dtype=object)}
        np.savez(file, **spoilt)
    else:
        file.write_bytes(pickle.dumps(Planted()))
    body = json.loads((half / store.MANIFEST).read_text())
    names = list(body.pop("files"))
    RunFolder(half).write_manifest(
        {key: value for key, value in body.items() if key not in ("format", "checksum")}, names
    )
    said = refusal(half)
    assert said.startswith(f"{file}: missing, cut short or changed (")
    assert "pickle" in said or "Object arrays cannot be loaded" in said


def test_a_state_whose_arrays_do_not_fit_is_named(half):
    file = next(half.glob("state*"))
    with np.load(file) as held:
        arrays = {name: held[name] for name in held.files}
    body = {key: value for key, value in open_any(half).manifest.items() if key not in ("format", "files")}
    for name, array in (
        ("tally/own/bins", np.array([1])),
        ("pilot", np.array(["x"])),
        ("tally/paths", np.array([1, 0])),
    ):
        folder = RunFolder(half)
        folder.write_npz(file.name, {**arrays, name: array})
        folder.write_manifest(body, [store.CONFIG, store.MODEL, file.name])
        assert refusal(half).startswith(f"{file}: is ")


def test_a_run_of_an_older_version_is_not_extended(whole, tmp_path):
    out = tmp_path / "run"
    done = run(out, 100)
    body = {key: value for key, value in done.manifest.items() if key not in ("format", "files", "state", "status")}
    RunFolder(out).write_manifest(body)
    assert open_run(out).finished
    assert "was made by an older version and has no state to go on from" in refusal(out, paths=200)


def test_resume_needs_a_folder():
    with pytest.raises(ConfigError, match="--resume: given no --out"):
        pipeline.run(SMOKE, resume=True)
