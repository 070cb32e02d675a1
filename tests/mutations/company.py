"""Mistakes in cash flow, returns, debt and covenants."""

from __future__ import annotations

from tests.mutations import Mutation

CASH_FLOW = (
    Mutation("adoption is linear", "log(1.0 + effective * fleet)", "effective * fleet"),
    Mutation("revenue is not lifted but multiplied", "adopted[lane]) - 1.0", "adopted[lane])"),
    Mutation("losses on sale are taxed as gains", "+ ledger.gain[m, lane]", "- ledger.gain[m, lane]"),
    Mutation("sales cost money", "spent = ledger.capex[m, lane] - ledger", "spent = ledger.capex[m, lane] + ledger"),
    Mutation("tax is paid out", "ledger.ebitda[m, lane] - f.tax * taxable", "ledger.ebitda[m, lane] + f.tax * taxable"),
    Mutation("terminal losses are taxed", "(brings - totals.book[lane])", "(brings + totals.book[lane])"),
    Mutation(
        "shell may bring more than its book", "min(1.0, last[lane] / p.shell_price)", "last[lane] / p.shell_price"
    ),
    Mutation("the terminal value is not discounted", "discount[months - 1] * end[lane]", "end[lane]"),
    Mutation("payback before the peak", "payback[lane] = months if lower", "payback[lane] = m if lower"),
    Mutation("sunk money is not employed", "totals.sunk[lane] if m == 0", "0.0 if m == 0"),
    Mutation(
        "idle money costs closing rates",
        "ledger.idle[m, lane] * world.funding[m,",
        "ledger.idle[m, lane] * world.funding[m + 1,",
    ),
    Mutation("chips end while they earn", "earns < world.operating_cost", "earns > world.operating_cost"),
    Mutation(
        "the rate of return is of 11 months",
        "step[lane] = exp(log(1.0 + rate[lane]) / -12.0)",
        "step[lane] = exp(log(1.0 + rate[lane]) / -11.0)",
    ),
)

DEBT = (
    Mutation(
        "principal is spread over the wrong term", "amount / plans.tranche_term[k] if", "amount / REFINANCED_YEARS if"
    ),
    Mutation("amortising notes pay once too little", "plans.tranche_issue[k] + 1\n", "plans.tranche_issue[k]\n"),
    Mutation("notes are refinanced at opening rates", "funding[maturity + 1, lane]", "funding[maturity, lane]"),
    Mutation("the tax shield is discounted a month less", "exp(years * begin)", "exp(years * (begin - 1))"),
    Mutation("interest on cash is not taxed", "(1.0 - f.tax) * plans.cash_rate", "plans.cash_rate", "poor"),
    Mutation(
        "interest is taxed",
        "ledger.taxable[m, lane] - ledger.interest[m, lane] - drawn_interest",
        "ledger.taxable[m, lane] + ledger.interest[m, lane] - drawn_interest",
    ),
    Mutation("the penalty is paid every month after", "if m == plans.penalty_month", "if m >= plans.penalty_month"),
    Mutation("the revolver has no limit", "limit - drawn[lane])", "limit)", "poor"),
    Mutation("the revolver is never repaid", "max(floor - after, -drawn[lane])", "max(floor - after, 0.0)", "poor"),
    Mutation(
        "lenders want less than they are owed", "cfads[lane] / REFINANCING_DSCR", "cfads[lane] * REFINANCING_DSCR"
    ),
    Mutation("a refinancing counts its own service", "- amount / REFINANCED_YEARS", "+ amount / REFINANCED_YEARS"),
    Mutation(
        "earnings bear the closing revolver", "ledger.revolver[m - 1, lane] if", "ledger.revolver[m, lane] if", "poor"
    ),
)

COVENANTS = (
    Mutation("the reserve is of 5 years, not of 5.5", "12.0 / p.compute_life", "12.0 / 60.0"),
    Mutation("the reserve forgets the refit", "p.compute_per_mw + plans.refit", "p.compute_per_mw + 0.0 * plans.refit"),
    Mutation("cash adds to leverage", "revolver[lane] - cash[lane]) /", "revolver[lane] + cash[lane]) /"),
    Mutation("leverage forgets the programme's EBITDA", "share * ads[lane] + ebitda[lane]", "share * ads[lane]"),
    Mutation(
        "any service breaks the DSCR covenant",
        "part[lane] < least * whole[lane]",
        "part[lane] < 9.0 * whole[lane]",
        "poor",
    ),
    Mutation("high leverage is a virtue", "ratio[lane] > limit", "ratio[lane] < limit", "poor"),
    Mutation("little cash is a virtue", "cash[lane] < least - SLACK", "cash[lane] > least - SLACK", "poor"),
    Mutation("one passed test cures", "if passed[lane] == 2.0", "if passed[lane] >= 1.0", "poor"),
    Mutation("only one test is watched after a breach", "since[lane] < 3.0", "since[lane] < 2.0", "poor"),
    Mutation("loan life begins a month early", "range(first + 1, ledger", "range(first, ledger"),
    Mutation("the maturity gap is a sum", "note_maturity[plan] - asset", "note_maturity[plan] + asset"),
    Mutation("the duration gap is a sum", "note_duration[plan] - life", "note_duration[plan] + life"),
)
