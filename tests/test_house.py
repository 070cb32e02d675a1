"""The house: sizes, names and promises that hold for every file.

`BOUNDS` only shrink: lower a bound in the change that makes it possible. `python -m tests.house` prints the counts.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from docs import defaults
from tests import house

ROOT = house.ROOT
SOURCES = house.python_files("simulator", "tests", "benchmarks", "verification")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BOUNDS = {
    "public names": 500,
    "median module": 110,
}
# Parameter lists over 12: options of commands and of `simulator.run`, and lane loops that take each row as an argument.
LONG_LISTS = {
    "simulator/cli/compare.py:compare",
    "simulator/cli/run.py:run",
    "simulator/pipeline.py:run",
    "simulator/finance/financing/cash_waterfall.py:_flow_cash",
    "simulator/finance/financing/partner.py:split_month_with_partner",
    "simulator/finance/operations/leasing.py:_lease_month",
    "simulator/finance/sites/aggregate.py:_economic_end_month",
    "simulator/finance/sites/vintages.py:_stranded_months",
}


def _functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(house.parse(path)) if isinstance(node, ast.FunctionDef)]


def _size(node: ast.FunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_is_over_400_lines():
    long = {str(path.relative_to(ROOT)): n for path in SOURCES if (n := len(path.read_text().splitlines())) > 400}
    assert not long


def test_no_function_is_over_60_lines():
    assert not [f"{path.name}:{node.name}" for path in SOURCES for node in _functions(path) if _size(node) > 60]


def test_public_functions_say_what_they_do():
    bare = [
        f"{path.name}:{node.name}"
        for path in SOURCES
        if path.is_relative_to(ROOT / "simulator")
        for node in _functions(path)
        if not node.name.startswith("_") and _size(node) > 12 and not ast.get_docstring(node)
    ]
    assert not bare


def test_no_row_or_plane_is_named_twice():
    """A second number for a name would quietly send one series to another's place."""
    for path in SOURCES:
        if path.is_relative_to(ROOT / "simulator"):
            targets = [t for node in house.parse(path).body if isinstance(node, ast.Assign)
                for target in node.targets for t in ast.walk(target) if isinstance(t, ast.Name)]  # fmt: skip
            names = [target.id for target in targets if isinstance(target.ctx, ast.Store)]
            assert len(names) == len(set(names)), path


def test_old_identifiers_do_not_come_back():
    counts = {path: n for path in house.python_files() if path not in house.THIS if (n := house.old_identifiers(path))}
    assert not counts


def test_old_words_and_module_names_do_not_come_back():
    counts = {path: n for path in house.text_files() if path not in house.THIS if (n := house.old_words(path))}
    assert not counts


def test_docstrings_are_sentences():
    counts = {path: lines for path in house.python_files() if (lines := house.fragments(path))}
    assert not counts


def test_words_of_an_identifier_are_looked_at_one_by_one():
    tree = ast.parse("crew_size = CrewMember(patience=1).asked_paths; import night.muster as plan_of; oneself = _found")
    old = {name for name in house.identifiers(tree) if house.is_old(name)}
    assert old == {"crew_size", "CrewMember", "patience", "_found"}


def test_parameter_lists_are_short():
    assert not house.long_parameter_lists(25)
    assert house.long_parameter_lists(12).keys() == LONG_LISTS, "shorten the list of exceptions, too"


def test_few_names_are_public():
    """A name that no other module uses begins with an underscore or is left out of `__all__`."""
    names = [f"{path.stem}.{name}" for path in house.python_files("simulator") for name in house.public_names(path)]
    assert len(names) <= BOUNDS["public names"]


def test_other_folders_import_only_what_a_module_exports():
    """`__all__` lists what other folders may use; without it everything that has no underscore."""
    assert not [name for path in house.python_files("simulator") for name in house.trespasses(path)]


def test_modules_are_short():
    assert house.median_module() <= BOUNDS["median module"]


def test_import_walls_are_eight_layers_without_a_cycle():
    contracts = {contract["type"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}
    assert len(contracts["layers"]["layers"]) == 8
    assert contracts["layers"]["exhaustive"]
    assert contracts["acyclic_siblings"]["ancestors"] == ["simulator"]


def test_the_core_can_be_read_in_a_day():
    """The route in AGENTS.md exists and is no longer than it says: 9,000 lines are six to eight hours."""
    text = (ROOT / "AGENTS.md").read_text().partition("## Read the core in a day")[2].partition("\n## ")[0]
    paths = [ROOT / name for name in re.findall(r"`(simulator/[\w/.]+)`", text)]
    files = {file for path in paths for file in (path.rglob("*.py") if path.is_dir() else [path])}
    lines = sum(len(file.read_text().splitlines()) for file in files)
    stated = int(re.search(r"some (\d+,\d+) lines", text)[1].replace(",", ""))  # type: ignore[index]
    assert 0.9 * stated < lines < 1.1 * stated, lines


def test_every_module_has_a_docstring():
    assert not [str(path) for path in SOURCES if path.read_text().strip() and not ast.get_docstring(house.parse(path))]


def test_nothing_is_left_to_do_or_machine_bound():
    words = re.compile(
        "|".join(["TO" + "DO", "FIX" + "ME", "/wo" + "rk/", "/ro" + "ot/", "/home/" + r"\w", r"pypi\." + "org"])
    )
    texts = [*SOURCES, ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / ".ci/run"]
    texts += [
        path
        for suffix in ("*.md", "*.toml")
        for folder in ("docs", "configs")
        for path in (ROOT / folder).rglob(suffix)
    ]
    texts += list(ROOT.glob("*.md"))
    found = [f"{path.relative_to(ROOT)}: {match[0]}" for path in texts if (match := words.search(path.read_text()))]
    assert not found


def test_what_runs_in_ci_can_be_executed():
    assert os.access(ROOT / ".ci/run", os.X_OK)


@pytest.mark.parametrize("target", ["help", "run", "test", "lint", "bench", "verify", "clean"])
def test_make_knows_its_targets(target):
    text = (ROOT / "Makefile").read_text()
    assert re.search(rf"^{target}:.*## \w", text, re.MULTILINE)


def test_core_dependencies_have_lower_bounds_and_no_upper_ones():
    assert all(re.fullmatch(r"[\w-]+>=[\d.]+", line) for line in PROJECT["project"]["dependencies"])


def test_version_is_the_changelogs_latest():
    version = re.search(r'__version__ = "(.+)"', (ROOT / "simulator/__init__.py").read_text())
    assert version is not None
    assert f"## [{version[1]}]" in (ROOT / "CHANGELOG.md").read_text()


def test_page_of_defaults_is_what_the_schema_says():
    assert defaults.PAGE.read_text() == defaults.page(), "run `make docs`"


def test_links_in_the_documents_lead_somewhere():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{path.relative_to(ROOT)}: {link}"
        for path in documents
        for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text())
        if not (path.parent / link).exists()
    ]
    assert not dead


def test_what_git_ignores_is_not_tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert not [line for line in listed.stdout.split() if line.startswith((".venv/", "runs/"))]
