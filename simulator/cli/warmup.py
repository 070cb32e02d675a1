"""`simulator warmup`: compile now, not at the first run."""

from __future__ import annotations


def warmup() -> None:
    """Compile now, so that no run has to."""
    from simulator.cli import templates
    from simulator.cli.output import print_stage
    from simulator.config import freeze, load
    from simulator.engine.simulation import make_job
    from simulator.engine.warmup import warm_up

    with templates.path(templates.default()) as config:
        job = make_job(freeze(load(config)), paths=256, threads=1)
    print(f"ready in {warm_up(job, print_stage):.1f} s")
