"""Mistakes in leasing, renting and selling: what plans do beyond owning, notes and the revolver."""

from __future__ import annotations

from tests.mutations import Mutation

LEASING = (
    Mutation("contracts rent at spot", "contracts[lane] * price_share", "price[lane] * price_share"),
    Mutation("contracts run a month longer", "turns = min(max(excess.term, 1)", "turns = min(excess.term + 1"),
    Mutation(
        "a rest of months has two digits",
        "powers[_power_row(rest, 1)], powers[_power_row(rest, 2)]",
        "powers[_power_row(rest, 1)], powers[0]",
        "lively",
    ),
    Mutation(
        "a rest of months has three digits",
        "_multiply(high, powers[_power_row(rest, 3)], power)",
        "_multiply(high, powers[0], power)",
        "lively",
    ),
    Mutation("nothing is let at spot", "(rates.spot_scale * value_mw[lane] + relet[lane])", "relet[lane]"),
    Mutation("all is let at spot", "(1.0 - excess.contract_share) * scale", "scale"),
    Mutation("selling costs nothing", "            1.0 - excess.cost_ratio, own", "            1.0, own"),
    Mutation(
        "choices do not lower the price",
        "own_share * ledger[at.OPTION_MW, m, lane]",
        "0.0 * ledger[at.OPTION_MW, m, lane]",
        "scarce",
    ),
    Mutation("the market does not grow", "depth = 1.0 / market[m] if", "depth = 1.0 / market[0] if", "scarce"),
    Mutation("own supply lowers no price", "option_mw[lane]) * rates.depth)", "option_mw[lane]) * 0.0)", "scarce"),
    Mutation("chosen MW earn no rent", "option_value[lane] = own_share / 12e3", "option_value[lane] = 0.0 / 12e3"),
    Mutation("spare MW do not crowd", "1.0 - excess.crowding * excess.leased_share", "1.0"),
    Mutation("tenants never default", "if scores[lane] < highest", "if scores[lane] < -99.0"),
    Mutation("tenants default a month early", ">= first + j + 1", ">= first + j + 2"),
    Mutation("each term has the first tenant's fate", "scores = z[first_row[k] + number]", "scores = z[first_row[k]]"),
    Mutation(
        "contracts outlast an exit",
        "    if tenants.exit:\n        n = _list",
        "    if False:\n        n = _list",
        "fleeing",
    ),
    Mutation("a site that is left is let at spot", "until = min(end, contract.exit)", "until = end", "fleeing"),
    Mutation("an exit ends what a default has ended", "lane]) <= paid", "lane]) <= -1", "fleeing"),
    Mutation(
        "a tenant that never came defaults", "lock < left and last_paid <= left and", "lock < left and", "fleeing"
    ),
    Mutation("what was never locked is broken", "if lock < left and last_paid", "if last_paid", "fickle"),
    Mutation("chips let again stay as they were", "min(int(purchases[number + 1, lane]), until)", "until"),
    Mutation("what a tenant left stays empty", "value_mw[lane] + relet[lane])", "value_mw[lane])"),
    Mutation(
        "a lock's own supply is that of today",
        "scale * realised_price_share(leasing, market[lock]",
        "scale * realised_price_share(leasing, market[0]",
        "scarce",
    ),
    Mutation("contracts are not locked again", "lock += term\n", "lock += 999\n"),
    Mutation(
        "contracts forget how old the chips are",
        "value_mw * value[lock, lane]",
        "mw + 0.0 * value_mw * value[lock, lane]",
    ),
)

