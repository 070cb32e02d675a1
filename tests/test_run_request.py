"""One request, however it is built: counts are checked alike, before a folder is made or a path simulated."""

from __future__ import annotations

import numpy as np
import pytest

import simulator
from simulator.engine.run_request import RunRequest
from simulator.errors import ConfigError
from tests.smoke import SMOKE


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"paths": -5}, "--paths: given -5, wanted at least 1"),
        ({"paths": 0}, "--paths: given 0, wanted at least 1"),
        ({"paths": 1500.5}, "--paths: given 1500.5, wanted a whole number of paths"),
        ({"paths": True}, "--paths: given True, wanted a whole number of paths"),
        ({"paths": float("nan")}, "--paths: given nan, wanted a whole number of paths"),
        ({"paths": float("inf")}, "--paths: given inf, wanted a whole number of paths"),
        ({"paths": 10**13}, "--paths: given 10000000000000, wanted at most"),
        ({"seed": -1}, "--seed: given -1, wanted at least 0"),
        ({"seed": 2**64}, "--seed: given 18446744073709551616, wanted at most"),
        ({"threads": 0}, "--threads: given 0, wanted at least 1"),
    ],
)
@pytest.mark.parametrize("verb", [simulator.run, simulator.tornado, simulator.stress], ids=["run", "tornado", "stress"])
def test_counts_out_of_range_are_refused_from_python(verb, options, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=message):
        verb(SMOKE, **options)
    assert not list(tmp_path.iterdir())


def test_every_mistake_is_told_at_once():
    with pytest.raises(ConfigError) as error:
        RunRequest(config=SMOKE, paths=0, threads=0, seed=-1)
    assert len(error.value.mistakes) == 3


@pytest.mark.parametrize("count", [np.int64(1500), np.uint32(1500), 1500.0, "1.5e3", "1_500"])
def test_any_whole_number_is_a_count(count):
    request = RunRequest(config=SMOKE, paths=count, seed=count, threads=count)
    assert (request.paths, request.seed, request.threads) == (1500, 1500, 1500)
    assert {type(number) for number in (request.paths, request.seed, request.threads)} == {int}
