"""The machine code is packed: lane loops use vector registers, and no libm call stops them.

The whole kernel against its scalar self is `verification/vectorised.py` (two cold compiles); here a few of its loops
are. Both sides run in turns in processes of their own and are judged by the least of many times, so that a busy machine
slows both and changes neither: no false alarm is expected (the measured ratios are 4 to 7 on a processor with AVX-512).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import fresh, racing


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


@pytest.mark.slow
def test_lane_loops_are_packed(tmp_path: Path) -> None:
    ratios = racing.ratios("loops", tmp_path, rounds=8)
    wanted = racing.wanted()
    assert min(ratios.values()) > 0.7 * wanted, ratios
    assert racing.together(ratios) > wanted, ratios
