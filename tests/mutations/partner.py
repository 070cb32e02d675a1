"""Mistakes in the joint venture, in new shares, cures and sweeps."""

from __future__ import annotations

from tests.mutations import Mutation

JOINT = (
    Mutation(
        "the partner pays no sunk shell",
        "_contribute(part, decay[1], spent, partner[0], base)\n    for m in range(max(0, int(np.floor",
        "_contribute(0.0, decay[1], spent, partner[0], base)\n    for m in range(max(0, int(np.floor",
    ),
    Mutation(
        "spend accrues no interest", "base[lane] += part * amount[lane] * weight", "base[lane] += part * amount[lane]"
    ),
    Mutation(
        "interest runs a month longer",
        "1.0 / j.decay[min(service, months)]",
        "1.0 / j.decay[min(service + 1, months)]",
    ),
    Mutation("a year's rent is paid a month", "j.rate / (12.0 * (1.0 - j", "j.rate / (1.0 * (1.0 - j"),
    Mutation("an annuity has another month", "max(months, 0)])", "max(months + 1, 0)])"),
    Mutation("refits are repaid over the whole lease", "_annuity(j, runs_to - m)", "_annuity(j, j.lease)"),
    Mutation("the partner pays no refit", "paid = j.share * site[REFIT, lane]", "paid = 0.0 * site[REFIT, lane]"),
    Mutation("the partner pays no new compute", "partner[m, lane] += chips", "partner[m, lane] += 0.0 * chips"),
    Mutation(
        "new chips are rented at the old cost",
        "site[CHIP_RENT, lane] = chips * on_chips",
        "site[CHIP_RENT, lane] *= 1.0",
    ),
    Mutation(
        "a chip annuity runs on after a swap",
        "since, chip_end, min(chip_end, end), lane",
        "since, chip_end, chip_end, lane",
    ),
    Mutation("only old chips justify staying", "max(old, new) < rent", "old < rent"),
    Mutation("only new chips justify staying", "max(old, new) < rent", "new < rent", "fleeing"),
    Mutation("new chips cost nothing", "1e3 * site[COMPUTE, lane] / mw * recovery", "0.0 * recovery", "fleeing"),
    Mutation(
        "running costs nothing at an exit",
        "run, price = operating_cost[lane] * growth[m]",
        "run, price = 0.0 * growth[m]",
        "fleeing",
    ),
    Mutation("nobody is blocked after a swap", "m - since < j.block", "m - since < 0"),
    Mutation("every date is one to leave at", "m += j.renewal", "m += 1", "fleeing"),
    Mutation(
        "those who left go on running",
        "-mw * (operating_cost[lane] + adder * behind[lane]), end",
        "-mw * 0.0, end",
        "fleeing",
    ),
    Mutation(
        "MW that were left still serve", "add_level(mw_change, -mw, end", "add_level(mw_change, 0.0, end", "fleeing"
    ),
    Mutation(
        "first chips outlast an exit",
        "add_level(first_change, -first, end",
        "add_level(first_change, 0.0, end",
        "fleeing",
    ),
    Mutation(
        "rent outlasts an exit",
        "_add_rent(j, -site[RENTED, lane], end",
        "_add_rent(j, -0.0 * site[RENTED, lane], end",
        "fleeing",
    ),
    Mutation(
        "the guarantee forgets what chips owe",
        "owed += balance(j, site[CHIP_RENT, lane], chip_end - end)",
        "owed += 0.0",
        "fleeing",
    ),
    Mutation(
        "shell is left as new",
        "shell = site[SHELL, lane] * max(1.0 - (end - service) / shell_life, 0.0)",
        "shell = site[SHELL, lane]",
        "fleeing",
    ),
    Mutation(
        "a refit is left as new",
        "refit = site[REFIT, lane] * max(1.0 - (end - since) / life, 0.0)",
        "refit = site[REFIT, lane]",
        "fleeing",
    ),
    Mutation("halls keep their book whatever the price", "min(1.0, trailing / shell_price)", "1.0", "fleeing"),
    Mutation("the partner keeps no chips", "(chips if j.chips else 0.0))", "0.0)", "fleeing"),
    Mutation(
        "the guarantee has no cap",
        "min(j.guarantee * base, max(owed - value, 0.0))",
        "max(owed - value, 0.0)",
        "fleeing",
    ),
    Mutation("the guarantee is the whole balance", "max(owed - value, 0.0))", "max(owed, 0.0))", "fleeing"),
    Mutation(
        "the base forgets refits", "site[PARTNER_BASE, lane] += paid", "site[PARTNER_BASE, lane] += 0.0", "fleeing"
    ),
    Mutation(
        "the partner gets nothing for old chips",
        "returned[end, lane] += j.share * worth",
        "returned[end, lane] += 0.0 * worth",
    ),
    Mutation(
        "an exit leaves the partner nothing",
        "returned[end, lane] += left",
        "returned[end, lane] += 0.0 * left",
        "fleeing",
    ),
    Mutation(
        "nothing is owed at the horizon",
        "totals[at.OWED_AT_END, lane] += _guaranteed",
        "totals[at.OWED_AT_END, lane] += 0.0 * guaranteed",
    ),
    Mutation(
        "halls under way are worth nothing", "if served else site[SHELL_SHARE, lane]", "if served else 0.0", "short"
    ),
    Mutation(
        "the partner holds nothing at the horizon",
        "totals[at.PARTNER_VALUE, lane] += left",
        "totals[at.PARTNER_VALUE, lane] += 0.0",
    ),
    Mutation(
        "sites that were left are owed again",
        "if site[LEFT, lane] < months:\n            continue\n        service, since, vintage",
        "if site[LEFT, lane] < 0:\n            continue\n        service, since, vintage",
        "fleeing",
    ),
    Mutation(
        "refits are written off at an exit",
        "cost = compute if stays else compute + refit",
        "cost = compute + refit",
        "fleeing",
    ),
    Mutation("the sponsor sells the partner's chips", "proceeds = keep_chips * worth", "proceeds = worth"),
    Mutation(
        "the sponsor depreciates the partner's shell",
        "begin, shell = int(site[SERVICE, lane]), keep *",
        "begin, shell = int(site[SERVICE, lane]), 1.0 *",
    ),
    Mutation(
        "idle capital is all the sponsor's", "keep * shell + keep_chips * compute", "shell + keep_chips * compute"
    ),
    Mutation("rent is not deductible", "passes = given - after_tax * charge", "passes = given - charge"),
    Mutation(
        "partner money is discounted at the first month's rate",
        "own, 1.0 - f.tax, discount[m], j.decay",
        "own, 1.0 - f.tax, discount[0], j.decay",
    ),
    Mutation("returns forget the rent", "charged[lane] += charge", "charged[lane] += 0.0 * charge"),
    Mutation("the partner's part is invested capital", "so_far = paid[lane] + given", "so_far = paid[lane]"),
    Mutation(
        "the horizon's guarantee is not paid",
        "owed = plan.jv.discount[last] * after_tax",
        "owed = 0.0 * after_tax",
    ),
    Mutation("the partner does not pay in", "rents[lane] - funds[lane] +", "rents[lane] +"),
    Mutation("the partner's end is not discounted", "j.decay[months] * end", "end"),
    Mutation("committed rent is next month's balance", "1.0 / j.decay[m]\n", "1.0 / j.decay[m + 1]\n"),
    Mutation(
        "guarantees due before the horizon are forgotten",
        "guaranteed[lane] += pay",
        "guaranteed[lane] += 0.0",
        "fleeing",
    ),
    Mutation(
        "the sponsor forgets what the partner pays",
        "works[at.GUARANTEE, m], works[at.PARTNER, m]\n",
        "works[at.GUARANTEE, m], rows[row.NOTHING]\n",
    ),
    Mutation(
        "CFADS are before rent",
        "cfads[lane] = before - pays_rent",
        "cfads[lane] = before",
    ),
    Mutation(
        "the guarantee is not charged",
        "(pays_rent + own * guaranteed[lane])",
        "pays_rent",
        "fleeing",
    ),
)

