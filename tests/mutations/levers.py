"""Mistakes in letting, renting and selling: what plans do beyond owning, notes and the revolver."""

from __future__ import annotations

from tests.mutations import Mutation

LETTING = (
    Mutation("contracts rent at spot", "contracts[lane] * share", "price[lane] * share"),
    Mutation("contracts run a month longer", "turns = min(max(q.term, 1)", "turns = min(q.term + 1"),
    Mutation(
        "a rest of months has two digits",
        "powers[_row(rest, 1)], powers[_row(rest, 2)]",
        "powers[_row(rest, 1)], powers[0]",
        "lively",
    ),
    Mutation(
        "a rest of months has three digits",
        "_multiply(high, powers[_row(rest, 3)], power)",
        "_multiply(high, powers[0], power)",
        "lively",
    ),
    Mutation("nothing is let at spot", "(on_spot * value_mw[lane] + relet[lane])", "relet[lane]"),
    Mutation("all is let at spot", "(1.0 - q.contract) * scale", "scale"),
    Mutation("selling costs nothing", "            1.0 - q.cost, supply, depth", "            1.0, supply, depth"),
    Mutation(
        "choices do not lower the price",
        "q.own * ledger[at.CHOSEN, m, lane]",
        "0.0 * ledger[at.CHOSEN, m, lane]",
        "scarce",
    ),
    Mutation("the market does not grow", "depth = 1.0 / market[m] if", "depth = 1.0 / market[0] if", "scarce"),
    Mutation("own supply lowers no price", "more[lane]) * depth)", "more[lane]) * 0.0)", "scarce"),
    Mutation("chosen MW earn no rent", "extra[lane] = q.own / 12e3", "extra[lane] = 0.0 / 12e3"),
    Mutation("spare MW do not crowd", "1.0 - lease.crowding * lease.leased_share", "1.0"),
    Mutation("tenants never default", "if scores[lane] < longest", "if scores[lane] < -99.0"),
    Mutation("tenants default a month early", ">= first + j + 1", ">= first + j + 2"),
    Mutation("each term has the first tenant's fate", "scores = z[first[k] + turn]", "scores = z[first[k]]"),
    Mutation(
        "contracts outlast an exit", "    if leaves:\n        n = _find", "    if False:\n        n = _find", "fleeing"
    ),
    Mutation("a site that is left is let at spot", "until = min(end, gone)", "until = end", "fleeing"),
    Mutation("an exit ends what a default has ended", "lane]) <= pays):", "lane]) <= -1):", "fleeing"),
    Mutation("a tenant that never came defaults", "lock < gone and stops <= gone and", "lock < gone and", "fleeing"),
    Mutation("what was never locked is broken", "if lock < gone and stops", "if stops", "fickle"),
    Mutation("chips let again stay as they were", "min(int(vintages[turn + 1, lane]), until)", "until"),
    Mutation("what a tenant left stays empty", "value_mw[lane] + relet[lane])", "value_mw[lane])"),
    Mutation(
        "a lock's own supply is that of today",
        "scale * fetched(q, market[lock]",
        "scale * fetched(q, market[0]",
        "scarce",
    ),
    Mutation("contracts are not locked again", "lock += term\n", "lock += 999\n"),
    Mutation(
        "contracts forget how old the chips are", "worth * value[lock, lane]", "mw + 0.0 * worth * value[lock, lane]"
    ),
)

CHOICES = (
    Mutation("the option ignores its price", "lets > worth[lane] * does", "lets > 0.0 * worth[lane] * does"),
    Mutation("the option looks at the market's price", "keeps * share[lane]\n", "keeps\n", "scarce"),
    Mutation("the option bears the cost of selling", "chosen[lane]) / (1.0 - q.cost)", "chosen[lane])"),
    Mutation("the option weighs a month's ads", "year = out[lane] * 12e3 /", "year = out[lane] * 1e3 /"),
    Mutation("the option forgets what is adopted", "exp(epsilon[lane] * adopted[lane]) * epsilon", "epsilon"),
    Mutation("the option sees no compute at work", "effective[m - 1, lane] if m > 0", "0.0 if m > 0"),
    Mutation(
        "the option is for new chips",
        "lets = q.occupancy * trailing[m, lane] * keeps",
        "lets = q.occupancy * trailing[m, lane]",
    ),
    Mutation("old chips do as much as new", "does * work[m, lane] else 0.0", "does else 0.0"),
    Mutation("what is let goes on working", "(1.0 if whole else q.option * taken[lane])", "(1.0 if whole else 0.0)"),
    Mutation(
        "whole sites go on working",
        "(1.0 if whole else q.option * taken[lane])",
        "(0.0 if whole else q.option * taken[lane])",
    ),
    Mutation(
        "a site let whole keeps its choice", "taken[lane] = 0.0 if whole else taken[lane]", "taken[lane] = taken[lane]"
    ),
    Mutation("the spare of a whole site is let twice", "(q.occupancy - q.let) if whole", "q.occupancy if whole"),
    Mutation(
        "the newest site is let whole", "generation[u, lane] < newest[lane]", "generation[u, lane] <= newest[lane]"
    ),
    Mutation(
        "sites that have not begun set the generation",
        "if start[k, lane] <= m < left[k, lane]:",
        "if m < left[k, lane]:",
    ),
    Mutation("choices are made in every month", "january[m] == 1, q", "january[m] >= 0, q"),
    Mutation("what is let stays in W", "lane] = kept * (does[m, lane] - away[lane])", "lane] = kept * does[m, lane]"),
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
        "(efficiency[lock, lane] / work[lock, lane] - held",
        "(efficiency[first, lane] / work[first, lane] - held",
    ),
    Mutation(
        "the rented are wearless", "effective[m, lane] = does[lane] * work[m, lane]", "effective[m, lane] = does[lane]"
    ),
    Mutation("rent is no cost", "paid[lane] = cloud[m, lane]", "paid[lane] = 0.0 * cloud[m, lane]"),
    Mutation(
        "the month's own rent is still owed", "min(lock + term, months) - 1 - m", "min(lock + term, months) - m", "poor"
    ),
    Mutation("commitments outlast the horizon", "rest = min(lock + term, months)", "rest = (lock + term)", "world"),
    Mutation(
        "commitments are discounted at opening rates",
        "_discount(funding[m + 1]",
        "_discount(funding[m]",
        "poor",
    ),
)

DISPOSAL = (
    Mutation("a gain is booked at once", "carrying * min(1.0, ratio)", "carrying * ratio"),
    Mutation("the pool always closes", "< plan.disposal.probability_threshold", "< 99.0"),
    Mutation(
        "the pool closes a month late",
        "sold = carrying * ratio if m == when",
        "sold = carrying * ratio if m == when + 1",
    ),
    Mutation("the pool's gain is not taxed", "charged[m, lane] -= result", "charged[m, lane] -= 0.0"),
    Mutation("a held pool is depreciated", "if not closes and back <= m", "if back <= m or True"),
    Mutation("an unsold pool is worth its book", "book * min(1.0, trailing[lane] / p.shell_price)", "book"),
    Mutation("a pool's write-down is no write-off", "write_offs[lane] += carrying - book", "write_offs[lane] += 0.0"),
    Mutation("a pool is no invested capital", "invested[lane] += book if m < when else 0.0", "invested[lane] += 0.0"),
)
