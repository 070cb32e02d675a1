"""`simulator check --validate`: headline figures against what is computed here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from simulator.cli import arguments
from simulator.cli.output import print_stage
from simulator.errors import ConfigError

if TYPE_CHECKING:
    from simulator.validation import LoadedCase, Outcome


def validate(cases: Sequence[str], quiet: bool, as_json: bool) -> None:
    """Compute cases, given by number or as files (none: all that ship), print them, and exit 1 unless all is well."""
    mistakes = arguments.MistakeCollector()
    loaded = [case for case in (mistakes.check(_read, name) for name in cases or _all()) if case is not None]
    mistakes.raise_any()
    from simulator.engine import warmup
    from simulator.validation import judge, words

    if not quiet and any(case.simulates for case in loaded) and warmup.is_cold():
        print_stage(warmup.compile_notice())
    judged = [outcome for outcome in (mistakes.check(judge, case) for case in loaded) if outcome is not None]
    mistakes.raise_any()
    ok = all(outcome.ok for outcome in judged)
    if as_json:
        print(json.dumps({"ok": ok, "cases": [words.outcome_to_dict(outcome) for outcome in judged]}, indent=1))
    else:
        _print(judged)
    if not ok:
        raise typer.Exit(1)


def _all() -> list[str]:
    from simulator.validation import shipped_cases

    return [str(number) for number in shipped_cases()]


def _read(case: str) -> LoadedCase:
    """The case of a number, or of a file."""
    from simulator.validation import read_case, read_shipped, shipped_cases

    shipped = shipped_cases()
    if case.isdecimal() and int(case) in shipped:
        return read_shipped(shipped[int(case)])
    if case.endswith(".toml"):
        return read_case(case)
    numbers = f"{min(shipped)} to {max(shipped)}"
    raise ConfigError([f"CASE: given {case}, wanted a number from {numbers} or a .toml file"])


def _print(outcomes: Sequence[Outcome]) -> None:
    from simulator.report.number_format import plain
    from simulator.validation import words

    table = [row for outcome in outcomes for row in words.outcome_rows(outcome)]
    widths = [max(map(len, column)) for column in zip(words.COLUMNS, *table, strict=True)]
    print("case  " + _line(words.COLUMNS, widths))
    for outcome in outcomes:
        print(f"\n{outcome.case.case:>4}  {plain(outcome.case.title, 200)}")
        for row in words.outcome_rows(outcome):
            print("      " + _line(row, widths))
    print(f"\n{words.summarise_verdicts(outcomes)}")


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Words to the left, numbers to the right; of a computed number, the interval behind it."""
    name, headline, computed, tolerance, verdict = row
    return (
        f"{name:<{widths[0]}}  {headline:>{widths[1]}}  {computed:<{widths[2]}}  {tolerance:>{widths[3]}}  {verdict}"
    ).rstrip()
