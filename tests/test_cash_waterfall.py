"""The cash waterfall against a slow twin, path by path, and against cases worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.naive.cash_waterfall import Note, Terms
from tests.waterfall_case import INPUTS, LADDER, NEUTRAL, Case, compiled, random_case, slow

LEVERS: dict[str, tuple[dict[str, Any], Sequence[Note]]] = {
    "neutral": ({}, LADDER),
    "no notes": ({"covenant_fccr": 1.1}, ()),
    "penalty": ({"penalty": 7.0, "penalty_month": 31}, LADDER),
    "no covenants": ({"covenant_dscr": 0.0, "covenant_leverage": 0.0, "covenant_cash": 0.0}, LADDER),
    "jv": ({"with_jv": True, "covenant_fccr": 1.1}, ()),
    "cloud": ({"with_cloud": True, "own": 0.6}, LADDER),
    "equity": ({"equity_limit": 25.0, "base_eps": 37.1}, LADDER),
    "cures": ({"equity_limit": 25.0, "base_eps": 37.1, "cures": 2}, LADDER),
    "sweep": ({"sweep": True}, LADDER),
    "all, notes": (
        {"with_jv": True, "with_cloud": True, "own": 0.6, "equity_limit": 40.0, "cures": 2, "sweep": True}, LADDER
    ),
    "all, none": (
        {"with_jv": True, "with_cloud": True, "own": 0.6, "equity_limit": 40.0, "cures": 2, "covenant_fccr": 1.1}, ()
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LEVERS)
def test_every_plane_and_figure_is_the_twins(name: str) -> None:
    levers, notes = LEVERS[name]
    case, terms = random_case(sorted(LEVERS).index(name)), NEUTRAL._replace(**levers)
    figures, wanted = compiled(case, terms, notes), slow(case, terms, notes)
    assert set(figures) == set(wanted)
    for figure, values in wanted.items():
        np.testing.assert_allclose(figures[figure], values, rtol=1e-9, atol=1e-9, err_msg=figure)


def test_the_cases_see_every_event() -> None:
    """Every lever acts on some path and not on all: the comparisons above are not empty."""
    levers, notes = LEVERS["all, notes"]
    case = random_case(sorted(LEVERS).index("all, notes"))
    figures = compiled(case, NEUTRAL._replace(**levers), notes)
    for figure in ("breach", "uncured"):
        assert 0.0 < figures[figure].mean() < 1.0, figure
    assert set(figures["cured"][~np.isnan(figures["cured"])]) == {0.0, 1.0}
    assert 0.0 < (figures["sold"] > 0.0).mean() < 1.0
    scheduled = compiled(case, NEUTRAL, notes)["NOTES"]
    assert 0.0 < (figures["NOTES"][-1] < scheduled[-1]).mean() < 1.0


def test_without_a_trace_every_figure_is_the_same() -> None:
    levers, notes = LEVERS["all, notes"]
    terms = NEUTRAL._replace(**levers)
    traced, plain = (compiled(random_case(3), terms, notes, tracing) for tracing in (True, False))
    for name in set(traced) - {"CASH", "REVOLVER", "PROFIT", "DRAWN_INTEREST"}:
        np.testing.assert_array_equal(plain[name], traced[name], err_msg=name)


@pytest.mark.parametrize("tests", [(), (0, 3, 6), (2, 5), (4, 7, 10, 13), (119,)])
def test_tests_may_begin_in_any_month(tests: tuple[int, ...]) -> None:
    levers, notes = LEVERS["all, notes"]
    case, terms = random_case(5, lanes=8), NEUTRAL._replace(**levers)
    figures, wanted = compiled(case, terms, notes, tests=tests), slow(case, terms, notes, tests)
    for figure, values in wanted.items():
        np.testing.assert_allclose(figures[figure], values, rtol=1e-9, atol=1e-9, err_msg=figure)


NOTE = Note(12.0, 0, 400, 0.05, False, 0.0, 10.0, True, False)  # 0.6 of interest and 1.2 of principal a year
SERVICE = 1.8
QUIET = NEUTRAL._replace(
    opening_cash=20.0, other_debt=0.0, revolver=0.0, cash_rate=0.0, covenant_dscr=0.0, covenant_leverage=0.0,
    covenant_cash=0.0,
)  # fmt: skip
HAND = (11, 14, 17, 20, 23)


def by_hand(ebitda: Sequence[float], net: Sequence[float], **others: Sequence[float]) -> Case:
    """One path of 24 months without ads wobble or tax (what is taxable is what deductions leave at nothing)."""
    zero, column = np.zeros((24, 1)), lambda values: np.array(values, dtype=float)[:, None]
    planes = dict.fromkeys(INPUTS, zero) | {"EBITDA": column(ebitda), "NET": column(net)}
    planes |= {name: column(values) for name, values in others.items()}
    return Case(planes, np.full(24, 2.0), zero + 1.0, np.full((25, 1), 0.05), zero, np.ones(1), np.ones(1))


def run_hand(case: Case, terms: Terms, notes: Sequence[Note] = ()) -> dict[str, Any]:
    """Figures of the path; base cash flow (22 / 12 a month) is taken out of NET beforehand, issues with it."""
    case.planes["NET"] = case.planes["NET"] + 22.0 / 12.0
    for note in notes:
        case.planes["NET"][note.issue] += note.amount
    figures = compiled(case, terms, notes, tests=HAND)
    return {name: values[..., 0] for name, values in figures.items()}


def untaxed(ebitda: float = 0.0, notes: bool = False) -> dict[str, Any]:
    """A level path on which nothing is taxed, with interest of NOTE or without."""
    return {"ebitda": [ebitda] * 24, "net": [ebitda - 0.05 * notes] * 24, "TAXABLE": [0.05 * notes] * 24}


def test_shares_are_sold_for_what_the_revolver_leaves_missing() -> None:
    case = by_hand(**untaxed())
    case.planes["NET"][5] = 13.0  # 20 - 13: 3 drawn, 10 missing
    case.planes["NET"][6] = 4.0
    terms = QUIET._replace(revolver=3.0, revolver_margin=-0.05, equity_limit=12.0, equity_price=4.0, base_eps=12.0)
    figures = run_hand(case, terms)
    np.testing.assert_allclose(figures["EQUITY"][4:8], [0.0, 10.0, 2.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(figures["CASH"][4:8], [20.0, 20.0, 18.0, 18.0])
    np.testing.assert_allclose(figures["sold"], 12.0)
    shares = [2.56] * 6 + [5.06] + [5.56] * 17  # sold in a month, they count from the next one on
    diluted = [-(1.0 - 2.56 / n) for n in shares]
    np.testing.assert_allclose(figures["earnings"][:3], [sum(diluted[:6]), sum(diluted[6:18]), sum(diluted[18:])])


def failing_at(months: Sequence[int]) -> Case:
    """Cash below 20 at the tests named, back at 20 before the next one."""
    case = by_hand(**untaxed())
    for m in months:
        case.planes["NET"][m] += 1.0
        if m + 1 < 24:
            case.planes["NET"][m + 1] -= 1.0
    return case


@pytest.mark.parametrize(
    ("fails", "breach", "month", "cured", "uncured"),
    [
        ((), 0, 24, np.nan, 0),
        ((11,), 1, 11, 1, 0),
        ((17,), 1, 17, 1, 0),  # both tests that follow pass
        ((11, 14), 1, 11, 0, 1),  # one fails; its own watch passes
        ((11, 17), 1, 11, 0, 1),
        ((11, 20), 1, 11, 1, 1),  # the second breach is pending at the end
        ((20,), 1, 20, 0, 1),
        ((23,), 1, 23, 0, 1),
    ],
)
def test_a_breach_is_cured_by_passing_two_tests(
    fails: tuple[int, ...], breach: int, month: int, cured: float, uncured: int
) -> None:
    figures = run_hand(failing_at(fails), QUIET._replace(covenant_cash=20.0))
    np.testing.assert_array_equal([figures[k] for k in ("breach", "month", "uncured")], [breach, month, uncured])
    np.testing.assert_array_equal(figures["cured"], cured)


def test_equity_cures_a_breach_of_the_cash_covenant_as_often_as_it_may() -> None:
    case = by_hand(**untaxed())
    for m in (11, 14, 17):
        case.planes["NET"][m] += 1.0
    terms = QUIET._replace(cash_floor=10.0, covenant_cash=20.0, equity_limit=9.0, cures=2)
    figures = run_hand(case, terms)
    np.testing.assert_allclose(figures["EQUITY"][[11, 14, 17, 20, 23]], [1.0, 1.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(figures["CASH"][[10, 11, 14, 17, 23]], [20.0, 20.0, 20.0, 19.0, 19.0])
    assert (figures["month"], figures["cured"], figures["uncured"], figures["sold"]) == (11.0, 1.0, 1.0, 2.0)


@pytest.mark.parametrize("room", [0.1, -0.1])
@pytest.mark.parametrize("covenant", ["dscr", "fccr", "leverage"])
def test_equity_cures_a_ratio_if_it_reaches(covenant: str, room: float) -> None:
    """DSCR: 1.2 x 1.8 - 1.2. FCCR, rent and EBITDA 1.2 a year: 1.1 x 1.2 - 1.2. Leverage: 80 - 5 x (.5 x 24 + 2.4)."""
    need = {"dscr": 0.96, "fccr": 0.12, "leverage": 8.0}[covenant]
    terms = QUIET._replace(equity_limit=need + room, cures=2, cash_floor=0.0)
    notes: tuple[Note, ...] = ()
    if covenant == "dscr":
        case, notes, terms = by_hand(**untaxed(0.1, True)), (NOTE,), terms._replace(covenant_dscr=1.2)
    elif covenant == "fccr":
        case = by_hand([0.1] * 24, [0.0] * 24, TAXABLE=[0.1] * 24, RENT_PAID=[0.1] * 24)
        terms = terms._replace(with_jv=True, covenant_fccr=1.1)
    else:
        case, terms = by_hand(**untaxed(0.2)), terms._replace(other_debt=100.0, covenant_leverage=5.0)
    figures = run_hand(case, terms, notes)
    np.testing.assert_allclose(figures["EQUITY"][11], need if room > 0.0 else 0.0)
    assert (figures["breach"], figures["month"], figures["cured"]) == (1.0, 11.0, float(room > 0.0))
    if covenant != "leverage":
        np.testing.assert_allclose(figures[covenant], 1.2 / SERVICE if notes else 1.0)


def test_no_equity_cures_leverage_without_earnings() -> None:
    figures = run_hand(by_hand(**untaxed(-2.0)), QUIET._replace(covenant_leverage=3.5, equity_limit=1e6, cures=2))
    assert (figures["leverage"], figures["cured"], figures["uncured"], figures["sold"]) == (999.0, 0.0, 1.0, 0.0)


def test_fixed_charges_are_tested_only_without_notes() -> None:
    """Freezing sets the covenant to 0 where a plan has notes; cover is still a figure."""
    case = by_hand(**untaxed(0.1, True), CLOUD=[0.1] * 24)
    figures = run_hand(case, QUIET._replace(with_cloud=True), (NOTE,))
    np.testing.assert_allclose(figures["fccr"], (1.2 + 1.2) / (SERVICE + 1.2))
    ended = run_hand(by_hand(**untaxed(0.1), CLOUD=[1e-17] * 24), QUIET._replace(with_cloud=True, covenant_fccr=1.1))
    assert np.isnan(ended["fccr"])
    assert ended["breach"] == 0.0


def test_a_sweep_prepays_until_two_tests_pass_and_a_later_note_is_whole() -> None:
    """Cash fails at months 11 and 14: from 15 on, what lies above the floor of 8 prepays the notes."""
    later = Note(6.0, 17, 300, 0.10, False, 0.0, 10.0, True, False)
    case = by_hand([0.0] * 24, [-0.05] * 17 + [-0.1] * 7, TAXABLE=[0.05] * 17 + [0.1] * 7)
    case.planes["NET"][11] += 1.0
    case.planes["NET"][15] -= 4.0  # 23 of cash: 15 above the floor, more than the 12 that are owed
    terms = QUIET._replace(cash_floor=8.0, covenant_cash=19.5, sweep=True)
    figures = run_hand(case, terms, (NOTE, later))
    np.testing.assert_allclose(figures["NOTES"][[14, 15, 16]], [12.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(figures["INTEREST"][[15, 16]], [0.05, 0.0], atol=1e-12)
    # month 17: q = 6 / 18; the schedule's .1 of interest bears on a third
    np.testing.assert_allclose(figures["INTEREST"][17], 0.1 / 3.0)
    assert figures["CASH"][15] == pytest.approx(23.0 - 12.0)
    np.testing.assert_allclose(figures["uncured"], 1.0)


def test_a_penalty_is_paid_once() -> None:
    cash = run_hand(by_hand(**untaxed()), QUIET._replace(penalty=5.0, penalty_month=3))["CASH"]
    np.testing.assert_allclose(cash, [20.0] * 3 + [15.0] * 21)
