"""Replay: draws paths of a stored run again and explains what happened on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulator.analyses.replay import selection
from simulator.analyses.replay.narrative import narrate
from simulator.analyses.replay.percentile_rank import PercentileRanks
from simulator.analyses.replay.replayed_path import replay_path
from simulator.config.wording import count_noun
from simulator.engine import warmup
from simulator.errors import RunError
from simulator.event_log import StageListener


def replay(
    run: str | Path,
    paths: Sequence[int] = (),
    *,
    worst: int | None = None,
    plans: Sequence[str] | None = None,
    metric: str = "npv",
    accept_changes: bool = False,
    say: StageListener | None = None,
) -> dict[str, Any]:
    """Draw some paths of a run again, bit for bit, and return what happened on them (analyses.replay.narrative).

    `paths` are their numbers; or the `worst` ones by `metric`, of the first of `plans` (default: all) or of the world.
    RunError if a figure is not the one that the run stored, unless changes of program or machine are accepted.
    """
    opened = selection.open_for_replay(run, accept_changes)
    shown_plans = selection.select_plans(opened, plans)
    selected = selection.select_paths(opened, paths, worst, metric, shown_plans[0])
    if say is not None and warmup.is_cold():
        say("compiling, once")
    changes = selection.find_changes(opened, accept_changes)
    if say is not None:
        say(f"drawing {count_noun(len(selected.paths), 'path')} again")
    replayed = [
        replay_path(opened.job.model, list(opened.names.plans), opened.job.seed, path) for path in selected.paths
    ]
    ranks = PercentileRanks(opened.run, opened.names.columns, {path.path: path.figures for path in replayed})
    replays = [narrate(path, opened.names, ranks, shown_plans) for path in replayed]
    differing = [f"path {entry['path']}: {line}" for entry in replays for line in entry["differs"]]
    if differing and not accept_changes:
        raise RunError(f"{opened.run.path}: {differing[0]}; the run is not what it says, run the config again")
    return {
        **selection.describe_run(opened),
        "chosen": selected.words,
        "ranked_by": selected.by,
        "changes": changes,
        "replays": replays,
    }
