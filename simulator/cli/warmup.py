"""`simulator warmup`: compile now, not at the first run."""

from __future__ import annotations


def warmup() -> None:
    """Compile now, so that no run has to."""
    from simulator.cli import arguments, templates
    from simulator.config import freeze, load
    from simulator.pipeline import job_of, warm

    with templates.path(templates.default()) as config:
        job = job_of(freeze(load(config)), paths=256, threads=1)
    print(f"ready in {warm(job, arguments.say):.1f} s")
