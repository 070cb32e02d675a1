"""Silicon obsolescence in a config: its keys with defaults and sources, and the numbers that compiled code reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from simulator.config.builder import NO_ROW, Builder, event_slots
from simulator.config.drivers.scores import factor_weights, poisson_events
from simulator.config.fields.laws import Beta, Gamma, Normal
from simulator.config.fields.numbers import Correlation1, Lifetime, Number, Sampled, Share
from simulator.config.fields.ranges import Range, Table, number
from simulator.config.laws import condition_on_elapsed
from simulator.drivers.silicon import Silicon as FrozenSilicon

if TYPE_CHECKING:
    from simulator.config.schema import Config

__all__: list[str] = []  # used in this folder only


class Silicon(Table):
    """Silicon obsolescence: a renewal process of chip generations, wear, and rare paradigm shifts."""

    gap: Annotated[Sampled, Range(0.0, 100.0)] = Field(
        default=Gamma(law="gamma", shape=12.0, mean=2.0),
        description="years between generations (law); four gaps P100 to B200, Epoch AI: 14-35 months, CV .29",
    )
    age: Annotated[Number, Range(0.0, 50.0)] = Field(
        default=1.0, description="years since today's generation arrived; B200 to July 2026, rounded"
    )
    performance: Annotated[Sampled, Range(-10.0, 10.0)] = Field(
        default=Normal(law="normal", mean=0.57, sd=0.20),
        description="ln performance per USD gained a generation (law); V100 to B200 at list prices, Epoch AI",
    )
    efficiency: Annotated[Sampled, Range(-10.0, 10.0)] = Field(
        default=Normal(law="normal", mean=0.55, sd=0.18),
        description="ln performance per W gained a generation (law); .28 a year since 2016, Epoch AI",
    )
    factor_share: Share = Field(
        default=0.3, description="share of a step's variance that comes from the silicon factor; judgement"
    )
    correlation: Correlation1 = Field(
        default=0.6, description="correlation of the two steps of one generation; judgement"
    )
    beta: Annotated[Number, Range(0.0, 5.0)] = Field(
        default=0.7, description="pass-through of frontier gains into an old vintage's value; rents fell .20 a year"
    )
    wear: Annotated[Number, Range(0.0, 5.0)] = Field(
        default=0.03, description="failure and wear per year; judgement (Llama 3: about .09 of GPUs a year)"
    )
    paradigm_rate: Annotated[Number, Range(0.0, 12.0)] = Field(
        default=0.05, description="paradigm shifts per year; judgement, no direct data: stress it, never calibrate it"
    )
    paradigm_loss: Annotated[Sampled, Range(0.0, 1.0)] = Field(
        default=Beta(law="beta", a=2.0, b=3.0),
        description="share of older vintages' value and work that a shift takes (law); judgement",
    )

    shock_loss: Share = Field(
        default=0.0, description="share that one certain paradigm shift takes; 0: none, for scenarios"
    )
    shock_month: Lifetime = Field(default=1.0, description="month at whose end it comes; 1: the first")


def freeze(config: Config, builder: Builder) -> FrozenSilicon:
    """The driver's frozen numbers."""
    s = config.drivers.silicon
    years, age = config.months / 12.0, number(s.age)
    gap = builder.build_law(s.gap)
    first_gap = condition_on_elapsed(gap, age)
    slots = event_slots(gap, years, age)
    share = number(s.factor_share)
    loading, residual = factor_weights(share)
    partial = (number(s.correlation) - share) / (1.0 - share) if share < 1.0 else 0.0
    shifts, shift_gap = poisson_events(number(s.paradigm_rate), years)
    loss = builder.build_law(s.paradigm_loss)
    return FrozenSilicon(
        gap_slots=slots,
        gap_first_marginal=builder.add_marginal(first_gap),
        gap_marginal=builder.add_marginal(gap),
        age=age,
        performance_marginal=builder.add_marginal(s.performance),
        efficiency_marginal=builder.add_marginal(s.efficiency),
        factor_share_loading=loading,
        factor_share_residual=residual,
        correlation_partial=partial,
        beta=number(s.beta),
        wear=number(s.wear),
        paradigm_rate_slots=shifts,
        paradigm_rate_marginal=builder.add_marginal(shift_gap),
        paradigm_loss_marginal=builder.add_marginal(loss),
        shock_loss=number(s.shock_loss),
        shock_month=int(number(s.shock_month)),
        gap_row=builder.add_scores("drivers.silicon.gap", slots, first_gap, gap),
        performance_row=builder.add_scores("drivers.silicon.performance", slots, s.performance, s.efficiency),
        efficiency_row=builder.add_scores("drivers.silicon.efficiency", slots, s.efficiency),
        paradigm_rate_row=builder.add_scores("drivers.silicon.paradigm.gap", shifts) if shifts else NO_ROW,
        paradigm_loss_row=builder.add_scores("drivers.silicon.paradigm.loss", shifts, loss) if shifts else NO_ROW,
    )
