"""Is the whole kernel fast enough against its scalar self? Both are compiled anew and run in turns.

Fails below 3 (1.3 where a register holds only two numbers). Least thread times of many turns: a false alarm would need
one side to be disturbed in every turn.

    python -m verification.vectorised [--rounds 10]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests import racing


def main() -> int:
    """Print the ratio; 1 if it is too small."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=10, help="turns of each side")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as home:
        ratio = racing.ratios("kernel", Path(home), rounds)["kernel"]
    least = racing.least_ratio()
    print(f"packed over scalar speed of the kernel: {ratio:.2f}, at least {least:g} wanted")
    return int(ratio < least)


if __name__ == "__main__":
    sys.exit(main())
