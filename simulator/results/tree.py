"""A tree of NamedTuples as flat named arrays and back: how the frozen model is kept without pickle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from simulator.errors import RunError

__all__ = ["flatten", "rebuild", "tree_hash"]


Tree = TypeVar("Tree", bound=NamedTuple)

_KINDS = {"f": np.float64, "i": np.int64, "b": np.int64}


def flatten(tree: NamedTuple, prefix: str = "") -> dict[str, NDArray[Any]]:
    """Leaves of `tree` by dotted name in field order, as float64 and int64 arrays: `draws.stream`, `months`."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, leaf in zip(tree._fields, tree, strict=True):
        if hasattr(leaf, "_fields"):
            arrays |= flatten(leaf, f"{prefix}{name}.")
            continue
        array = np.asarray(leaf)
        if array.dtype.kind not in _KINDS:
            raise TypeError(f"{prefix}{name}: given {array.dtype}, wanted float64 or int64")
        arrays[prefix + name] = np.ascontiguousarray(array, dtype=_KINDS[array.dtype.kind]).reshape(array.shape)
    return arrays


def rebuild(kind: type[Tree], arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> Tree:
    """The tree of type `kind` from its flat arrays: Python numbers where it has numbers, writeable arrays elsewhere."""
    leaves: list[Any] = []
    for name, hint in get_type_hints(get_origin(kind) or kind).items():
        key = prefix + name
        if hasattr(hint, "_fields"):
            leaves.append(rebuild(hint, arrays, f"{key}."))
        elif key not in arrays:
            raise RunError(f"the saved model has no {key}: it was written by another version of the simulator")
        else:
            leaves.append(_leaf(key, arrays[key], hint))
    return kind(*leaves)


def _leaf(key: str, array: NDArray[Any], hint: Any) -> Any:
    """Return a leaf of the tree: a Python number where the hint is its type, else the array, in C order."""
    if array.dtype not in (np.float64, np.int64) or (hint in (int, float) and array.ndim):
        shape = f"{array.dtype} of shape {array.shape}"
        raise RunError(f"the saved model has {key} as {shape}: it was written by another version of the simulator")
    return hint(array) if hint in (int, float) else np.array(array, order="C")


def tree_hash(tree: NamedTuple) -> str:
    """SHA-256 (hex) of the names, shapes and bits of the leaves."""
    digest = hashlib.sha256()
    for name, array in flatten(tree).items():
        little = array.astype(array.dtype.newbyteorder("<"))
        digest.update(f"{name}:{little.dtype.str}{array.shape}\n".encode() + little.tobytes())
    return digest.hexdigest()
