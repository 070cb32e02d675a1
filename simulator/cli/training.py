"""`simulator training`: how long a training run takes."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from simulator.errors import ConfigError


def training(
    parameters: Annotated[float, typer.Option(help="Parameters of the model, such as 405e9.")],
    tokens: Annotated[float, typer.Option(help="Tokens it is trained on, such as 15.6e12.")],
    chips: Annotated[float, typer.Option(help="Chips at work at the same time.")],
    peak_flops: Annotated[float, typer.Option(help="Peak of one chip, FLOP per second: 989e12 for an H100.")],
    mfu: Annotated[float, typer.Option(help="Share of the peak that the model uses while the run is up.")] = 0.4,
    goodput: Annotated[float, typer.Option(help="Share of the time in which the run makes progress.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Calculate how long a training run takes.

    FLOP = 6 N D; days = FLOP / (chips x peak x MFU x goodput).
    """
    from simulator.finance.training import TrainingRun

    try:
        run = TrainingRun(parameters, tokens, chips, peak_flops, mfu, goodput)
    except ValueError as error:
        raise ConfigError([f"--{line.replace('_', '-', 1)}" for line in str(error).splitlines()]) from None
    if as_json:
        print(json.dumps({"flop": run.flop, "days": run.days, "months": run.months}))
    else:
        print(f"compute  {run.flop:.3g} FLOP")
        print(f"time     {run.days:,.1f} days: a site is blocked for {run.months} months")
