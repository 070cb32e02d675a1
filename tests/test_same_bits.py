"""The kernel compiled anew: the same bits on a plainer processor and without a compiler, found on disk, free of libm.

Nothing here is statistical: every comparison is of bytes. The generic processor costs one cold compile, shared by the
tests of this file.
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
    assert not list(tmp_path.rglob("*.code")), "something was compiled after all"


def test_another_number_gives_another_digest(here: dict[str, str]) -> None:
    assert len(set(here.values())) == len(fresh.RUNS)


@pytest.mark.slow
def test_a_second_process_finds_the_compiled_kernel_on_disk() -> None:
    first, second = fresh.generic_report(1), fresh.generic_report(2)
    assert (first["hits"], first["misses"], first["signatures"]) == (0, 1, 1)
    assert (second["hits"], second["misses"], second["signatures"]) == (1, 0, 1)
    assert second["digests"] == first["digests"]


@pytest.mark.slow
def test_a_fresh_compile_calls_no_libm() -> None:
    report = fresh.generic_report(1)
    assert report["misses"] == 1, "a kernel from the cache has no listing"
    assert sum("simulator" in name for name in report["functions"]) > 20
    assert report["libm"] == []


def test_libm_calls_would_be_found() -> None:
    ir = """
define i32 @_ZN9simulator6kernel8simulateE(ptr %x) local_unnamed_addr {
  %a = tail call fast double @exp(double %y)
  %b = call <4 x double> @llvm.log1p.v4f64(<4 x double> %z)
  %c = call double @llvm.sqrt.f64(double %y)
  %d = call double @expected(double %y)
}
define linkonce_odr i32 @_ZN5numba2np8arrayobjE(ptr %x) {
  %a = call double @llvm.log10.f64(double %y)
}
"""
    assert [call.rpartition(": ")[2] for call in fresh.libm_calls(ir)] == ["exp", "log1p"]
