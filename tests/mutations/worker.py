"""Run mutated kernels without a compiler and list the figures in which each differs from the naive twin.

    NUMBA_DISABLE_JIT=1 python -m tests.mutations.worker PART PARTS

Writes one JSON object: mutation -> differing figures, and case -> differing figures of the kernel as it is.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import json
import sys
import warnings
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from simulator.config import freeze, load
from simulator.config.freeze import Frozen
from simulator.sampling.sampler import fill
from tests import naive
from tests.mutations import CASES, PATHS, SIMULATOR, Mutation, find
from tests.mutations.everything import TRIED
from tests.test_twin import LEVERS, SEED, disagreements

RELOADED = ("simulator.kernel", "simulator.drivers", "simulator.finance")


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Imports one source file with another text."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text = path, text
        self.name = ".".join(path.relative_to(SIMULATOR.parent).with_suffix("").parts)

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> Any:
        """The mutated module's spec; nothing for others."""
        if fullname != self.name:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=str(self.path))

    def get_filename(self, fullname: str) -> str:
        """The path of the module's source."""
        return str(self.path)

    def get_data(self, path: str | bytes) -> bytes:
        """The mutated source (and no cached bytecode)."""
        if path != str(self.path):
            raise OSError
        return self.text.encode()


def kernel_with(mutation: Mutation | None) -> Any:
    """The kernel and all it is made of, imported anew."""
    for name in list(sys.modules):
        if name.startswith(RELOADED):
            del sys.modules[name]
    if mutation is None:
        return importlib.import_module("simulator.kernel")
    path = find(mutation)
    mutated = Mutated(path, path.read_text().replace(mutation.old, mutation.new))
    sys.meta_path.insert(0, mutated)
    try:
        kernel = importlib.import_module("simulator.kernel")
    finally:
        sys.meta_path.remove(mutated)
    assert sys.modules[mutated.name].__loader__ is mutated, "the mutated source was not imported"
    return kernel


@cache
def expected(case: str) -> tuple[Frozen, dict[str, Any]]:
    """Frozen numbers of a case and the twin's answer."""
    frozen = freeze(load(LEVERS, CASES[case]))
    z = np.empty((frozen.model.draws.rows, PATHS))
    fill(frozen.model.draws, SEED, np.arange(PATHS), z)
    years = [int(m.name.removeprefix("eps_fy")) for m in frozen.plan if m.name.startswith("eps_fy")]
    return frozen, naive.simulate(frozen.model, z, frozen.sites, years)


def caught(case: str, mutation: Mutation | None) -> list[str]:
    """Figures in which the kernel, mutated or not, differs from the twin."""
    frozen, twin = expected(case)
    kernel = kernel_with(mutation)
    out = np.empty((kernel.figure_count(frozen.model), PATHS))
    work = kernel.allocate_workspace(frozen.model, PATHS)
    assert kernel.simulate(frozen.model, SEED, np.arange(PATHS), work, out, np.empty((0, 0, 0))) == kernel.DONE
    return list(disagreements(frozen, out, twin))


def main(part: int, parts: int) -> None:
    """Every `parts`-th mutation to be tried and case from `part` on."""
    warnings.simplefilter("ignore")  # a mistake may divide by zero
    outcomes = {case: caught(case, None) for case in list(CASES)[part::parts]}
    for mutation in TRIED[part::parts]:
        try:
            outcomes[mutation.name] = caught(mutation.case, mutation)
        except LookupError as error:
            outcomes[mutation.name] = [f"stale: {error}"]
    sys.stdout.write(json.dumps(outcomes))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
