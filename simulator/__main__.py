"""`python -m simulator`, and the command `simulator`: an early interrupt is said in plain words, too."""

from __future__ import annotations

import sys


def main() -> None:
    """Load the command line and run it."""
    try:
        from simulator.cli.main import main as verbs

        verbs()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted, nothing was written.\n")
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
