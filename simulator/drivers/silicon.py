"""Silicon obsolescence."""

from __future__ import annotations

from typing import NamedTuple


class Silicon(NamedTuple):
    """Frozen numbers of the driver. Marginals are given by their index into `Model.marginals`, scores by row of Z."""

    slots: int  # most generations a path can hold (P(more) < 1e-12)
    gap_first: int  # marginal of the first gap, years, conditional on today's generation being `age` old; total gap
    gap: int  # marginal of a gap between generations, years
    age: float  # age of today's generation, years
    performance: int  # marginal of a step of ln performance per USD
    efficiency: int  # marginal of a step of ln performance per W
    load: float  # weight of the systematic factor in both step scores: sqrt(.3)
    own: float  # weight of the step's own score: sqrt(.7)
    partner: float  # correlation of the own scores of performance and efficiency: 3/7
    beta: float  # pass-through of frontier gains into the value of old vintages
    wear: float  # failure and wear per year
    paradigm_slots: int  # most paradigm shifts a path can hold (0: the rate is 0)
    paradigm_gap: int  # marginal of the years between shifts (exponential)
    loss: int  # marginal of the share of older vintages' value that a shift takes
    z_gap: int
    z_performance: int
    z_efficiency: int
    z_paradigm_gap: int
    z_loss: int
