"""kill -9 at random moments: the run goes on, loses the last interval only and ends with the bits it would have had."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from tests.killing import chain, finish
from tests.resumable import run

PATHS = 600_000 + 77
SLACK = 4.0  # seconds: a checkpoint may be late on a machine that is busy with other tests


@pytest.mark.slow
def test_eight_kills_change_no_bit(tmp_path, seed):
    """The number of kills before which nothing was committed is left to chance, so nothing is claimed of it."""
    found = chain(tmp_path / "run", PATHS, 8, 1.0, random.Random(seed))
    assert all(b.paths >= a.paths for a, b in pairwise(found)), found
    assert all(kill.age < SLACK for kill in found if kill.after is not None and kill.after > SLACK), found
    whole = run(tmp_path / "whole", PATHS, threads=2, checkpoint=60.0)
    assert finish(tmp_path / "run", PATHS, 2) == whole.manifest["digest"]
