"""The standard sampler: independent scores, each a function of (seed, path, stream, index) alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import njit
from simulator.sampling.draws import Draws
from simulator.sampling.normal import box_muller
from simulator.sampling.philox import philox_lanes


@njit
def fill(draws: Draws, seed: int, paths: NDArray[np.int64], Z: NDArray[np.float64]) -> None:
    """Fill Z (rows, lanes) with the scores of `paths` (lanes,), whichever they are and however many.

    Philox counter j of a stream makes its scores 4j .. 4j + 3: words (0, 1) the first two, words (2, 3) the others.
    `seed` is any 64 bits, given as int64.
    """
    key = np.int64(seed).view(np.uint64)
    words = np.empty((4, Z.shape[1]), np.uint32)
    for s in range(draws.stream.size):
        row = draws.row[s]
        for j in range(draws.groups[s]):
            philox_lanes(key, paths, np.uint64(j), np.uint64(draws.stream[s]), words)
            box_muller(words[0], words[1], Z[row], Z[row + 1])
            box_muller(words[2], words[3], Z[row + 2], Z[row + 3])
            row += 4
