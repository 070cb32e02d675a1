"""House rules as counts: sizes, public names, parameter lists, and words that must not come back.

`python -m tests.house` prints the present counts by folder. `tests/test_house.py` holds them to their bounds.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("simulator", "tests", "benchmarks", "verification", "docs")
THIS = (ROOT / "tests/house.py", ROOT / "tests/test_house.py")  # the only files that may spell the old words

# No identifier is called so, alone or after an underscore.
WHOLE = frozenset({"found", "one", "of", "asked", "given", "told", "stands", "standing", "tell", "works", "letting"})
# The same where money flows: contracts end as early terminations there; elsewhere an interval may have ends.
WHOLE_IN_FINANCE = frozenset({"ends"})
FINANCE = ("simulator/finance", "simulator/kernel.py", "tests/naive", "tests/mutations", "benchmarks")
# No identifier has one of these among its words: `crew_size` or `CrewMember` count as well.
PARTS = frozenset(
    {"pour", "poured", "crew", "muster", "patience", "outlook", "doublings", "foretold", "levered", "dust", "autopsy"}
)
# A word in its proper sense: file, then the identifiers that it may use.
ALLOWED: dict[str, frozenset[str]] = {
    "simulator/validation/functions.py": frozenset({"of"}),  # an input's key in case files
}
# A ledger is the array of a plan's months, and nothing else.
LEDGER_PLACES = ("simulator/finance", "simulator/analyses/replay", "simulator/analyses/explain/cash_lines", "tests")
# Metaphors, in any text: code, comments, docstrings, documents.
METAPHORS = (
    r"pour(s|ed|ing)?|crews?|muster(s|ed)?|patien(ce|t)|outlooks?|doublings|foret(ell|ells|old)|autops(y|ies)"
    r"|contenders?|journal(?!ctl)|night package|let_out|levered|dust"
)
# Modules that are gone, as `engine.crew`, `engine/crew.py` or `from simulator.engine import crew`.
GONE = {
    "simulator": "autopsy|compiled|elementary|journal|linked|night|questions|replaying|resuming|runs|shipped",
    "batch": "night",
    "cli": "foretold|night",
    "config": "events|freeze_drivers|inputs|known|nights|show|size",
    "engine": "clock|cluster|crew|doublings|foretold|local|outlook|resume|vector|worker|written",
    "finance": "cashflow|choices|ends|ledger|letting|levels|levered|notes|spending|tenants|vintages|works",
    "report": "night|rows|runs|versus",
    "results": "counts|owner|recording",
    "risk": "breakeven|contenders|outlook|vector",
}
PROSE = re.compile(
    "|".join(
        [rf"\b({METAPHORS})\b"]
        + [rf"\b{room}[./]({old})(?![\w/])" for room, old in GONE.items()]
        + [rf"\bfrom simulator\.{room} import ({old})\b" for room, old in GONE.items()]
    ),
    re.IGNORECASE,
)


def python_files(*folders: str) -> list[Path]:
    """The Python files of some folders of the repository, in order of path."""
    return sorted(path for folder in folders or FOLDERS for path in (ROOT / folder).rglob("*.py"))


@cache
def parse(path: Path) -> ast.Module:
    """The syntax tree of a file, read once."""
    return ast.parse(path.read_text())


def text_files() -> list[Path]:
    """Every file with prose in it: Python, documents, templates, task runner; the changelog is history and left out."""
    documents = [path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md"]
    documents += [*(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")]
    templates = [path for pattern in ("*.html", "*.toml") for path in (ROOT / "simulator").rglob(pattern)]
    return [*python_files(), *documents, *templates, ROOT / "Makefile", ROOT / "pyproject.toml"]


def identifiers(tree: ast.AST) -> Iterator[str]:
    """Yield every name that a module makes or uses: variables, arguments, attributes, functions, classes, aliases."""
    for node in ast.walk(tree):
        yield from identifiers_of(node)


def identifiers_of(node: ast.AST) -> Iterator[str]:
    """Yield the names that one node of a syntax tree makes or uses."""
    if isinstance(node, ast.alias):
        yield node.asname or node.name.split(".")[-1]
        return
    for field in ("id", "arg", "attr", "name"):
        if isinstance(value := getattr(node, field, None), str):
            yield value


def _words(identifier: str) -> list[str]:
    """The words of `snake_case` or `CamelCase`, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", identifier)]


def is_old(identifier: str, whole: frozenset[str] = WHOLE) -> bool:
    """True if an identifier is one of the whole words or contains one of the parts."""
    return identifier.strip("_").lower() in whole or not PARTS.isdisjoint(_words(identifier))


