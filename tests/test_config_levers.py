"""Plans that contradict themselves are refused, with file, line and reason; nothing else is."""

from __future__ import annotations

import pytest

from tests.config_case import NOTE, ONE_SITE, SITE, mistake, mistakes, read

BASE = ONE_SITE + SITE.format(id="two", start=2, planned=20) + NOTE  # 20 lines
AT = len(BASE.splitlines()) + 1  # line of a plan's header


WRONG = {
    # nothing owned
    "jv.on = true\nown_share = 0": (2, "own_share: given 0, wanted a number above 0: jv needs what the plan owns"),
    "own_share = 0.0\nlease_excess.on = true\ninternal_or_lease.on = true": (
        1, "own_share: given 0, wanted a number above 0: lease_excess and internal_or_lease need what the plan owns"),
    # JV
    "jv = {on = true, share = 0}": (1, "jv.share: given 0, wanted a number above 0, or on = false"),
    "jv = {on = true, share = 1.2}": (1, "jv.share: given 1.2, wanted a number from 0 to 1"),
    "jv = {on = true, lease_years = 10, renewal_years = 12}": (
        1, "jv.renewal_years: given 12, wanted at most lease_years (10)"),
    "jv.on = true\njv.renewal_years = 24": (2, "jv.renewal_years: given 24, wanted at most lease_years (20)"),
    "jv = {on = true, lease_years = 8}": (
        1, "jv.lease_years: given 8, wanted a lease that outlasts the horizon of 120 months"),
    "jv = {on = true, sites = ['one', 'twoo']}": (1, 'jv.sites[1]: unknown site "twoo", did you mean two?'),
    "jv.on = true\njv.sites = ['x']": (2, 'jv.sites[0]: unknown site "x", wanted one of one, two'),
    "jv = {on = true, sites = ['one', 'one']}": (1, 'jv.sites[1]: given "one" again, wanted each site once'),
    "jv = {on = true, rate = 0}": (1, "jv.rate: given 0, wanted a number from 0.0001 to 1"),
    # shares that sum over 1
    "lease_excess.on = true\ninternal_or_lease = {on = true, share = 0.66}": (
        2, "internal_or_lease.share: given 0.66, wanted at most programme.internal_use (0.65): lease_excess lets"),
    # absent debt
    "notes = false\ncovenants.dscr = 1.3": (
        2, "covenants.dscr: given 1.3 on absent debt, wanted notes in the plan, or 0"),
    "notes = false\ncovenants.consequence = 'sweep'": (
        2, 'covenants.consequence: given "sweep" on absent debt, wanted notes in the plan, or "default"'),
    # disposal
    "disposal = {on = true, site = 'tow'}": (1, 'disposal.site: unknown site "tow", did you mean two?'),
    "jv.on = true\ndisposal = {on = true, site = 'two'}": (
        2, 'disposal.site: given "two", wanted a site that the JV does not take'),
    "jv.on = true\njv.sites = ['one']\ndisposal = {on = true, site = 'one'}": (
        3, 'disposal.site: given "one", wanted a site that the JV does not take'),
    "disposal = {on = true, months = 121}": (1, "disposal.months: given 121, wanted at most months (120)"),
    "disposal = {on = true, ratio = {law = 'normal', mean = 1, sd = 0.3}}": (
        1, "disposal.ratio: given a law that reaches -1.11, wanted one that stays at or above 0: add low"),
    # a forgotten switch
    "jv.share = 0.7": (1, "jv.share: given 0.7 in a plan without jv, wanted on = true beside it"),
    "equity.limit = 5": (1, "equity.limit: given 5 in a plan without equity, wanted on = true beside it"),
    "disposal.carrying = 5": (1, "disposal.carrying: given 5 in a plan without disposal, wanted on = true beside it"),
    "lease_excess.previous_generation = true": (
        1, "lease_excess.previous_generation: given true in a plan without lease_excess, wanted on = true beside it"),
    "lease_excess = {on = false, previous_generation = true}": (
        1, "lease_excess.previous_generation: given true in a plan without lease_excess, wanted on = true beside it"),
    "internal_or_lease.share = 0.3": (
        1, "internal_or_lease.share: given 0.3 in a plan without internal_or_lease, wanted on = true beside it"),
    "internal_or_lease.on = true\nlease_excess.term = 12": (
        2, "lease_excess.term: given 12 in a plan without lease_excess, wanted on = true beside it"),
    "cloud.term = 24": (1, "cloud.term: given 24 in a plan that rents nothing, wanted own_share below 1"),
    "covenants.cures = 1": (1, "covenants.cures: given 1, wanted equity.on = true: only injected equity cures"),
    # unknown keys
    "lease_excess.occupency = 1": (1, "lease_excess.occupency: unknown key, did you mean occupancy?"),
    "own_shares = 1": (1, "own_shares: unknown key, did you mean own_share?"),
    "lease_exces.on = true": (1, "lease_exces: unknown key, did you mean lease_excess?"),
    "drivers.price.spot0 = 20": (1, "drivers: unknown key, wanted one of notes, chips, "),
    "jv.on = 1": (1, "jv.on: given 1, wanted true or false"),
    "jv.assets = 'chips'": (1, 'jv.assets: given "chips", wanted "shell" or "all"'),
    "lease_excess.term = 1.5": (1, "lease_excess.term: given 1.5, wanted a whole number of at least 1"),
}  # fmt: skip