EQUITY = (
    Mutation(
        "shares are sold without end",
        "room = limit - sold[lane] if limit > sold[lane] else 0.0",
        "room = limit",
        "poor",
    ),
    Mutation(
        "new shares earn like old ones",
        "rows[row.PER_SHARE, lane] = kept * each",
        "rows[row.PER_SHARE, lane] = kept / shares",
        "poor",
    ),
    Mutation(
        "the base business is not diluted",
        "earned[lane] -= base * (1.0 - shares * each)",
        "earned[lane] -= 0.0 * each",
        "poor",
    ),
    Mutation(
        "shares are sold at the market",
        "levers.price_net[k], ",
        "1.05 * levers.price_net[k], ",
        "poor",
    ),
    Mutation("cures never run out", "rows[CURED, lane] += 1.0 if able", "rows[CURED, lane] += 0.0 if able", "poor"),
    Mutation(
        "an injection is no cash",
        "rows[HELD, lane] += amount\n",
        "rows[HELD, lane] += 0.0 * amount\n",
        "poor",
    ),
    Mutation("an injection may exceed the limit", "need <= limit - sold[lane]", "need <= 9e9", "poor"),
    Mutation(
        "an injection cures no first breach",
        "amount > 0.0 and month[lane] == m",
        "amount < 0.0 and month[lane] == m",
        "poor",
    ),
    Mutation(
        "a failing injection leaves the breach",
        "rows[NEED, lane] = 0.0 if able else need",
        "rows[NEED, lane] = need",
        "poor",
    ),
    Mutation(
        "fixed charges forget the cloud",
        "charges = rows[YEAR + RENT, lane] + rows[YEAR + CLOUD, lane]",
        "charges = rows[YEAR + RENT, lane]",
    ),
    Mutation(
        "fixed charges forget rent",
        "charges = rows[YEAR + RENT, lane] + rows[YEAR + CLOUD, lane]",
        "charges = rows[YEAR + CLOUD, lane]",
    ),
    Mutation("what is committed is no debt", "rows[DEBT, lane] += ledger[at.OWED, m, lane]", "rows[DEBT, lane] += 0.0"),
    Mutation(
        "FCCR has no covenant", "fails = least > 0.0 and paid and lacks", "fails = least > 9e9 and paid and lacks"
    ),
    Mutation("ICR is before rent", "(ebitda[lane] - rent[lane]) / (interest", "ebitda[lane] / (interest"),
    Mutation(
        "a breach under watch at the end is cured",
        "1.0 if awaited[lane] > 0.0 else cover",
        "0.0 if awaited[lane] > 9e9 else cover",
        "pending",
    ),
    Mutation("a second failure is forgiven", "found = 1.0 if awaited > 0.0 else known", "found = known", "poor"),
)

