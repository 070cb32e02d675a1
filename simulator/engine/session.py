"""How a run begins or goes on, and what is left of one that ends early.

`--resume` on a folder with a committed state goes on from it; on one without, starts afresh; on a finished run there is
nothing to do, unless more paths are asked for.
"""

from __future__ import annotations

import json
import logging
import re
import signal
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, NamedTuple

import simulator
from simulator import event_log
from simulator.config import Config, Frozen, config_hash, data_hashes, freeze
from simulator.config.loader import Source, build, parse
from simulator.config.toml_writer import toml
from simulator.engine import continuity, simulation
from simulator.engine.checkpoint import Keeper, load_doublings, load_state
from simulator.engine.continuity import RNG, SAMPLER
from simulator.engine.convergence_tracker import Doublings
from simulator.engine.simulation import Job
from simulator.engine.stopping import UNLIMITED, Asked, Rules
from simulator.errors import ConfigError, Interrupted, RunError, SimulatorError
from simulator.model import Model
from simulator.numerics.jit import code_hash
from simulator.results import provenance, store
from simulator.results.columns import tally_columns
from simulator.results.digest import rows_hash
from simulator.results.store import Run, RunFolder, open_any
from simulator.results.tallies import LAYOUT
from simulator.results.tree import tree_hash
from simulator.risk.precision import target

Say = Callable[[str], None]


class Ask(NamedTuple):
    """What is asked for beside the config; None where the config or the run in the folder decides."""

    stop: Asked
    seed: int | None
    resume: bool
    accept: bool  # go on although something changed


class Found(NamedTuple):
    """What is to be done in a run folder."""

    frozen: Frozen
    stop: Asked
    seed: int
    held: Run | None  # the run that goes on
    changes: list[str]  # since it began, if they are accepted
    done: bool  # nothing is to be done: it holds the run asked for

    @property
    def paths(self) -> int:
        """The most paths there may be."""
        return UNLIMITED if self.stop.paths is None else self.stop.paths

    def rules(self, job: Job) -> Rules:
        """What ends the run; the looks of one that goes on with the same targets are those it would have had."""
        counted = tally_columns(job.columns, job.tally, job.events)
        targets = [target(text, counted, job.events) for text in self.stop.precision]
        held = {} if self.held is None else self.held.manifest
        same = list(held.get("asked", {}).get("precision", ())) == list(self.stop.precision)
        return Rules(self.stop, targets, job.model.months, int(held["look_at"]) if held and same else 0)

    def job(self, job: Job) -> Job:
        """The job, with the very numbers that the run began with."""
        return job if self.held is None else job._replace(model=self.held.model(Model))

    def announce(self, job: Job) -> None:
        """Tell the journal that the run begins or goes on."""
        now = _now(self.frozen)
        event_log.event(
            "start",
            name=self.frozen.config.name,
            stress=list(self.frozen.config.stress),
            config_hash=now["config_hash"],
            code_sha256=now["code_sha256"],
            version=simulator.__version__,
            seed=self.seed,
            paths=self.stop.paths,
            precision=list(self.stop.precision),
            until=self.stop.until,
            threads=job.threads,
            resumed_at=None if self.held is None else int(self.held.manifest["state"]["paths"]),
        )
        for change in self.changes:
            event_log.event("warning", logging.WARNING, message=change, kind="accepted change")


def look(folder: RunFolder, frozen: Frozen, ask: Ask, tell: Say) -> Found:
    """What a folder holds and what is left to do; refuses a run that is broken or of something else."""
    config = frozen.config
    seed = config.seed if ask.seed is None else ask.seed
    held = _held(folder, config, tell) if ask.resume else None
    if held is None:
        return Found(frozen, Asked(config.paths) if ask.stop.nothing else ask.stop, seed, None, [], False)
    if ask.seed is not None and ask.seed != held.manifest["seed"]:
        raise ConfigError([f"--seed: given {ask.seed}, wanted {held.manifest['seed']}, with which the run began"])
    changes = continuity.changes_before(held, _now(frozen), config._tree, frozen.model)
    if not ask.accept:
        continuity.refuse(changes)
    stop = _asked(held, config, ask.stop)
    done = held.finished and _is_done(held, stop)
    if done:
        tell(f"{folder.path} holds the finished run of {held.manifest['paths']:,} paths")
    if changes:  # the run's own names, for its own numbers
        tree, lines = parse(held.config, str(held.path / store.CONFIG))
        frozen = freeze(build(tree, Source(str(held.path / store.CONFIG), config._folder, lines, {})))
    return Found(frozen, stop, held.manifest["seed"], held, changes, done)


