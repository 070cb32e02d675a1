"""Monte Carlo risk simulator for AI-infrastructure capital programmes.

import simulator

run = simulator.run("my.toml", "runs/mine", paths=100_000)     # what `simulator run` does
run.summary["plans"]["own"]["npv"]["cvar"]["0.95"]             # {"value": .., "low": .., "high": ..}
run.sample(["own.npv", "world.eps"])                           # figures of the first paths
simulator.tornado("my.toml", metric="npv", measure="cvar95")   # which input moves it most
simulator.compare("runs/mine")["pairs"]                        # its plans against each other, path by path
simulator.break_even("my.toml", "drivers.price.longrun")       # where two plans change places
simulator.replay("runs/mine", worst=5)["replays"]              # what happened on its worst paths
simulator.explain("runs/mine", plan="own")["sentences"]        # what its worst worlds have in common
simulator.reverse("runs/mine", "breach")["triggers"]           # what could have been watched before
simulator.views("runs/mine", ["mean world.price_m36 * 0.8"])   # its figures if one believes that
simulator.stress("my.toml")["sets"]                            # what each stress set does to it

`load` checks a config, `freeze` turns it into the numbers that the kernel reads, `open_run` reads a run folder.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Config": "simulator.config",
    "Frozen": "simulator.config",
    "freeze": "simulator.config",
    "load": "simulator.config",
    "ConfigError": "simulator.errors",
    "Interrupted": "simulator.errors",
    "RunError": "simulator.errors",
    "SimulatorError": "simulator.errors",
    "break_even": "simulator.analyses.break_even",
    "compare": "simulator.analyses.compare",
    "explain": "simulator.analyses.explain.explain",
    "replay": "simulator.analyses.replay.replay",
    "run": "simulator.pipeline",
    "stress": "simulator.analyses.stress",
    "tornado": "simulator.analyses.tornado",
    "reverse": "simulator.analyses.reverse.reverse",
    "views": "simulator.analyses.views",
    "Run": "simulator.results.store",
    "open_run": "simulator.results.store",
}

__all__ = [
    "Config",
    "ConfigError",
    "Frozen",
    "Interrupted",
    "Run",
    "RunError",
    "SimulatorError",
    "break_even",
    "compare",
    "explain",
    "freeze",
    "load",
    "open_run",
    "replay",
    "reverse",
    "run",
    "stress",
    "tornado",
    "views",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for, and only then: `import simulator` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
