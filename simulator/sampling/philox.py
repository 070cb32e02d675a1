"""Philox4x32-10: random words as a function of a counter and a key.

Salmon, Moraes, Dror and Shaw 2011, Parallel random numbers: as easy as 1, 2, 3 (doi 10.1145/2063384.2063405). Words
of 32 bits live in uint64, so that products need no widening; only what is multiplied or handed out is masked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import inline, njit

ROUNDS = 10
_MULTIPLIER_0, _MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)  # golden ratio, sqrt(3) - 1
_MASK, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)


@inline
def philox(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """The four words of counter (c0, c1, c2, c3) under key (k0, k1), all below 2^32."""
    for _ in range(ROUNDS):
        even = (c0 & _MASK) * _MULTIPLIER_0
        odd = (c2 & _MASK) * _MULTIPLIER_1
        c0, c1, c2, c3 = (odd >> _32) ^ c1 ^ k0, odd & _MASK, (even >> _32) ^ c3 ^ k1, even & _MASK
        k0, k1 = (k0 + _WEYL_0) & _MASK, (k1 + _WEYL_1) & _MASK
    return c0, c1, c2, c3


@njit
def philox_lanes(
    seed: np.uint64, paths: NDArray[np.int64], index: np.uint64, stream: np.uint64, words: NDArray[np.uint32]
) -> None:
    """Fill words (4, lanes): lane l holds counter (path low, path high, index, stream), path = paths[l].

    The key is (seed low, seed high). Paths are any 64 bits; index and stream are below 2^32.
    """
    w0, w1, w2, w3 = words[0], words[1], words[2], words[3]
    k0, k1 = seed & _MASK, seed >> _32
    for l in range(w0.size):
        path = np.uint64(paths[l])
        a, b, c, d = philox(path & _MASK, path >> _32, index, stream, k0, k1)
        w0[l] = np.uint32(a)
        w1[l] = np.uint32(b)
        w2[l] = np.uint32(c)
        w3[l] = np.uint32(d)
