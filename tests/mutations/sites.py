"""Mistakes in what sites cost, when they work and what their chips are worth."""

from __future__ import annotations

from tests.mutations import Mutation

SITES = (
    Mutation("service begins a month late", "np.ceil(energised[lane]) - 1.0", "np.ceil(energised[lane])"),
    Mutation("chips are delivered a month late", "if deferred else planned - 1.0", "if deferred else planned"),
    Mutation("a hall is finished a month late", "np.ceil(built[lane]) - 1.0", "np.ceil(built[lane])"),
    Mutation("shell is spent along another curve", "t * t * (3.0 - 2.0 * t)", "t * t * (2.0 - 1.0 * t)"),
    Mutation("committed chips are never sunk", "max(0, min(-first, window)) / window", "0.0 / window"),
    Mutation("deferred chips are paid by whole months", "- max(float(m), begin)", "- float(m)"),
    Mutation("the fee falls due a month late", "fee[int(planned) - 1, lane]", "fee[int(planned), lane]"),
    Mutation("the fee grows with any delay", "/ window, 0.0), 1.0)", "/ window, 0.0), 9.0)"),
    Mutation(
        "idle halls count a month more",
        "site[SHELL_COST, lane] * (end - finished) / 12.0",
        "site[SHELL_COST, lane] * (end - finished + 1) / 12.0",
    ),
    Mutation("idle chips cost nothing to run", "idle_share * full, delivered", "idle_share * full, begin"),
    Mutation("own power is cheaper", "+ mw * adder * behind", "- mw * adder * behind"),
    Mutation("shell book is what was used", "shell * (1.0 - used)", "shell * used"),
    Mutation(
        "the first vintage is of the month of service",
        "site[PURCHASE, lane] = site[DELIVERY, lane]",
        "site[PURCHASE, lane] = site[SERVICE, lane]",
    ),
    Mutation(
        "book life is a month short", "min(since + life, months) if refresh", "min(since + life - 1, months) if refresh"
    ),
    Mutation(
        "old chips earn the price of new ones",
        "trailing[m, lane] * kept_value < cost",
        "trailing[m, lane] < cost * kept_value",
    ),
    Mutation(
        "chips are bought though none earn their keep", "and trailing[m, lane] >= cost", "and cost >= 0.0", "dear"
    ),
    Mutation(
        "stranded value counts last month's book",
        "(site[DEPRECIATION_START, lane] - 1.0)",
        "site[DEPRECIATION_START, lane]",
    ),
    Mutation("a book stands above its cost before service", "(line if line < cost else cost)", "line"),
    Mutation(
        "the third of four months is the fourth", "lane] += _value_gap(now + 2.0,", "lane] += _value_gap(now + 3.0,"
    ),
    Mutation("sites work from the first day", "int(site[SERVICE, lane]) + delay", "int(site[SERVICE, lane])"),
    Mutation(
        "wear before the purchase counts twice",
        "efficiency[vintage, lane] / work[vintage, lane]",
        "efficiency[vintage, lane] * work[vintage, lane]",
    ),
    Mutation("chips are sold at value", "keep_chips * worth * resale[lane]", "keep_chips * worth"),
    Mutation("gains are written off", "max(cost * left - proceeds, 0.0)", "max(proceeds - cost * left, 0.0)"),
    Mutation("a refit does not grow dearer", "site[SHELL_COST, lane] * growth[end]", "site[SHELL_COST, lane]"),
    Mutation("the refit has no book at the horizon", "keep_chips * spent * left + refit", "keep_chips * spent * left"),
    Mutation(
        "chips are worth their full value at the horizon",
        "keep_chips * now * spent * resale[lane]",
        "keep_chips * now * spent",
    ),
    Mutation(
        "undelivered chips are all paid",
        "else cost * site[COMPUTE_SPENT_SHARE, lane]",
        "else cost",
        "short",
    ),
)