CHOICES = (
    Mutation("the option ignores its price", "lease_value > own_value", "lease_value > 0.0 * own_value"),
    Mutation("the option looks at the market's price", "kept_value * price_share[lane]\n", "kept_value\n", "scarce"),
    Mutation("the option bears the cost of selling", "share / (1.0 - excess.cost_ratio)", "share"),
    Mutation("the option weighs a month's ads", "year = out[lane] * 12e3 /", "year = out[lane] * 1e3 /"),
    Mutation("the option forgets what is adopted", "exp(elasticity[lane] * adopted[lane]) * elasticity", "elasticity"),
    Mutation("the option sees no compute at work", "effective[m - 1, lane] if m > 0", "0.0 if m > 0"),
    Mutation(
        "the option is for new chips",
        "lease_value = excess.occupancy * trailing[m, lane] * kept_value",
        "lease_value = excess.occupancy * trailing[m, lane]",
    ),
    Mutation(
        "old chips do as much as new", "ad_value[lane] * work_units * work[m, lane]", "ad_value[lane] * work_units"
    ),
    Mutation(
        "what is let goes on working", "(1.0 if whole else option.share * exercised[lane])", "(1.0 if whole else 0.0)"
    ),
    Mutation(
        "whole sites go on working",
        "(1.0 if whole else option.share * exercised[lane])",
        "(0.0 if whole else option.share * exercised[lane])",
    ),
    Mutation(
        "a site let whole keeps its choice",
        "exercised[lane] = 0.0 if whole else exercised[lane]",
        "exercised[lane] = exercised[lane]",
    ),
    Mutation(
        "the spare of a whole site is let twice",
        "extra = excess.occupancy - excess.leased_share",
        "extra = excess.occupancy",
    ),
    Mutation(
        "the newest site is let whole", "generation[u, lane] < newest[lane]", "generation[u, lane] <= newest[lane]"
    ),
    Mutation(
        "sites that have not begun set the generation",
        "if start[k, lane] <= m < left[k, lane]:",
        "if m < left[k, lane]:",
    ),
    Mutation("choices are made in every month", "c.finance.january[m] == 1", "c.finance.january[m] >= 0"),
    Mutation(
        "what is let stays in W",
        "lane] = work_share * (work_units[m, lane] - away[lane])",
        "lane] = work_share * work_units[m, lane]",
    ),
)

CLOUD = (
    Mutation(
        "all of a rented site is paid",
        "scale = use * rented * mw[k] / 12e3\n                for",
        "scale = rented * mw[k] / 12e3\n                for",
    ),
    Mutation("rent is never locked again", "if m >= first and lock == m:", "if m == first and lock == m:"),
    Mutation(
        "a term is locked a month late",
        "first = int(planned[k]) - 1\n            lock, before",
        "first = int(planned[k])\n            lock, before",
    ),
    Mutation(
        "rented MW work at once",
        "starts = m == first + delay[k]\n            if m >= first + delay[k]",
        "starts = m == first\n            if m >= first",
    ),
    Mutation(
        "rented chips are of the first term",
        "added = efficiency[lock, lane] / work[lock, lane]",
        "added = efficiency[first, lane] / work[first, lane]",
    ),
    Mutation(
        "the rented are wearless",
        "effective[m, lane] = work_units[lane] * work[m, lane]",
        "effective[m, lane] = work_units[lane]",
    ),
    Mutation("rent is no cost", "cloud_cost[lane] = cloud[m, lane]", "cloud_cost[lane] = 0.0 * cloud[m, lane]"),
    Mutation(
        "the month's own rent is still owed", "min(lock + term, months) - 1 - m", "min(lock + term, months) - m", "poor"
    ),
    Mutation("commitments outlast the horizon", "rest = min(lock + term, months)", "rest = (lock + term)", "world"),
    Mutation(
        "commitments are discounted at opening rates",
        "_discount_factors(funding[m + 1]",
        "_discount_factors(funding[m]",
        "poor",
    ),
)

DISPOSAL = (
    Mutation("a gain is booked at once", "carrying * min(1.0, ratio)", "carrying * ratio"),
    Mutation("the pool always closes", "< disposal.probability_threshold", "< 99.0"),
    Mutation(
        "the pool closes a month late",
        "sold = carrying * ratio if m == when",
        "sold = carrying * ratio if m == when + 1",
    ),
    Mutation("the pool's gain is not taxed", "charges[m, lane] -= gain", "charges[m, lane] -= 0.0"),
    Mutation("a held pool is depreciated", "if not closes and back <= m", "if back <= m or True"),
    Mutation("an unsold pool is worth its book", "book * min(1.0, trailing[lane] / p.shell_price)", "book"),
    Mutation("a pool's write-down is no write-off", "write_offs[lane] += carrying - book", "write_offs[lane] += 0.0"),
    Mutation(
        "a pool is no invested capital",
        "capital_months[lane] += book if m < when else 0.0",
        "capital_months[lane] += 0.0",
    ),
)
