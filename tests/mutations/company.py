"""Mistakes in cash flow, returns, debt and covenants."""

from __future__ import annotations

from tests.mutations import Mutation

CASH_FLOW = (
    Mutation("adoption is linear", "log(1.0 + effective[m, lane] * fleet)", "effective[m, lane] * fleet"),
    Mutation("revenue is not lifted but multiplied", "adopted[lane]) - 1.0", "adopted[lane])"),
    Mutation("losses on sale are taxed as gains", "written[lane] + gain[m, lane]", "written[lane] - gain[m, lane]"),
    Mutation("sales cost money", "spent = capex[m, lane] - sale", "spent = capex[m, lane] + sale"),
    Mutation("tax is paid out", "ebitda[m, lane] - tax * taxable[m", "ebitda[m, lane] + tax * taxable[m"),
    Mutation("terminal losses are taxed", "f.tax * (brings - ", "f.tax * (brings + "),
    Mutation(
        "shell may bring more than its book",
        "min(1.0, trailing[f.discount.size - 1, lane] / p.shell_price)",
        "trailing[f.discount.size - 1, lane] / p.shell_price",
    ),
    Mutation(
        "the terminal value is not discounted",
        "finance.discount[last] * b.terminal",
        "finance.discount[0] * b.terminal",
    ),
    Mutation("payback before the peak", "payback[lane] = months if lower", "payback[lane] = m if lower"),
    Mutation("sunk money is not employed", "book[:] = sunk", "book[:] = 0.0"),
    Mutation("idle money costs closing rates", "level[lane] * funding[m, lane]", "level[lane] * funding[m + 1, lane]"),
    Mutation("chips end while they earn", "value_mw[lane] < operating_cost", "value_mw[lane] > operating_cost"),
    Mutation(
        "the rate of return is of 11 months",
        "step[lane] = exp(log(1.0 + rate[lane]) / -12.0)",
        "step[lane] = exp(log(1.0 + rate[lane]) / -11.0)",
    ),
    Mutation(
        "assets mature after their end",
        "mature[lane] += mw[lane] if end[lane] == months else 0.0",
        "mature[lane] += mw[lane]",
    ),
)

DEBT = (
    Mutation(
        "principal is spread over the wrong term", "amount / plans.tranche_term[k] if", "amount / REFINANCED_YEARS if"
    ),
    Mutation("amortising notes pay once too little", "plans.tranche_issue[k] + 1\n", "plans.tranche_issue[k]\n"),
    Mutation("notes are refinanced at opening rates", "funding[maturity + 1, lane]", "funding[maturity, lane]"),
    Mutation("the tax shield is discounted a month less", "exp(years * begin)", "exp(years * (begin - 1))"),
    Mutation("interest on cash is not taxed", "1.0 + (1.0 - tax) * ", "1.0 + ", "poor"),
    Mutation("interest is taxed", "taxable[m, lane] - interest[m, lane]", "taxable[m, lane] + interest[m, lane]"),
    Mutation("the penalty is paid every month after", "if m == ", "if m >= "),
    Mutation("the revolver has no limit", "else limit - drawn[lane]", "else pays", "poor"),
    Mutation(
        "the revolver is never repaid", "missing > -drawn[lane] else -drawn[lane]", "missing > 0.0 else 0.0", "poor"
    ),
    Mutation(
        "lenders want less than they are owed", "cfads[lane] / REFINANCING_DSCR", "cfads[lane] * REFINANCING_DSCR"
    ),
    Mutation("a refinancing counts its own service", "- amount / REFINANCED_YEARS", "+ amount / REFINANCED_YEARS"),
    Mutation(
        "earnings do not bear the revolver",
        "earnings[year, lane] += per_share * taxed[lane]",
        "earnings[year, lane] += per_share * (taxed[lane] + drawn_interest[lane])",
        "poor",
    ),
    Mutation("a fixed coupon's shield is discounted a month less", "exp(years * issue)", "exp(years * (issue - 1))"),
    Mutation("the rate of a refinanced note has no margin", "plans.tranche_margin[k] + funding[mat", "funding[mat"),
)

COVENANTS = (
    Mutation("the reserve is of 5 years, not of 5.5", "12.0 / p.compute_life", "12.0 / 60.0"),
    Mutation("the reserve forgets the refit", "p.compute_per_mw + ", "p.compute_per_mw + 0.0 * "),
    Mutation("cash adds to leverage", "revolver[m, lane] - cash[m, lane]", "revolver[m, lane] + cash[m, lane]"),
    Mutation("leverage forgets the programme's EBITDA", "share * ads[lane] + ebitda[lane]", "share * ads[lane]"),
    Mutation(
        "any service breaks the DSCR covenant",
        "part[lane] < least * whole[lane]",
        "part[lane] < 9.0 * whole[lane]",
        "poor",
    ),
    Mutation("high leverage is a virtue", "ratio[lane] > limit", "ratio[lane] < limit", "poor"),
    Mutation("little cash is a virtue", "cash[lane] < least - SLACK", "cash[lane] > least - SLACK", "poor"),
    Mutation("one passed test cures", "cover.passed[lane] == 2.0", "cover.passed[lane] >= 1.0", "poor"),
    Mutation("only one test is watched after a breach", "since[lane] < 3.0", "since[lane] < 2.0", "poor"),
    Mutation("loan life begins a month early", "range(first + 1, ledger", "range(first, ledger"),
    Mutation("the maturity gap is a sum", "note_maturity[plan] - mature", "note_maturity[plan] + mature"),
    Mutation("the duration gap is a sum", "note_duration[plan] - life", "note_duration[plan] + life"),
    Mutation("other debt is forgotten", "debt + revolver[m, lane]", "revolver[m, lane]"),
)