def imported_from_elsewhere(tree: ast.AST) -> set[str]:
    """The names that a module imports from other projects, such as `hypothesis.given`."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    outside = [node for node in imports if str(node.module).split(".")[0] not in FOLDERS]
    return {alias.asname or alias.name for node in outside for alias in node.names}


def old_identifiers(path: Path) -> Counter[str]:
    """Count the identifiers of a file that must not come back."""
    tree = parse(path)
    place = path.relative_to(ROOT).as_posix()
    allowed = ALLOWED.get(place, frozenset()) | imported_from_elsewhere(tree)
    whole = WHOLE | WHOLE_IN_FINANCE if place.startswith(FINANCE) else WHOLE
    whole = whole if place.startswith(LEDGER_PLACES) else whole | {"ledger"}
    return Counter(name for name in identifiers(parse(path)) if name not in allowed and is_old(name, whole))


def old_words(path: Path) -> Counter[str]:
    """Count the metaphors and the names of removed modules in a text."""
    return Counter(match[0].lower() for match in PROSE.finditer(path.read_text()))


def fragments(path: Path) -> list[str]:
    """The first lines of docstrings that are a "What ..." or "Whether ..." fragment; a question is none."""
    nodes = [node for node in ast.walk(parse(path)) if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))]
    lines = [(ast.get_docstring(node) or " ").splitlines()[0] for node in nodes]
    return [line for line in lines if re.match(r"(What|Whether|Where|Which|How)\b[^?]*$", line)]


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The number of parameters of a function, `self` and `cls` left out."""
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")]) + bool(node.args.vararg) + bool(node.args.kwarg)


def long_parameter_lists(longest: int) -> dict[str, int]:
    """Functions of the package with more parameters than that: `path:name` to their number."""
    return {
        f"{path.relative_to(ROOT)}:{node.name}": parameters(node)
        for path in python_files("simulator")
        for node in ast.walk(parse(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and parameters(node) > longest
    }


def exported(tree: ast.Module) -> list[str] | None:
    """The names in a module's `__all__`, or None where it has none."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return list(ast.literal_eval(node.value))  # type: ignore[attr-defined]
    return None


def public_names(path: Path) -> list[str]:
    """Top-level functions and classes of a module without an underscore, and in `__all__` if it has one."""
    tree = parse(path)
    names = [n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
    shown = exported(tree)
    return [name for name in names if not name.startswith("_") and (shown is None or name in shown)]


def room(module: str) -> str:
    """The folder or module right below `simulator` that a module belongs to: `finance`, `kernel`, ..."""
    return ".".join(module.split(".")[1:2])


def trespasses(path: Path) -> list[str]:
    """Names that a module imports from another folder of the package although they are not in `__all__` there."""
    here = room(".".join(path.relative_to(ROOT).with_suffix("").parts))
    names = []
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("simulator."):
            home = ROOT / (str(node.module).replace(".", "/") + ".py")
            if home.exists() and room(str(node.module)) != here:
                shown = exported(parse(home))
                names += [f"{node.module}.{a.name}" for a in node.names if shown is not None and a.name not in shown]
    return names


def median_module() -> float:
    """The median number of lines of the package's modules, files of one line left out."""
    lengths = [len(path.read_text().splitlines()) for path in python_files("simulator")]
    return statistics.median(length for length in lengths if length > 1)


def _area(path: Path) -> str:
    """The folder a file is counted under: `simulator/finance`, `tests`, ..."""
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[:2]) if parts[0] == "simulator" and len(parts) > 2 else parts[0]


def main() -> None:
    """Print counts by folder, and what is over a bound."""
    tables: dict[str, dict[str, Counter[str]]] = {"old identifiers": {}, "old words": {}, "public names": {}}

    def count(title: str, path: Path, words: Counter[str]) -> None:
        tables[title].setdefault(_area(path), Counter()).update(words)

    for path in text_files():
        if path not in THIS:
            count("old words", path, old_words(path))
            if path.suffix == ".py":
                count("old identifiers", path, old_identifiers(path))
    for path in python_files("simulator"):
        count("public names", path, Counter({path.stem: len(public_names(path))}))
    lines = []
    for title, table in tables.items():
        lines.append(f"{title}: {sum(words.total() for words in table.values())}")
        for area in sorted(table):
            words = " ".join(f"{word}:{number}" for word, number in table[area].most_common())
            lines.append(f"  {area:24} {table[area].total():5}  {words}")
    lists = long_parameter_lists(12)
    lines.append(f"parameter lists over 12: {len(lists)}, over 25: {len(long_parameter_lists(25))}")
    lines += [f"  {lists[name]:3} {name}" for name in sorted(lists, key=lambda name: -lists[name])]
    lengths = {path: len(path.read_text().splitlines()) for path in python_files()}
    lines.append(f"median module: {median_module():.0f} lines of {len(python_files('simulator'))} files")
    lines += [f"  {length} {path.relative_to(ROOT)}" for path, length in lengths.items() if length > 350]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
