"""One run in its folder: open -> (fresh | resume | done) -> simulate -> commit -> finish.

With `resume`, a folder with a committed state goes on from it; one without starts afresh; in one with a finished run
nothing is left to do, unless more paths are requested.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import simulator
from simulator import event_log
from simulator.config import Config, Frozen, columns_body, data_hashes, freeze, load
from simulator.config.loader import Source, build
from simulator.config.toml_reader import parse
from simulator.config.toml_writer import toml
from simulator.config.wording import count_noun
from simulator.engine import continuity, simulation
from simulator.engine.checkpoint import Checkpointer, RunInputs, Snapshot, load_snapshot
from simulator.engine.continuity import RNG, SAMPLER
from simulator.engine.convergence_tracker import ConvergenceTracker
from simulator.engine.early_end import explain_early_end
from simulator.engine.interrupt import Stop
from simulator.engine.progress import meter
from simulator.engine.run_request import RunRequest
from simulator.engine.simulation import Job, make_job
from simulator.engine.stopping import UNLIMITED, StoppingCriteria, StoppingRule
from simulator.engine.thread_pool import Executor
from simulator.engine.warmup import warm_up
from simulator.errors import ConfigError
from simulator.event_log import StageListener
from simulator.file_access import read_regular
from simulator.model import Model
from simulator.results import provenance, store
from simulator.results.digest import rows_hash
from simulator.results.store import Run, RunFolder, open_any
from simulator.results.tallies import Tallies
from simulator.results.tree import tree_hash

MakeExecutor = Callable[[Job, Tallies], Executor]


class Simulated(NamedTuple):
    """A simulation that has ended, not measured yet."""

    job: Job  # with the paths that there are
    tallies: Tallies
    tracker: ConvergenceTracker
    verdict: dict[str, Any]  # `stop` of summary.json
    sample_hash: str
    seconds: float
    resumed_at: list[int]


@contextmanager
def open_session(request: RunRequest, frozen: Frozen, on_stage: StageListener | None = None) -> Iterator[Session]:
    """Open the folder of a run, with a lock until the block ends, and determine what is left to do.

    Refuses a folder whose run is broken or of something else. An error in the block says what is kept of the run.
    """
    if request.resume and request.out is None:
        raise ConfigError(["--resume: given no --out, wanted the folder of the run to go on with"])
    config, started = frozen.config, datetime.now(UTC)
    seed = config.seed if request.seed is None else request.seed
    if request.out is None:
        folder = RunFolder.create_numbered(_default_folder("-".join((config.name, *config.stress)), seed, started))
    else:
        folder = RunFolder.create(request.out, request.resume)
    with event_log.run_context(folder.path), folder.alone(request.resume), explain_early_end(folder):
        yield Session(request, frozen, folder, started, on_stage)


def _default_folder(name: str, seed: int, moment: datetime) -> Path:
    """Return runs/<name>-<UTC>-s<seed>."""
    return Path("runs") / f"{name}-{moment:%Y%m%dT%H%M%SZ}-s{seed}"


class Session:
    """A run in its folder: fresh, resumed from the `stored` run, or `done` if that is the finished run requested."""

    def __init__(
        self,
        request: RunRequest,
        frozen: Frozen,
        folder: RunFolder,
        started: datetime,
        on_stage: StageListener | None = None,
    ) -> None:
        self.folder, self.frozen, self.done = folder, frozen, False
        self._request, self._started, self._quiet = request, started, on_stage is None
        self.report_stage = event_log.stage_reporter(on_stage)
        self._criteria = request.criteria
        self._changes: list[str] = []  # accepted, since the stored run began
        self._stored = _read_stored(folder, frozen.config, self.report_stage) if request.resume else None
        self._seed = frozen.config.seed if request.seed is None else request.seed
        self._checkpointer: Checkpointer | None = None
        if self._stored is not None:
            self._resume(self._stored)
        elif self._criteria.empty:
            self._criteria = StoppingCriteria(frozen.config.paths)

    def simulate(self, make_executor: MakeExecutor) -> Simulated:
        """Simulate what is left to do, with a commit every `checkpoint` seconds; Interrupted after a signal."""
        job = self._make_job()
        rule = self._make_rule(job)
        self._log_start(job)
        warm_up(job, self.report_stage)
        self._checkpointer = saver = self._make_checkpointer(job, rule)
        tallies, before = saver.tallies, saver.start
        executor = make_executor(job, tallies)
        limit = None if job.paths == UNLIMITED else job.paths
        goal = f"{job.paths:,} paths" if limit else "paths until it is enough"
        resumed = f" from {before.paths:,} on" if before.paths else ""
        with saver:
            with Stop() as stop:
                self.report_stage(f"simulating {goal}{resumed}, {count_noun(job.threads, 'thread')}")
                saver.restore_sample(stop)
                saver.describe_cluster = executor.describe
                executor.wait_until_ready(lambda: bool(stop))
                seconds = before.seconds + simulation.simulate(
                    job,
                    tallies,
                    saver,
                    meter(limit, quiet=self._quiet, before=before.paths),
                    first=before.paths,
                    commit=saver.commit,
                    every=self._request.checkpoint,
                    rule=saver.rule,
                    tracker=saver.tracker,
                    stop=stop,
                    executor=executor,
                )
            sample_hash = saver.close_sample()
        verdict = saver.rule.verdict(tallies)
        event_log.log_event("stop", **verdict, paths=tallies.paths, seconds=seconds)
        job = job._replace(paths=tallies.paths)
        return Simulated(job, tallies, saver.tracker, verdict, sample_hash, seconds, saver.resumed_at)

    def finish(self, digest: str) -> None:
        """Sign the finished run, whose results are written."""
        assert self._checkpointer is not None
        paths = self._checkpointer.tallies.paths
        self._checkpointer.finish(paths=paths, digest=digest, ended=datetime.now(UTC))

    def _resume(self, stored: Run) -> None:
        """Go on with a stored run; refuses one that something has changed since, unless changes are accepted."""
        request, config = self._request, self.frozen.config
        if request.seed is not None and request.seed != stored.manifest["seed"]:
            began = stored.manifest["seed"]
            raise ConfigError([f"--seed: given {request.seed}, wanted {began}, with which the run began"])
        self._seed = stored.manifest["seed"]
        self._changes = continuity.find_changes(stored, self.frozen)
        if not request.accept_changes:
            continuity.refuse_changes(self._changes)
        self._criteria = _resumed_criteria(stored, config, request.criteria)
        self.done = stored.finished and _satisfies(stored, self._criteria)
        if self.done:
            self.report_stage(f"{self.folder.path} holds the finished run of {stored.manifest['paths']:,} paths")
        if self._changes:  # the run's own names, for its own numbers
            name = str(stored.path / store.CONFIG)
            tree, lines = parse(stored.config, name)
            self.frozen = freeze(build(tree, Source(name, config._folder, lines, {})))

    def _make_job(self) -> Job:
        """Return the job, with the very numbers that a stored run began with."""
        paths = UNLIMITED if self._criteria.paths is None else self._criteria.paths
        job = make_job(self.frozen, paths, self._request.threads, self._seed)
        if self._stored is None:
            return job
        model = self._stored.model(Model)
        if self._request.accept_changes:  # otherwise every number has been compared
            continuity.refuse_unsafe_model(self._stored, model, freeze(load(self._stored.path / store.CONFIG)).model)
        return job._replace(model=model)

    def _make_checkpointer(self, job: Job, rule: StoppingRule) -> Checkpointer:
        """Return the checkpointer of the run: from its first path, or from its state if paths 0-255 are unchanged."""
        canary, names = simulation.simulate_canary(job), [column.name for column in job.columns]
        canary_hash, frozen = rows_hash(names, canary), self.frozen
        if self._stored is not None:
            stored, now = self._stored, {**continuity.run_identity(frozen), "canary_sha256": canary_hash}
            snapshot = load_snapshot(stored, job, frozen.levels)
            changes = [*self._changes, *continuity.find_canary_changes(stored, names, canary, snapshot.canary)]
            if not self._request.accept_changes:
                continuity.refuse_changes(changes)
            origin = continuity.accept_changes(continuity.read_origin(stored), now, changes, snapshot.tallies.paths)
            inputs = RunInputs(stored.config, stored.columns)
            return Checkpointer(self.folder, job, origin, inputs, snapshot, stored, rule)
        inputs = RunInputs(_config_text(frozen.config), columns_body(frozen.config))
        origin = provenance.describe(
            name=frozen.config.name,
            config=inputs.config,
            model=tree_hash(job.model),
            canary=canary_hash,
            seed=job.seed,
            sampler=SAMPLER,
            rng=RNG,
            streams=frozen.draw_names,
            threads=job.threads,
            started=self._started,
            stress=frozen.config.stress,
        )
        origin |= {"data": data_hashes(frozen.config), **continuity.run_identity(frozen)}
        snapshot = Snapshot(simulation.empty_tallies(job, canary), ConvergenceTracker(frozen.levels), canary)
        return Checkpointer(self.folder, job, origin, inputs, snapshot, None, rule)

    def _make_rule(self, job: Job) -> StoppingRule:
        """Return what ends the run; one that goes on with the same targets has the looks that it would have had."""
        targets = job.targets(self._criteria.precision)
        manifest = {} if self._stored is None else self._stored.manifest
        same = list(manifest.get("asked", {}).get("precision", ())) == list(self._criteria.precision)
        return StoppingRule(
            self._criteria,
            targets,
            job.model.months,
            int(manifest["look_at"]) if manifest and same else 0,
            self._request.deadline,
        )

    def _log_start(self, job: Job) -> None:
        """Log that the run begins or goes on."""
        config, identity = self.frozen.config, continuity.run_identity(self.frozen)
        event_log.log_event(
            "start",
            name=config.name,
            stress=list(config.stress),
            config_hash=identity["config_hash"],
            code_sha256=identity["code_sha256"],
            version=simulator.__version__,
            seed=self._seed,
            paths=self._criteria.paths,
            precision=list(self._criteria.precision),
            until=self._criteria.until,
            threads=job.threads,
            resumed_at=None if self._stored is None else int(self._stored.manifest["state"]["paths"]),
        )
        for change in self._changes:
            event_log.log_event("warning", logging.WARNING, message=change, kind="accepted change")


def _read_stored(folder: RunFolder, config: Config, report_stage: StageListener) -> Run | None:
    """Return the run in a folder, every file of it verified; None if none was committed: it starts afresh."""
    if (folder.path / store.MANIFEST).exists():
        run = open_any(folder.path)
        run.verify()
        return run
    file = folder.path / store.CONFIG
    if file.exists() and read_regular(file) != _config_text(config).encode():
        raise ConfigError([f"--resume: {file} is not of this run, and no manifest says of which; wanted another --out"])
    report_stage(f"no committed state in {folder.path}: the run starts afresh")
    return None


def stored_criteria(run: Run) -> StoppingCriteria:
    """Return the stopping criteria of a run, from its manifest."""
    kept = run.manifest["asked"]
    return StoppingCriteria(kept["paths"], tuple(kept["precision"]), kept["until"])


def _resumed_criteria(run: Run, config: Config, criteria: StoppingCriteria) -> StoppingCriteria:
    """Return what ends a run that goes on: what is requested now, what the config now says, what it was begun for.

    Fewer paths than its state has are refused, unless it is finished: then it is what is requested.
    """
    if criteria.empty:
        criteria = stored_criteria(run)
        if config.paths != run.config_tree.get("paths", config.paths):
            criteria = criteria._replace(paths=config.paths)
    done = int(run.manifest["state"]["paths"])
    if criteria.paths is not None and criteria.paths < done and not run.finished:
        raise ConfigError([f"--paths: given {criteria.paths:,}, wanted at least {done:,}, where the run stands"])
    return criteria


def _satisfies(run: Run, criteria: StoppingCriteria) -> bool:
    """Return True if a finished run is what the criteria request."""
    if criteria.precision or criteria.until:
        return criteria == stored_criteria(run)
    return criteria.paths is not None and criteria.paths <= run.manifest["paths"]


def _config_text(config: Config) -> str:
    """Return the config as it is run: the text of its file as it was read, or TOML of what overrides made of it."""
    if config._text is not None and not config._overrides:
        return config._text
    changes = "".join(f"# --set {change}\n" for change in " ".join(config._overrides).splitlines())
    return f"# Written by simulator {provenance.versions()['simulator']}.\n{changes}\n{toml(config._tree)}"
