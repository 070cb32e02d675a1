"""Would the twin notice? Every one-term mistake of `tests.mutations` must make some figure differ from it.

The mutated kernels run without a compiler, on a few paths of the levers config; nothing is statistical, as both sides
see the same scores. The kernel as it is must agree with the twin in the same surrounding. A fifth of the mistakes is
tried here, all of them with SIMULATOR_MUTATIONS=all, as `make verify` does.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import fresh
from tests.mutations import CASES, Mutation, find
from tests.mutations.everything import MUTATIONS, TRIED

WORKERS = 2
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # the first test waits for all of them


@pytest.fixture(scope="module")
def differing(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Figures that differ from the twin's, by mutation and by case (the kernel as it is)."""
    home = str(tmp_path_factory.mktemp("cache"))

    def part(k: int) -> dict[str, list[str]]:
        arguments = "tests.mutations.worker", str(k), str(WORKERS)
        return dict(
            json.loads(fresh.python(*arguments, timeout=1700, NUMBA_DISABLE_JIT="1", XDG_CACHE_HOME=home).stdout)
        )

    with ThreadPoolExecutor(WORKERS) as pool:
        return {name: figures for outcomes in pool.map(part, range(WORKERS)) for name, figures in outcomes.items()}


@pytest.mark.parametrize("case", CASES)
def test_the_kernel_as_it_is_agrees(differing: dict[str, list[str]], case: str) -> None:
    assert differing[case] == []


@pytest.mark.parametrize("mutation", TRIED, ids=lambda mutation: mutation.name)
def test_the_mistake_is_noticed(differing: dict[str, list[str]], mutation: Mutation) -> None:
    assert differing[mutation.name], "no figure differs from the twin's"


def test_every_mistake_can_be_made(tmp_path: Path) -> None:
    """Its text is in the kernel, once, and what replaces it compiles and uses no name that is gone."""
    names = {}
    for k, mutation in enumerate(MUTATIONS):
        text = find(mutation).read_text().replace(mutation.old, mutation.new)
        (tmp_path / f"{k}.py").write_text(text)
        names[f"{k}.py"] = mutation.name
    command = ["-m", "ruff", "check", "--isolated", "--no-cache", "--select", "F821,E9", "--output-format", "json"]
    shown = subprocess.run([sys.executable, *command, str(tmp_path)], capture_output=True, text=True, check=False)
    assert [(names[Path(line["filename"]).name], line["message"]) for line in json.loads(shown.stdout)] == []


def test_every_mistake_is_another_one() -> None:
    assert len({m.name for m in MUTATIONS} | set(CASES)) == len(MUTATIONS) + len(CASES)
    assert len({(m.old, m.new) for m in MUTATIONS}) == len(MUTATIONS) >= 30
    assert all(m.old != m.new and m.case in CASES for m in MUTATIONS)


def test_a_text_that_is_gone_or_not_alone_is_an_error() -> None:
    for text in ("no such text", "lane"):
        with pytest.raises(LookupError, match="once in the compiled sources"):
            find(Mutation("nothing", text, ""))
