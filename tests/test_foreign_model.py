"""A stored model that was made to fit its checksums but not its config is never simulated."""

from __future__ import annotations

import json

import numpy as np
import pytest

import simulator
from simulator.errors import ConfigError, RunError
from simulator.results import store
from simulator.results.store import RunFolder
from tests.smoke import SMOKE


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("foreign") / "run"
    simulator.run(SMOKE, folder, paths=600, threads=1, draw=False)
    return folder


def spoilt(run, change):
    """Change arrays of model.npz and let every checksum fit."""
    with np.load(run / store.MODEL) as held:
        arrays = {name: held[name].copy() for name in held.files}
    original = {path.name: path.read_bytes() for path in (run / store.MODEL, run / store.MANIFEST)}
    change(arrays)
    np.savez(run / store.MODEL, **arrays)
    body = json.loads((run / store.MANIFEST).read_text())
    names = list(body.pop("files"))
    kept = {key: value for key, value in body.items() if key not in ("format", "checksum")}
    RunFolder(run).write_manifest(kept, names)
    return original


def key(arrays, ending):
    return next(name for name in arrays if name.endswith(ending))


def shorten(arrays):
    arrays[key(arrays, "wacc_discount")] = arrays[key(arrays, "wacc_discount")][:5]


def move_a_row(arrays):
    name = key(arrays, "noise_row")
    arrays[name] = arrays[name] + 100_000


def raise_tax(arrays):
    arrays[key(arrays, "finance.tax")] += 0.1


@pytest.mark.parametrize("change", [shorten, move_a_row])
@pytest.mark.parametrize("accept", [False, True])
def test_a_model_that_would_read_other_memory_is_refused(run, change, accept):
    original = spoilt(run, change)
    try:
        for verb in (
            lambda: simulator.replay(run, [3], accept_changes=accept),
            lambda: simulator.explain(run, metric="npv < 0", paths=64, threads=1, accept_changes=accept),
        ):
            with pytest.raises(RunError, match=r"model\.npz: .* is not what config\.toml beside it gives"):
                verb()
        with pytest.raises((RunError, ConfigError)) as refused:
            simulator.run(SMOKE, run, paths=900, threads=1, draw=False, resume=True, accept_changes=accept)
        assert "model" in str(refused.value)
    finally:
        for name, data in original.items():
            (run / name).write_bytes(data)


def test_a_model_with_another_number_is_refused_unless_that_is_accepted(run):
    original = spoilt(
        run, lambda arrays: arrays.update({key(arrays, "finance.tax"): arrays[key(arrays, "finance.tax")] + 0.1})
    )
    try:
        with pytest.raises(ConfigError, match=r"finance\.tax is frozen from the same config to other numbers"):
            simulator.replay(run, [3])
        answer = simulator.replay(run, [3], accept_changes=True)
        assert answer["replays"][0]["differs"]
    finally:
        for name, data in original.items():
            (run / name).write_bytes(data)


def test_an_untouched_run_is_replayed(run):
    assert not simulator.replay(run, [3])["replays"][0]["differs"]
