"""kill -9 at random moments: the run goes on, loses the last interval only and ends with the bits it would have had."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from tests.killing import chain, finish
from tests.resumable import run

PATHS = 1_500_000 + 77
SLACK = 10.0  # seconds: a checkpoint may be late on a machine that is busy with other tests


@pytest.mark.slow
def test_eight_kills_change_no_bit(tmp_path, seed):
    kills = chain(tmp_path / "run", PATHS, 8, random.Random(seed))
    assert all(b.paths >= a.paths for a, b in pairwise(kills)), kills
    assert all(kill.lost < SLACK for kill in kills), kills
    whole = run(tmp_path / "whole", PATHS, threads=2, checkpoint=60.0)
    assert finish(tmp_path / "run", PATHS, 2) == whole.manifest["digest"]
