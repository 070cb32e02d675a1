"""Paths 0-255: the run's fingerprint, and the pilot that centres its moments.

Whoever continues or repeats a run simulates them first and compares: other bits mean another machine, library or
source, and the numbers would not join.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from simulator.engine.local import Slot, Task
from simulator.model import Model

PATHS = 256


def pilot(model: Model, seed: int) -> NDArray[np.float64]:
    """Figures (figures, 256) of the first paths, whatever number of paths is asked for."""
    return Slot(model, PATHS).simulate(seed, Task(0, PATHS))


def fingerprint(figures: NDArray[np.float64]) -> str:
    """SHA-256 (hex) of figures, every NaN taken as one."""
    bits = np.where(np.isnan(figures), np.nan, figures) + 0.0
    return hashlib.sha256(np.ascontiguousarray(bits, dtype="<f8").tobytes()).hexdigest()