@pytest.mark.parametrize("plan", ["jv", "other"])  # an id may look like a key
@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:40].replace("\n", " "))
def test_a_contradiction_is_refused_at_its_line(tmp_path, text, plan):
    after, said = WRONG[text]
    lines = mistakes(tmp_path, f"{BASE}[plans.{plan}]\n{text}\n")
    want = f"my.toml:{AT + after}: plans.{plan}.{said}"
    if "wanted a whole number" in said:
        want = want.replace(" of at least 1", " from 1 to 1200")
    assert lines[0].startswith(want)


FINE = [
    "jv = {on = false, share = 0.7, sites = []}",  # switched off knowingly
    "jv = {on = true, renewal_years = 20}",
    "internal_or_lease = {on = true, share = 0.9}",  # nothing else is let
    "internal_or_lease.on = true\nlease_excess.occupancy = 0.8\nlease_excess.cost_ratio = 0.2",
    "lease_excess = {on = true, term = 500, previous_generation = true}",
    "notes = false\ncovenants.dscr = 0\ncovenants.fccr = 1.3",
    "jv.on = true\njv.sites = ['one']\ndisposal = {on = true, site = 'two'}",
    "own_share = 0\ncloud.term = 24\nequity.on = true\ncovenants.cures = 5",
    "own_share = {value = 0.6, low = 0.1, high = 0.9}\nlease_excess.occupancy = {value = 0.9, low = 0.5, high = 1}\n"
    "lease_excess.on = true",
    "covenants.cures = 0",
]


@pytest.mark.parametrize("text", FINE)
def test_what_is_consistent_is_accepted(tmp_path, text):
    assert read(tmp_path, f"{BASE}[plans.jv]\n{text}\n").plans["jv"]


def test_defaults_of_plans_wait_for_plans_that_use_them(tmp_path):
    text = BASE + "[plan_defaults]\njv.share = 0.7\nequity.limit = 3\ncovenants.dscr = 1.3\ncovenants.cures = 1\n"
    text += (
        "cloud.term = 24\nlease_excess.previous_generation = true\n[plans.a]\nnotes = false\n[plans.b]\njv.on = true\n"
    )
    plans = read(tmp_path, text).plans
    assert [(plan.jv.on, plan.jv.share) for plan in plans.values()] == [(False, 0.7), (True, 0.7)]


def test_a_contradiction_in_the_defaults_is_reported_there_once(tmp_path):
    text = BASE + "[plan_defaults.jv]\non = true\nrenewal_years = 30\n[plans.a]\n[plans.b]\n"
    said = f"my.toml:{AT + 2}: plan_defaults.jv.renewal_years: given 30, wanted at most lease_years (20)"
    assert mistake(tmp_path, text) == said


def test_a_covenant_on_a_config_without_notes(tmp_path):
    text = ONE_SITE + "[plans.a]\ncovenants.dscr = 1.3\n"
    assert mistake(tmp_path, text).endswith("given 1.3 on absent debt, wanted [[notes]] in the config, or 0")


def test_all_contradictions_come_at_once(tmp_path):
    text = BASE + "[plans.a]\njv.share = 0.3\n[plans.b]\nown_share = 0\njv.on = true\n[plans.b.disposal]\non = true\n"
    text += "months = 600\nsite = 'one'\n[plans.c]\nlease_excess.on = 3\ncovenants.cures = 2\n"
    keys = [line.split(": ")[1] for line in mistakes(tmp_path, text)]
    assert keys == [
        "plans.a.jv.share", "plans.b.own_share", "plans.b.disposal.months", "plans.b.disposal.site",
        "plans.c.lease_excess.on", "plans.c.covenants.cures",
    ]  # fmt: skip


def test_scenario_shocks_have_ranges(tmp_path):
    text = BASE + "[plans.a]\n"
    shock = ("drivers.silicon.shock_loss=.4", "drivers.silicon.shock_month=121")
    assert mistake(tmp_path, text, *shock) == (
        "--set drivers.silicon.shock_month: given 121, wanted at most months (120)"
    )
    assert read(tmp_path, text, shock[1]).drivers.silicon.shock_month == 121
    assert "did you mean arpu?" in mistake(tmp_path, text, "dependence.shift.arpuu=1")
    assert "wanted a number from -10 to 10" in mistake(tmp_path, text, "drivers.grid.score_shift=11")


def test_overrides_reach_levers(tmp_path):
    text = BASE + "[plan_defaults.disposal]\nratio = {law = 'uniform', low = 0.8, high = 1}\n[plans.jv]\n"
    config = read(tmp_path, text, "plans.jv.jv.on=true", "plans.jv.jv.share=.7", "plans.jv.jv.sites=['two']",
        "plans.jv.disposal={on=true}", "plans.jv.disposal.ratio.low=0.9")  # fmt: skip
    plan = config.plans["jv"]
    assert (plan.jv.share, plan.jv.sites, plan.jv.rate) == (0.7, ("two",), 0.0658)
    assert (plan.disposal.on, plan.disposal.ratio.low, plan.disposal.ratio.high) == (True, 0.9, 1)
    assert mistake(tmp_path, text, "plans.jv.jv.share=.7") == (
        "--set plans.jv.jv.share: given 0.7 in a plan without jv, wanted on = true beside it"
    )
