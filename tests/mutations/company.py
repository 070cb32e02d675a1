"""Mistakes in cash flow, returns, debt and covenants."""

from __future__ import annotations

from tests.mutations import Mutation

CASH_FLOW = (
    Mutation("adoption is linear", "log_ratio = log_normal_number(1.0 + ratio)", "log_ratio = ratio"),
    Mutation("revenue is not lifted but multiplied", "adopted[lane]) - 1.0", "adopted[lane])", "lively"),
    Mutation("a leap of the lift is a step", "w, adopted, growth) > 0:", "w, adopted, growth) < 0:", "lively"),
    Mutation("after a leap the lift is moved again", "            growth[lane] = 0.0\n", "", "lively"),
    Mutation("the lift is a sum of what it grows by", "(rise + rise * lift[lane])", "rise"),
    Mutation("revenue of a year is that of half of it", "rows[1 + k % 2], out[", "rows[2], out[", "pending"),
    Mutation(
        "losses on sale are taxed as gains",
        "month_depreciation - gain[lane]",
        "month_depreciation + gain[lane]",
    ),
    Mutation("sales cost money", "capex[lane] - net_capex[lane]", "capex[lane] + net_capex[lane]"),
    Mutation("tax is paid out", "ebitda[lane] - tax * taxable - scale", "ebitda[lane] + tax * taxable - scale"),
    Mutation("terminal losses are taxed", "f.tax * (brings - totals[", "f.tax * (brings + totals["),
    Mutation(
        "shell may bring more than its book",
        "rate = min(1.0, trailing[lane] / p.shell_price)",
        "rate = trailing[lane] / p.shell_price",
    ),
    Mutation(
        "the terminal value is not discounted",
        "f.wacc_discount[last] * end_value[lane]",
        "f.wacc_discount[0] * end_value[lane]",
    ),
    Mutation("payback before the peak", "payback[lane] = never if lower", "payback[lane] = now if lower"),
    Mutation("sunk money is not employed", "capital[lane] = totals[at.SUNK, lane]", "capital[lane] = 0.0"),
    Mutation(
        "idle money costs closing rates",
        "carry[m, lane] + funding[m, lane] / 12.0",
        "carry[m, lane] + funding[m + 1, lane] / 12.0",
    ),
    Mutation("chips end while they earn", "* asset_value < operating_cost", "* asset_value > operating_cost"),
    Mutation(
        "the rate of return is of 11 months",
        "step[lane] = exp(log(1.0 + rate[lane]) / -12.0)",
        "step[lane] = exp(log(1.0 + rate[lane]) / -11.0)",
    ),
    Mutation(
        "assets mature after their end",
        "maturity[lane] += serving_mw if running else 0.0",
        "maturity[lane] += serving_mw",
    ),
)

DEBT = (
    Mutation("principal is spread over the wrong term", "amount / term if", "amount / REFINANCED_YEARS if"),
    Mutation("amortising notes pay once too little", "(maturity - issue + 1) if", "(maturity - issue) if"),
    Mutation("notes are refinanced at opening rates", "funding[maturity + 1, lane]", "funding[maturity, lane]"),
    Mutation("the tax shield is discounted a month less", "exp(last[lane] * begin)", "exp(last[lane] * (begin - 1))"),
    Mutation("interest on cash is not taxed", "1.0 + (1.0 - tax) * ", "1.0 + ", "poor"),
    Mutation("interest is taxed", "scale * depreciation[lane] - deducted", "scale * depreciation[lane] + deducted"),
    Mutation("the penalty is paid every month after", "liquidity.penalty if m == ", "liquidity.penalty if m >= "),
    Mutation("the revolver has no limit", "else month.limit - debt", "else wanted", "poor"),
    Mutation("the revolver is never repaid", "missing > -debt else -debt", "missing > 0.0 else 0.0", "poor"),
    Mutation(
        "lenders want less than they are owed", "cfads[lane] / REFINANCING_DSCR", "cfads[lane] * REFINANCING_DSCR"
    ),
    Mutation("a refinancing counts its own service", "- amount / REFINANCED_YEARS", "+ amount / REFINANCED_YEARS"),
    Mutation(
        "earnings do not bear the revolver",
        "earned[lane] += share_profit[lane] * taxable",
        "earned[lane] += share_profit[lane] * (taxable + debt * (funding[lane] + margin_rate) * twelfth)",
        "poor",
    ),
    Mutation("a fixed coupon's shield is discounted a month less", "exp(years * issue)", "exp(years * (issue - 1))"),
    Mutation("the rate of a refinanced note has no margin", "margin + funding[mat", "funding[mat"),
)

COVENANTS = (
    Mutation("the reserve is of 5 years, not of 5.5", "12.0 / p.compute_life", "12.0 / 60.0"),
    Mutation("the reserve forgets the refit", "p.compute_cost_per_mw + ", "p.compute_cost_per_mw + 0.0 * "),
    Mutation(
        "cash adds to leverage",
        "other_debt + balance + drawn[lane] - cash",
        "other_debt + balance + drawn[lane] + cash",
    ),
    Mutation(
        "leverage forgets the programme's EBITDA",
        "earned = ebitda_share * revenue[lane] + ebitda[lane]",
        "earned = ebitda_share * revenue[lane]",
    ),
    Mutation(
        "any service breaks the DSCR covenant",
        "lacks = max(limit * service[lane]",
        "lacks = max(9.0 * service[lane]",
        "poor",
    ),
    Mutation(
        "high leverage is a virtue",
        "debt[lane] - limit * earned if",
        "limit * earned - debt[lane] if",
        "poor",
    ),
    Mutation("little cash is a virtue", "short = minimum - cash[lane]", "short = cash[lane] - minimum", "poor"),
    Mutation("one passed test cures", "_WATCHED_TESTS = 2.0", "_WATCHED_TESTS = 1.0", "poor"),
    Mutation("a watch never ends", "rest = ahead - 1.0 if", "rest = ahead if", "poor"),
    Mutation("loan life begins a month early", "range(first + 1, cfads", "range(first, cfads"),
    Mutation("the maturity gap is a sum", "notes.term_mean - maturity", "notes.term_mean + maturity"),
    Mutation("the duration gap is a sum", "notes.duration - life", "notes.duration + life"),
    Mutation("other debt is forgotten", "other_debt + balance", "balance"),
)
