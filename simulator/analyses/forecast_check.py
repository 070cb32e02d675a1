"""Forecast check: forecasts a finished run from a pilot and compares the forecast with the run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from simulator.config import Config, freeze, load
from simulator.engine.continuity import hash_ignoring_paths
from simulator.engine.run_forecast import RunForecast, compare_with_run, forecast_run
from simulator.engine.session import stored_criteria
from simulator.engine.simulation import make_job
from simulator.engine.warmup import warm_up
from simulator.errors import ConfigError
from simulator.event_log import StageListener, stage_reporter
from simulator.results.store import Run, open_run


def check_forecast(
    config: str | Path | Config, run: str | Path, *, threads: int | None = None, say: StageListener | None = None
) -> tuple[RunForecast, list[dict[str, Any]], Run]:
    """Forecast a finished run of a config from a pilot on its own seed; return forecast, comparison and run."""
    stored, frozen = open_run(run), freeze(config if isinstance(config, Config) else load(config))
    manifest = stored.manifest
    if manifest.get("config_hash") != hash_ignoring_paths(frozen):
        raise ConfigError([f"--against: given {run}, a run of another config, wanted one of this config"])
    criteria = stored_criteria(stored)
    job = make_job(frozen, criteria.paths, threads or manifest["machine"]["threads"], manifest["seed"])
    warm_up(job, stage_reporter(say))
    began = datetime.fromisoformat(manifest["started"]).timestamp()
    forecast = forecast_run(job, criteria, frozen.levels, began)
    return forecast, compare_with_run(forecast, stored, job.model.months), stored
