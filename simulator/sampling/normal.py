"""From random words to standard normal scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import inner, njit
from simulator.numerics.special_functions import cos_sin_turns, log_normal_number

_TWO_52 = np.uint64(0x4330000000000000)  # bits of 2^52: or-ing a word into them makes the number 2^52 + word


@njit
def uniform(word: np.uint32) -> float:
    """u = (word + .5) 2^-32, exact: strictly inside (0, 1), symmetric about one half."""
    return (np.uint64(np.uint64(word) | _TWO_52).view(np.float64) - 4503599627370495.5) * 2.3283064365386962890625e-10


@inner
def box_muller(
    first: NDArray[np.uint32], second: NDArray[np.uint32], a: NDArray[np.float64], b: NDArray[np.float64]
) -> None:
    """Two independent normal scores from two words, lane by lane (Box and Muller 1958, doi 10.1214/aoms/1177706645).

    a = sqrt(-2 ln u1) cos(2 pi u2), b = sqrt(-2 ln u1) sin(2 pi u2). The largest |score| is sqrt(66 ln 2) = 6.76.
    """
    for l in range(first.size):
        radius = np.sqrt(-2.0 * log_normal_number(uniform(first[l])))
        cosine, sine = cos_sin_turns(uniform(second[l]))
        a[l] = radius * cosine
        b[l] = radius * sine
