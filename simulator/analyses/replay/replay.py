"""Replay: draws paths of a stored run again and explains what happened on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulator.analyses.replay import selection
from simulator.analyses.replay.narrative import story
from simulator.analyses.replay.percentile_rank import Standing
from simulator.analyses.replay.replayed_path import draw
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
    opened = selection.opened(run, accept_changes)
    shown = selection.some_plans(opened, plans)
    chosen = selection.chosen(opened, paths, worst, metric, shown[0])
    if say is not None and warmup.is_cold():
        say("compiling, once")
    changes = selection.changes(opened, accept_changes)
    if say is not None:
        say(f"drawing {count_noun(len(chosen.paths), 'path')} again")
    drawn = [draw(opened.job.model, list(opened.names.plans), opened.job.seed, path) for path in chosen.paths]
    standing = Standing(opened.run, opened.names.columns, {path.path: path.figures for path in drawn})
    replays = [story(path, opened.names, standing, shown) for path in drawn]
    differing = [f"path {entry['path']}: {line}" for entry in replays for line in entry["differs"]]
    if differing and not accept_changes:
        raise RunError(f"{opened.run.path}: {differing[0]}; the run is not what it says, run the config again")
    return {
        **selection.about(opened),
        "chosen": chosen.words,
        "ranked_by": chosen.by,
        "changes": changes,
        "replays": replays,
    }
