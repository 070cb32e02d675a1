"""Does numba's public compiler give the bits of the linked one, and what does it cost?

Both compile the whole kernel anew and simulate small runs of every lever, figures and trace; fails if a digest differs.
Then both kernels run in turns. Nothing here is statistical but the times.

    python -m verification.linking [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from simulator.numerics.compilers import LINKING
from tests import fresh, racing


def main() -> int:
    """Print digests, compile times and the ratio of speeds; 1 if a digest differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each kernel")
    rounds = parser.parse_args().rounds
    digests, seconds, public = [], [], {LINKING: "public"}
    with tempfile.TemporaryDirectory() as home:
        for folder, settings in (("plain", {LINKING: ""}), ("set", public)):
            start = time.perf_counter()
            done = fresh.python("tests.fresh", "report", timeout=3600, XDG_CACHE_HOME=f"{home}/{folder}", **settings)
            seconds.append(time.perf_counter() - start)
            digests.append(json.loads(done.stdout)["digests"])
        slower = racing.ratios("kernel", Path(home), rounds, public)["kernel"]  # finds both kernels compiled
    for name in digests[0]:
        print(f"{name:16} {digests[0][name][:16]} linked, {digests[1][name][:16]} public")
    print(f"compile and small runs: {seconds[0]:.0f} s linked, {seconds[1]:.0f} s public")
    print(f"time per path, public over linked: {slower:.2f}")
    return int(digests[0] != digests[1])


if __name__ == "__main__":
    sys.exit(main())
