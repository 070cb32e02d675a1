"""The same bits on a plainer processor, and without a compiler.

Nothing here is statistical: every comparison is of bytes. The generic processor costs one cold compile, shared with
`test_kernel` (found on disk) and `test_vectorised` (no libm).
"""

from __future__ import annotations

import json

import pytest

from tests import fresh


@pytest.fixture(scope="module")
def here() -> dict[str, str]:
    return fresh.digests(tuple(fresh.RUNS))


@pytest.mark.slow
def test_a_plain_processor_gives_the_same_bits(here: dict[str, str]) -> None:
    assert fresh.generic_report(1)["misses"] == 1, "nothing was compiled for it"
    assert fresh.generic_report(1)["digests"] == here


def test_no_compiler_gives_the_same_bits(here: dict[str, str], tmp_path) -> None:
    done = fresh.python("tests.fresh", "figures", XDG_CACHE_HOME=str(tmp_path), NUMBA_DISABLE_JIT="1")
    assert json.loads(done.stdout)["digests"] == {name: here[name] for name in fresh.SMALL}
    assert not list(tmp_path.rglob("*.nbi")), "something was compiled after all"


def test_another_number_gives_another_digest(here: dict[str, str]) -> None:
    assert len(set(here.values())) == len(fresh.RUNS)
