"""The length of a training run: the calculator behind a site's training phase and `simulator training`.

A dense transformer of N parameters trained on D tokens needs about FLOP = 6 N D (Kaplan et al. 2020,
arXiv:2001.08361, section 2.1). On chips of a given peak, of which a share MFU is used while the run is up and
a share goodput of the time counts, it takes

    days = 6 N D / (chips x peak x MFU x goodput) / 86,400

Llama 3 405B (arXiv:2407.21783) on 15.6e12 tokens: 3.79e25 FLOP, 67.0 days on 16,384 H100 (peak 989e12, MFU
.404); 89 days were reported, a goodput of .75.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

DAY = 86_400.0  # seconds
MONTH_DAYS = 30.4375  # 365.25 / 12


@dataclass(frozen=True)
class TrainingRun:
    """One training run. Every number is positive; `mfu` and `goodput` are shares of 1."""

    parameters: float  # N
    tokens: float  # D
    chips: float
    peak_flops: float  # FLOP per second and chip
    mfu: float  # model FLOP utilisation while the run is up
    goodput: float = 1.0  # share of the time in which the run makes progress

    def __post_init__(self) -> None:
        wrong = []
        for name, value in vars(self).items():
            if not (math.isfinite(value) and value > 0):
                wrong.append(f"{name}: given {value:g}, wanted a number above 0")
            elif name in ("mfu", "goodput") and value > 1:
                wrong.append(f"{name}: given {value:g}, wanted a share between 0 and 1")
        if wrong:
            raise ValueError("\n".join(wrong))

    @property
    def flop(self) -> float:
        """Floating-point operations of the whole run: 6 N D."""
        return 6.0 * self.parameters * self.tokens

    @property
    def days(self) -> float:
        """Calendar days from first to last step."""
        return self.flop / (self.chips * self.peak_flops * self.mfu * self.goodput) / DAY

    @property
    def months(self) -> int:
        """Whole months the run blocks a site, rounded up."""
        return math.ceil(self.days / MONTH_DAYS)
