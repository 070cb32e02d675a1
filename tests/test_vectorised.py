"""The machine code is packed: lane loops use vector registers (no libm call stops them: `test_same_bits`).

The whole kernel against its scalar self is `verification/vectorised.py` (two cold compiles); here a few of its loops
are. Both sides run in turns in processes of their own and are judged by the least of many times, so that a busy machine
slows both: no false alarm is expected (measured with AVX-512: sampler 7, funding 6, value 3.3). A loop that only
streams through memory gains less beside a busy neighbour (value: 2.0), a scalar one nothing, so each loop has to beat
half the ratio that they have to reach together.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import racing


@pytest.mark.slow
def test_lane_loops_are_packed(tmp_path: Path) -> None:
    ratios = racing.ratios("loops", tmp_path, rounds=8)
    least = racing.least_ratio()
    assert min(ratios.values()) > 0.5 * least, ratios
    assert racing.together(ratios) > least, ratios