def keeper(folder: RunFolder, found: Found, job: Job, rules: Rules, accept: bool, started: datetime) -> Keeper:
    """What keeps the run: from its first path, or from where it stands if paths 0-255 still have the bits they had."""
    pilot, names = simulation.pilot(job), [column.name for column in job.columns]
    canary = rows_hash(names, pilot)
    if found.held is not None:
        held, now = found.held, {**_now(found.frozen), "canary_sha256": canary}
        tallies, before = load_state(held, job)
        changes = [*found.changes, *continuity.canary_changes(held, names, pilot, before)]
        if not accept:
            continuity.refuse(changes)
        about = continuity.accepted(continuity.about(held), now, changes, tallies.paths)
        doublings = load_doublings(held, found.frozen.levels)
        return Keeper(folder, job, about, held.config, tallies, before, held, rules, doublings)
    text = text_of(found.frozen.config)
    about = provenance.describe(
        name=found.frozen.config.name,
        config=text,
        model=tree_hash(job.model),
        canary=canary,
        seed=job.seed,
        sampler=SAMPLER,
        rng=RNG,
        streams=found.frozen.draw_names,
        threads=job.threads,
        started=started,
        stress=found.frozen.config.stress,
    )
    about["data"] = data_hashes(found.frozen.config)
    tallies, doublings = simulation.empty_tallies(job, pilot), Doublings(found.frozen.levels)
    return Keeper(folder, job, {**about, **_now(found.frozen)}, text, tallies, pilot, None, rules, doublings)


def _held(folder: RunFolder, config: Config, tell: Say) -> Run | None:
    """The run in a folder, every file of it verified; None if none was committed: it starts afresh."""
    if (folder.path / store.MANIFEST).exists():
        run = open_any(folder.path)
        run.verify()
        return run
    kept = folder.path / store.CONFIG
    if kept.exists() and kept.read_bytes() != text_of(config).encode():
        raise ConfigError([f"--resume: {kept} is not of this run, and no manifest says of which; wanted another --out"])
    tell(f"no committed state in {folder.path}: the run starts afresh")
    return None


def _asked(run: Run, config: Config, given: Asked) -> Asked:
    """What ends a run that goes on: what is given now, what the config now says, what it was begun for.

    Fewer paths than it stands at are refused, unless it is finished: then it is what was asked for.
    """
    if given.nothing:
        kept = run.manifest["asked"]
        given = Asked(kept["paths"], tuple(kept["precision"]), kept["until"])
        if config.paths != tomllib.loads(run.config).get("paths", config.paths):
            given = given._replace(paths=config.paths)
    stands = int(run.manifest["state"]["paths"])
    if given.paths is not None and given.paths < stands and not run.finished:
        raise ConfigError([f"--paths: given {given.paths:,}, wanted at least {stands:,}, where the run stands"])
    return given


def _is_done(run: Run, asked: Asked) -> bool:
    """Whether a finished run is what is asked for."""
    kept = run.manifest["asked"]
    if asked.precision or asked.until:
        return asked == Asked(kept["paths"], tuple(kept["precision"]), kept["until"])
    return asked.paths is not None and asked.paths <= run.manifest["paths"]


@contextmanager
def kept(folder: RunFolder) -> Iterator[None]:
    """Say, however a run ends early, what is kept of it and how it goes on; without a commit nothing is kept."""
    try:
        yield
    except ConfigError:
        with suppress(OSError):
            folder.path.rmdir()  # if it is empty
        raise
    except (Interrupted, KeyboardInterrupt) as error:
        signum = error.signum if isinstance(error, Interrupted) else signal.SIGINT
        said = str(error).removesuffix(", nothing was written.") or "stopped"
        raise Interrupted(f"{said}; {_what_stays(folder)}", signum) from error
    except RunError as error:
        stays = _what_stays(folder)
        raise RunError(f"{error}\n{stays[0].upper()}{stays[1:]}{_shown_by(folder, str(error))}") from error
    except BaseException:
        _what_stays(folder)
        raise


def _shown_by(folder: RunFolder, said: str) -> str:
    """How to see what happened on a path that ended the run, if what was committed of it is enough for that."""
    path = re.match(r"path (\d+): ", said)
    if path is None or not (folder.path / store.MANIFEST).exists():
        return ""
    return f"\nsimulator replay {folder.path} --path {path[1]} shows what happened on that path."


def _what_stays(folder: RunFolder) -> str:
    """What a folder holds after a run ended early; what was never committed is removed."""
    with suppress(SimulatorError, OSError, KeyError):
        if (folder.path / store.MANIFEST).exists():
            run = open_any(folder.path)
            if run.finished:
                return f"the finished run of {run.manifest['paths']:,} paths stays in {folder.path}."
            stands = run.manifest["state"]["paths"]
            return f"{stands:,} paths are kept: the same command with --out {folder.path} --resume goes on from there."
        for name in sorted(folder.touched):
            folder.remove(name)
        folder.path.rmdir()  # if it is empty
    return "nothing of it is kept."


def text_of(config: Config) -> str:
    """The config as it was run: the file as it was read, which may have changed since, or what became of it."""
    if config._text is not None and not config._overrides:
        return config._text
    changes = "".join(f"# --set {change}\n" for change in " ".join(config._overrides).splitlines())
    return f"# Written by simulator {provenance.versions()['simulator']}.\n{changes}\n{toml(config._tree)}"


def hash_of(frozen: Frozen) -> str:
    """SHA-256 (hex) of a config whatever its paths: a run can be extended."""
    return config_hash(frozen.config.model_copy(update={"paths": 1}))


def _now(frozen: Frozen) -> dict[str, Any]:
    """What must be as it was when the run began."""
    return {
        "config_hash": hash_of(frozen),
        **program(),
        "streams": json.loads(json.dumps(frozen.draw_names)),
    }


def program() -> dict[str, Any]:
    """What makes the numbers of this version."""
    return {"code_sha256": code_hash(), "rng": RNG, "sampler": SAMPLER, "tallies": LAYOUT}
