"""Fixtures of every test: a quiet, reproducible environment and the seed of statistical tests."""

from __future__ import annotations

import os

os.environ.update({"MPLBACKEND": "Agg", "NO_COLOR": "1", "TERM": "dumb", "TZ": "UTC"})

from itertools import groupby

import pytest
from hypothesis import settings

settings.register_profile("simulator", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True)
settings.load_profile("simulator")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that workers that take a file each end together."""
    files = [list(group) for _, group in groupby(items, key=lambda item: item.path)]
    items[:] = [item for file in sorted(files, key=_quick) for item in file]


def _quick(file: list[pytest.Item]) -> bool:
    return all(item.get_closest_marker("slow") is None for item in file)


@pytest.fixture(scope="session")
def seed() -> int:
    """Seed of statistical tests; set SIMULATOR_TEST_SEED to run them under another."""
    return int(os.environ.get("SIMULATOR_TEST_SEED", "20260701"))
