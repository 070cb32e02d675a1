"""Published headline figures that the arithmetic of the programme must reproduce, by the number of the case.

Cases 11 (delay laws), 12 (resale anchor) and 14 (contract discounts) stand with their drivers.
"""

from __future__ import annotations

import csv

import pytest

from simulator.finance.annuity import capital_recovery
from simulator.finance.financing import note_ladder
from simulator.finance.training import TrainingRun
from simulator.validation import economics
from tests.statistical import evidence

SHELL, COMPUTE, OPERATING = (11.74, 20.0), (26.14, 5.5), 0.902  # USD/W and years; USD per W-year
CAPITAL = 37.88  # USD per W
COLOSSUS_WATTS = 300e6 / 220_000  # IT load over GPUs
NOTES = [(4.0, 0.042, 5), (4.0, 0.046, 7), (6.5, 0.04875, 10), (4.5, 0.055, 20), (6.5, 0.05625, 30), (4.5, 0.0575, 40)]


def test_2_a_lease_of_300_mw():
    price = economics.price_per_watt_year(12 * 1.25, 300.0)
    assert price == pytest.approx(50.0)
    assert economics.price_per_gpu_hour(price, COLOSSUS_WATTS) == pytest.approx(7.78, abs=0.005)


def test_3_full_cost_of_owned_capacity():
    def cost(use: float) -> float:
        return economics.owned_cost([SHELL, COMPUTE], OPERATING, 0.08, use)

    assert cost(1.0) == pytest.approx(8.16, abs=0.005)
    assert cost(0.65) == pytest.approx(12.55, abs=0.005)


def test_3_other_rates_and_lives():
    for rate, expected in ((0.06, 7.64), (0.10, 8.68)):
        assert economics.owned_cost([SHELL, COMPUTE], OPERATING, rate) == pytest.approx(expected, abs=0.015)
    for life, expected in ((3.0, 12.2), (4.0, 10.0), (5.0, 8.6)):
        assert economics.owned_cost([SHELL, (26.14, life)], OPERATING, 0.08) == pytest.approx(expected, abs=0.06)
    assert capital_recovery(0.0, 20.0) == pytest.approx(0.05)
    assert capital_recovery(1e-9, 20.0) == pytest.approx(0.05)


def test_4_thirty_billion_of_notes():
    coupon, macaulay, maturity = note_ladder.ladder(*zip(*NOTES, strict=True))
    amounts = [amount for amount, _, _ in NOTES]
    modified = sum(amount * note_ladder.modified(rate, years) for amount, rate, years in NOTES) / sum(amounts)
    assert sum(amounts) == 30.0
    assert coupon == pytest.approx(0.05136, abs=5e-6)
    assert coupon * 30.0 == pytest.approx(1.541, abs=5e-4)
    assert maturity == pytest.approx(19.27, abs=0.005)
    assert macaulay == pytest.approx(10.63, abs=0.01)
    assert modified == pytest.approx(10.35, abs=0.01)
    for asset_life in (1.5, 2.8):  # mean life of hardware: the notes outlive it by years
        assert 7.8 - 0.05 <= macaulay - asset_life <= 9.1 + 0.05


def test_4_the_notes_are_those_issued():
    with evidence("meta_senior_notes.csv").open() as file:
        issued = [row for row in csv.DictReader(file) if row["issue_date"] == "2025-11-03"]
    read = [
        (float(row["principal_usd_m"]) / 1e3, float(row["coupon_pct"]) / 100, int(row["maturity_year"]) - 2025)
        for row in issued
    ]
    assert [pytest.approx(note) for note in NOTES] == read


def test_5_capex_becomes_capacity_a_year_later():
    added = economics.capacity_added({2025: 72.2, 2026: 135.0}, CAPITAL)
    assert added == {2026: pytest.approx(1.91, abs=0.005), 2027: pytest.approx(3.56, abs=0.005)}


def test_6_break_even_elasticity():
    def elasticity(capex: float, growth: float) -> float:
        [gigawatts] = economics.capacity_added({2025: capex}, CAPITAL).values()
        cost = gigawatts * economics.owned_cost([SHELL, COMPUTE], OPERATING, 0.08)
        return economics.break_even_elasticity(cost, 201.0, 0.80, growth)

    assert elasticity(72.2, 1.11) == pytest.approx(0.083, abs=5e-4)
    assert elasticity(135.0, 1.1) == pytest.approx(0.151, abs=5e-4)
    assert elasticity(135.0, 0.9) == pytest.approx(0.185, abs=5e-4)
    assert elasticity(72.2, economics.compute_growth(1906.0, 2000.0)) == pytest.approx(0.138, abs=5e-4)


def test_7_a_training_run():
    """More of it in test_training."""
    run = TrainingRun(405e9, 15.6e12, 16_384, 989.4e12, 0.404, 0.75)
    assert run.flop == pytest.approx(3.79e25, rel=1e-3)
    assert run.days == pytest.approx(89.3, abs=0.1)


def test_8_what_a_fleet_at_65_percent_use_can_let():
    assert economics.leasable(714.0, 0.65) == pytest.approx(250.0, abs=0.5)


@pytest.mark.parametrize(("watts", "mw"), [(COLOSSUS_WATTS, 136.0), (2_000.0, 200.0)])
def test_9_power_of_100_000_gpus(watts, mw):
    assert economics.fleet_power(100_000, watts) == pytest.approx(mw, abs=0.5)


@pytest.mark.parametrize(
    ("first", "first_years", "whole", "whole_years", "forward"),
    [(3.298, 1, 2.871, 3, 2.658), (7.429, 1, 4.481, 3, 3.007), (4.481, 3, 4.916, 5, 5.569)],
)
def test_10_forwards_from_par(first, first_years, whole, whole_years, forward):
    assert economics.par_forward(first, first_years, whole, whole_years) == pytest.approx(forward, abs=1e-3)
