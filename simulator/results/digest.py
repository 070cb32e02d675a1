"""The digest of a run: equal digests mean equal results. It contains no time, threads or versions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.results.tallies import Hasher, Tallies

__all__ = ["rows_hash", "run_digest"]


_PATHS = 1_024  # hashed at once


def run_digest(tallies: Tallies, sample: str) -> str:
    """SHA-256 (hex) of the tallies' canonical form and of the sample (its hash)."""
    digest = hashlib.sha256()
    tallies.digest_update(digest)
    digest.update(sample.encode())
    return digest.hexdigest()


def update_rows(digest: Hasher, rows: NDArray[np.float64]) -> None:
    """Hash figures (metrics, paths) path by path; every undefined value has the same bits."""
    for first in range(0, rows.shape[1], _PATHS):
        by_path = np.array(rows[:, first : first + _PATHS].T, dtype="<f8", order="C")
        by_path[np.isnan(by_path)] = np.nan
        digest.update(by_path.data)


def rows_hash(names: Sequence[str], rows: NDArray[np.float64]) -> str:
    """SHA-256 (hex) of named figures (metrics, paths), path by path: of a sample, or of the canary paths."""
    digest = hashlib.sha256("\n".join(names).encode() + b"\0")
    update_rows(digest, rows)
    return digest.hexdigest()
