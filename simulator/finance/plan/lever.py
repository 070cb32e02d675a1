"""A lever has two forms under one definition: arrays of one entry a plan, as frozen, and the numbers of one plan.

`Jv[Floats, Ints]` is the joint venture of all plans, `Jv[float, int]` that of one of them.
"""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Real = TypeVar("Real")  # Floats or float
Whole = TypeVar("Whole")  # Ints or int; a flag is 0 or 1 in an array and a bool in a plan
