"""Mistakes in the joint venture, in new shares, cures and sweeps."""

from __future__ import annotations

from tests.mutations import Mutation

JOINT = (
    Mutation(
        "the partner pays no sunk shell",
        "_fund_by_partner(part, factors[1], spent, funding[0], claim)\n    for m in range(max(0, int(np.floor",
        "_fund_by_partner(0.0, factors[1], spent, funding[0], claim)\n    for m in range(max(0, int(np.floor",
    ),
    Mutation(
        "spend accrues no interest", "claim[lane] += part * amount[lane] * factor", "claim[lane] += part * amount[lane]"
    ),
    Mutation(
        "interest runs a month longer",
        "1.0 / factors[min(service, months)]",
        "1.0 / factors[min(service + 1, months)]",
    ),
    Mutation("a year's rent is paid a month", "rate / (12.0 * (1.0 - factor", "rate / (1.0 * (1.0 - factor"),
    Mutation("an annuity has another month", "max(months, 0)])", "max(months + 1, 0)])"),
    Mutation(
        "refits are repaid over the whole lease",
        "_annuity_payment(jv.rate, factors[lease_end - m])",
        "_annuity_payment(jv.rate, factors[jv.lease_months])",
    ),
    Mutation(
        "the partner pays no refit", "paid = jv.share * site[REFIT_COST, lane]", "paid = 0.0 * site[REFIT_COST, lane]"
    ),
    Mutation("the partner pays no new compute", "funding[m, lane] += chips", "funding[m, lane] += 0.0 * chips"),
    Mutation(
        "new chips are rented at the old cost",
        "site[CHIP_RENT, lane] = chips * on_chips",
        "site[CHIP_RENT, lane] *= 1.0",
    ),
    Mutation(
        "a chip annuity runs on after a swap",
        "since, min(chip_end, end), lane",
        "since, chip_end, lane",
    ),
    Mutation("only old chips justify staying", "max(old, new) < rent", "old < rent"),
    Mutation("only new chips justify staying", "max(old, new) < rent", "new < rent", "fleeing"),
    Mutation(
        "new chips cost nothing",
        "1e3 * site[COMPUTE_COST, lane] / mw * capital_recovery",
        "0.0 * capital_recovery",
        "fleeing",
    ),
    Mutation(
        "running costs nothing at an exit",
        "cost, price = operating_cost[lane] * growth[m]",
        "cost, price = 0.0 * growth[m]",
        "fleeing",
    ),
    Mutation("nobody is blocked after a swap", "m - since < jv.exit_block", "m - since < 0"),
    Mutation("every date is one to leave at", "m += jv.renewal_months", "m += 1", "fleeing"),
    Mutation(
        "those who left go on running",
        "-mw * (operating_cost[lane] + p.behind_meter_cost * behind[lane]), end",
        "-mw * 0.0, end",
        "fleeing",
    ),
    Mutation(
        "MW that were left still serve",
        "raise_between(mw_change, -mw, end",
        "raise_between(mw_change, 0.0, end",
        "fleeing",
    ),
    Mutation(
        "first chips outlast an exit",
        "raise_between(first_change, -first, end",
        "raise_between(first_change, 0.0, end",
        "fleeing",
    ),
    Mutation(
        "rent outlasts an exit",
        "_book_rent(-site[SHELL_RENT, lane], factors",
        "_book_rent(-0.0 * site[SHELL_RENT, lane], factors",
        "fleeing",
    ),
    Mutation(
        "the guarantee forgets what chips owe",
        "claim += _annuity_balance(jv.rate, site[CHIP_RENT, lane], factors, chip_end - end)",
        "claim += 0.0",
        "fleeing",
    ),
    Mutation(
        "shell is left as new",
        "shell = site[SHELL_COST, lane] * max(1.0 - (end - service) / p.shell_life, 0.0)",
        "shell = site[SHELL_COST, lane]",
        "fleeing",
    ),
    Mutation(
        "a refit is left as new",
        "refit = site[REFIT_COST, lane] * max(1.0 - (end - since) / life, 0.0)",
        "refit = site[REFIT_COST, lane]",
        "fleeing",
    ),
    Mutation("halls keep their book whatever the price", "min(1.0, trailing / shell_price)", "1.0", "fleeing"),
    Mutation("the partner keeps no chips", "(chips if v.jv.assets == ALL else 0.0))", "0.0)", "fleeing"),
    Mutation(
        "the guarantee has no cap",
        "min(guarantee * base, max(claim - value, 0.0))",
        "max(claim - value, 0.0)",
        "fleeing",
    ),
    Mutation("the guarantee is the whole balance", "max(claim - value, 0.0))", "max(claim, 0.0))", "fleeing"),
    Mutation(
        "the base forgets refits", "site[GUARANTEE_BASE, lane] += paid", "site[GUARANTEE_BASE, lane] += 0.0", "fleeing"
    ),
    Mutation(
        "the partner gets nothing for old chips",
        "residual[end, lane] += jv.share * chips",
        "residual[end, lane] += 0.0 * chips",
    ),
    Mutation(
        "an exit leaves the partner nothing",
        "residual[end, lane] += left",
        "residual[end, lane] += 0.0 * left",
        "fleeing",
    ),
    Mutation(
        "nothing is owed at the horizon",
        "totals[at.GUARANTEE_AT_END, lane] += _guarantee_payment",
        "totals[at.GUARANTEE_AT_END, lane] += 0.0 * _guarantee_payment",
    ),
    Mutation(
        "halls under way are worth nothing",
        "if served else site[SHELL_SPENT_SHARE, lane]",
        "if served else 0.0",
        "short",
    ),
    Mutation(
        "the partner holds nothing at the horizon",
        "totals[at.PARTNER_ASSETS_AT_END, lane] += left",
        "totals[at.PARTNER_ASSETS_AT_END, lane] += 0.0",
    ),
    Mutation(
        "sites that were left are owed again",
        "        if site[EXIT, lane] < months:\n            continue\n",
        "        if site[EXIT, lane] < 0:\n            continue\n",
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
    Mutation("rent is not deductible", "transfer = funding - after_tax * charge", "transfer = funding - charge"),
    Mutation(
        "partner money is discounted at the first month's rate",
        "1.0 - f.tax, plan.jv.discount[m], factors",
        "1.0 - f.tax, plan.jv.discount[0], factors",
    ),
    Mutation("returns forget the rent", "charges[lane] += charge\n", "charges[lane] += 0.0 * charge\n"),
    Mutation("the partner's part is invested capital", "so_far = paid_in[lane] + funding", "so_far = paid_in[lane]"),
    Mutation(
        "the horizon's guarantee is not paid",
        "guarantee_factor = plan.jv.discount[last] * after_tax",
        "guarantee_factor = 0.0 * after_tax",
    ),
    Mutation("the partner does not pay in", "rents[lane] - funds[lane] +", "rents[lane] +"),
    Mutation(
        "the partner's end is not discounted", "partner.npv[lane] = factor * end_value", "partner.npv[lane] = end_value"
    ),
    Mutation("committed rent is next month's balance", "1.0 / factors[m]\n", "1.0 / factors[m + 1]\n"),
    Mutation(
        "guarantees due before the horizon are forgotten",
        "guarantee_sum[lane] += guarantee",
        "guarantee_sum[lane] += 0.0",
        "fleeing",
    ),
    Mutation(
        "the sponsor forgets what the partner pays",
        "flows[at.GUARANTEE, m], flows[at.PARTNER_FUNDING, m]\n",
        "flows[at.GUARANTEE, m], rows[state.ZEROS]\n",
    ),
    Mutation(
        "CFADS are before rent",
        "cfads[lane] = after_tax - paid_rent",
        "cfads[lane] = after_tax",
    ),
    Mutation(
        "the guarantee is not charged",
        "(paid_rent + own_share * guarantee[lane])",
        "paid_rent",
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
        "rows[state.SHARE_PROFIT, lane] = kept * each",
        "rows[state.SHARE_PROFIT, lane] = kept / shares",
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
    Mutation(
        "cures never run out",
        "rows[state.CURES_USED, lane] += 1.0 if able",
        "rows[state.CURES_USED, lane] += 0.0 if able",
        "poor",
    ),
    Mutation(
        "an injection is no cash",
        "rows[state.CASH, lane] += amount\n",
        "rows[state.CASH, lane] += 0.0 * amount\n",
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
        "rows[state.CURE_NEED, lane] = 0.0 if able else need",
        "rows[state.CURE_NEED, lane] = need",
        "poor",
    ),
    Mutation(
        "fixed charges forget the cloud",
        "charges = rows[state.YEAR + state.RENT, lane] + rows[state.YEAR + state.CLOUD, lane]",
        "charges = rows[state.YEAR + state.RENT, lane]",
    ),
    Mutation(
        "fixed charges forget rent",
        "charges = rows[state.YEAR + state.RENT, lane] + rows[state.YEAR + state.CLOUD, lane]",
        "charges = rows[state.YEAR + state.CLOUD, lane]",
    ),
    Mutation(
        "what is committed is no debt",
        "rows[state.NET_DEBT, lane] += commitments[lane]",
        "rows[state.NET_DEBT, lane] += 0.0",
    ),
    Mutation(
        "FCCR has no covenant", "fails = limit > 0.0 and paid and lacks", "fails = limit > 9e9 and paid and lacks"
    ),
    Mutation("ICR is before rent", "(ebitda[lane] - rent[lane]) / (interest", "ebitda[lane] / (interest"),
    Mutation(
        "a breach under watch at the end is cured",
        "1.0 if tests_ahead[lane] > 0.0 else cover",
        "0.0 if tests_ahead[lane] > 9e9 else cover",
        "pending",
    ),
    Mutation(
        "a second failure is forgiven",
        "failed_again = 1.0 if ahead > 0.0 else uncured_before",
        "failed_again = uncured_before",
        "poor",
    ),
)

SWEEPS = (
    Mutation(
        "a sweep takes the floor as well",
        "above = rows[state.CASH, lane] - floor",
        "above = rows[state.CASH, lane]",
        "swept",
    ),
    Mutation(
        "a sweep costs no cash",
        "rows[state.CASH, lane] -= owed if everything else excess",
        "rows[state.CASH, lane] -= 0.0",
        "swept",
    ),
    Mutation(
        "a sweep prepays nothing",
        "rows[state.NOTES_LEFT, lane] - excess / balance",
        "rows[state.NOTES_LEFT, lane]",
        "swept",
    ),
    Mutation(
        "prepaid notes bear interest",
        "ledger[at.INTEREST, m, lane] *= left",
        "ledger[at.INTEREST, m, lane] *= 1.0",
        "swept",
    ),
    Mutation(
        "prepaid notes shield tax",
        "apv[lane] += left * ledger[at.TAX_SHIELD, m, lane]",
        "apv[lane] += ledger[at.TAX_SHIELD, m, lane]",
        "swept",
    ),
    Mutation("prepaid notes are repaid", "repaid * (1.0 - left)", "repaid * 0.0 * (1.0 - left)", "swept"),
    Mutation(
        "prepaid amortisation is served",
        "rows[state.AMORTISED_QUARTER, lane] += left * amortised",
        "rows[state.AMORTISED_QUARTER, lane] += amortised",
        "swept",
    ),
    Mutation(
        "new notes are prepaid as well",
        "(left * before + issued) / (before + issued)",
        "left",
        "swept",
    ),
    Mutation("prepaid bullets are served", "+ left[lane] * bullets + amortised", "+ bullets + amortised", "swept"),
    Mutation(
        "prepaid notes are debt",
        "other_debt + left[lane] * balance",
        "other_debt + balance + 0.0 * left[lane]",
        "swept",
    ),
    Mutation("every breach is swept", "begins = fails and tests_ahead[lane] > 0.0", "begins = fails", "swept"),
    Mutation("a sweep never ends", "swept = 0.0 if sweep_is_over else", "swept = 0.0 if False else", "swept"),
    Mutation("refinanced notes were not prepaid", "notes[m, lane] * closing if sweep", "1.0 if sweep", "swept"),
    Mutation(
        "debt at the assets' end was not prepaid",
        "outstanding = notes[month, lane] if",
        "outstanding = balance[month] if",
        "swept",
    ),
)
