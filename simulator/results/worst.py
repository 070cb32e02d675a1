"""The worst K paths of a figure: a heap whose root is the least bad path kept.

Worse means a larger loss (-x where low is bad, x where high is) or, of equal losses, the smaller path id: the K worst
of a set of paths are then the same in any order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import inner, njit

__all__ = ["WORST_PATHS"]


WORST_PATHS = 1000


@njit
def is_worse(loss: float, path: int, than: float, than_path: int) -> bool:
    """True if the first path is worse than the second."""
    return bool(loss > than or (loss == than and path < than_path))


@njit
def push(losses: NDArray[np.float64], paths: NDArray[np.int64], size: int, loss: float, path: int) -> int:
    """Offer a path to the heap (K,) with `size` paths; returns its new size."""
    if size < losses.shape[0]:
        i = size
        while i > 0 and is_worse(losses[(i - 1) // 2], paths[(i - 1) // 2], loss, path):
            losses[i], paths[i] = losses[(i - 1) // 2], paths[(i - 1) // 2]
            i = (i - 1) // 2
        losses[i], paths[i] = loss, path
        return size + 1
    if is_worse(loss, path, losses[0], paths[0]):
        _sift(losses, paths, loss, path)
    return size


@inner
def _sift(losses: NDArray[np.float64], paths: NDArray[np.int64], loss: float, path: int) -> None:
    """Replace the root of a full heap and sift the new path down."""
    size = losses.shape[0]
    i = 0
    child = 1
    while child < size:
        right = child + 1
        if right < size and is_worse(losses[child], paths[child], losses[right], paths[right]):
            child = right
        if not is_worse(loss, path, losses[child], paths[child]):
            break
        losses[i], paths[i] = losses[child], paths[child]
        i = child
        child = 2 * i + 1
    losses[i], paths[i] = loss, path


def sort_heap(
    losses: NDArray[np.float64], paths: NDArray[np.int64], size: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Losses and paths of a heap, worst first."""
    order = np.lexsort((paths[:size], -losses[:size]))
    return losses[:size][order], paths[:size][order]
