"""What every test shares: a quiet, reproducible surrounding and the seed of statistical tests."""

from __future__ import annotations

import os

os.environ.update({"MPLBACKEND": "Agg", "NO_COLOR": "1", "TERM": "dumb", "TZ": "UTC"})

import pytest
from hypothesis import settings

settings.register_profile("simulator", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("simulator")


@pytest.fixture(scope="session")
def seed() -> int:
    """Seed of statistical tests; set SIMULATOR_TEST_SEED to run them under another."""
    return int(os.environ.get("SIMULATOR_TEST_SEED", "20260701"))
