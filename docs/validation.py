"""Write docs/validation.md from the cases that ship, computed anew, so that the page cannot drift: `make docs`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel

from simulator.validation import Outcome, judge, read_shipped, shipped_cases, words
from simulator.validation.functions import FUNCTIONS
from simulator.validation.inputs import parameters
from simulator.validation.schema import Case, Expected, Figure

PAGE = Path(__file__).parent / "validation.md"
HEAD = """# Headline figures, and what is computed here

Written by `make docs` from `configs/validation/`, every figure computed anew. `simulator check --validate` prints the
same; `simulator check --validate 4 15` some of it, `--json` all of it for machines. It exits with 0 if every verdict is
the expected one, else with 1.

| verdict | means |
|---|---|
| pass | what is computed lies within the tolerance of the headline |
| DOES NOT REPRODUCE | a claim known to be wrong: it stays so, and comes out at what the case states instead |
| step | a number that later figures of the case use |
| FAIL | anything else; a claim that is known to be wrong and reproduces fails too |

A simulated figure is a mean or a share over the paths of its case, with its 95 % interval in brackets; its tolerance
leaves room for that. Simulations have a fixed seed, so the page has the same digits on every machine.
"""
OWN = """## A case of your own

`simulator check --validate my_case.toml`. The files in `configs/validation/` are examples; mistakes are told all at
once, with file, line and key. An input is a number, a list, a law as in a config, the `id` of an earlier figure, or a
key of the case's config such as `"programme.tax"` (`"notes.amount"`: the list of it).
"""


def outcomes() -> list[Outcome]:
    """Every case that ships, computed."""
    return [judge(read_shipped(name)) for name in shipped_cases().values()]


def page(computed: Sequence[Outcome]) -> str:
    """The text of docs/validation.md."""
    lines = [HEAD, f"In all: {words.summarise_verdicts(computed)}.\n"]
    for outcome in computed:
        lines += _case(outcome)
    lines.append(OWN)
    for title, model in (("A case", Case), ("`[[figures]]`", Figure), ("`headline` and `instead`", Expected)):
        lines += [f"### {title}\n", *_keys(model), ""]
    lines += ["### Functions for `compute`\n", *_functions(), ""]
    return "\n".join(lines)


def _case(outcome: Outcome) -> Iterator[str]:
    case = outcome.case
    yield f"## {case.case}. {case.title}\n"
    yield f"{_sentence(case.claim)} *{_sentence(case.source)}*\n"
    yield f"| {' | '.join(words.COLUMNS)} |"
    yield "|---|--:|--:|--:|---|"
    yield from (f"| {' | '.join(map(_cell, row))} |" for row in words.outcome_rows(outcome, steps=True))
    yield ""
    if case.note:
        yield f"{case.note}\n"


def _keys(model: type[BaseModel]) -> Iterator[str]:
    yield "| key | meaning |"
    yield "|---|---|"
    for key, field in model.model_fields.items():
        yield f"| `{field.alias or key}` | {_cell(field.description or '')} |"


def _functions() -> Iterator[str]:
    yield "| function | inputs | gives |"
    yield "|---|---|---|"
    for name, function in sorted(FUNCTIONS.items()):
        inputs = ", ".join(f"`{key}`" for key in parameters(function))
        yield f"| `{name}` | {inputs} | {_cell((function.__doc__ or '').strip().splitlines()[0])} |"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("<", "\\<")


if __name__ == "__main__":
    PAGE.write_text(page(outcomes()), encoding="utf-8")