SWEEPS = (
    Mutation(
        "a sweep takes the floor as well",
        "above = rows[row.HELD, lane] - floor",
        "above = rows[row.HELD, lane]",
        "swept",
    ),
    Mutation(
        "a sweep costs no cash",
        "rows[row.HELD, lane] -= owed if all_of_it else excess",
        "rows[row.HELD, lane] -= 0.0",
        "swept",
    ),
    Mutation("a sweep prepays nothing", "rows[row.LEFT, lane] - excess / balance", "rows[row.LEFT, lane]", "swept"),
    Mutation(
        "prepaid notes bear interest",
        "ledger[at.INTEREST, m, lane] *= left",
        "ledger[at.INTEREST, m, lane] *= 1.0",
        "swept",
    ),
    Mutation(
        "prepaid notes shield tax",
        "apv[lane] += left * ledger[at.SHIELD, m, lane]",
        "apv[lane] += ledger[at.SHIELD, m, lane]",
        "swept",
    ),
    Mutation("prepaid notes are repaid", "repaid * (1.0 - left)", "repaid * 0.0 * (1.0 - left)", "swept"),
    Mutation(
        "prepaid amortisation is served",
        "rows[row.PAID, lane] += left * amortised",
        "rows[row.PAID, lane] += amortised",
        "swept",
    ),
    Mutation(
        "new notes are prepaid as well",
        "(rows[row.LEFT, lane] * before + issued) / (before + issued)",
        "rows[row.LEFT, lane]",
        "swept",
    ),
    Mutation("prepaid bullets are served", "+ left * bullets + rows", "+ bullets + rows", "swept"),
    Mutation(
        "prepaid notes are debt",
        "terms.other_debt + left * balance",
        "terms.other_debt + balance + 0.0 * left",
        "swept",
    ),
    Mutation("every breach is swept", "found = fails and rows[AWAITED, lane] > 0.0", "found = fails", "swept"),
    Mutation("a sweep never ends", "swept = 0.0 if ends else", "swept = 0.0 if False else", "swept"),
    Mutation("refinanced notes were not prepaid", "notes[m, lane] * standing if sweep", "1.0 if sweep", "swept"),
    Mutation(
        "debt at the assets' end was not prepaid",
        "stands = notes[month, lane] if",
        "stands = balance[month] if",
        "swept",
    ),
)
