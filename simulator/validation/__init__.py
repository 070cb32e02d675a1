"""Headline figures against what the simulator computes: one TOML file a case, read, computed and judged.

case = read_case("my_case.toml")      every mistake of the file at once
outcome = judge(case)                 values, intervals, verdicts
outcome.ok                            True if every verdict is the expected one

A figure is arithmetic (a function of `simulator.validation.functions` by name) or comes out of a simulation of the
case's own config. A claim that is known not to reproduce is a case too: it passes as long as it does not.
"""

from simulator.validation.judging import JudgedFigure, Outcome, judge, read_shipped, shipped_cases
from simulator.validation.reading import LoadedCase, read_case

__all__ = ["JudgedFigure", "LoadedCase", "Outcome", "judge", "read_case", "read_shipped", "shipped_cases"]
