"""`python -m simulator`, and the command `simulator`: streams that work, and early interrupts in plain words."""

from __future__ import annotations

import sys


def main() -> None:
    """Load the command line and run it."""
    try:
        from simulator.cli.streams import open_streams

        open_streams()
        from simulator.cli.main import main as verbs

        verbs()
    except KeyboardInterrupt as stop:
        sys.stderr.write(f"{str(stop) or 'interrupted, nothing was written.'}\n")
        raise SystemExit(128 + getattr(stop, "signum", 2)) from None


if __name__ == "__main__":
    main()
