"""Mistakes in the drivers and in the figures of a world."""

from __future__ import annotations

from tests.mutations import Mutation

WORLD = (
    Mutation("a factor forgets its first correlation", "range(1, weight.size)", "range(2, weight.size)", "world"),
    Mutation("the t copula loses the sign of a factor", "-f if place[l] < 0.0 else f", "f", "regimes"),
    Mutation("today's chips are new", "time[:] = -p.age", "time[:] = 0.0", "world"),
    Mutation(
        "steps swap their own scores",
        "correlation * first[lane] + rest *",
        "correlation * second[lane] + rest *",
        "world",
    ),
    Mutation("progress raises old value", "exp(-p.beta * decay[lane])", "exp(p.beta * decay[lane])", "world"),
    Mutation("chips at work do not wear", "work[m - 1, lane] * wear", "work[m - 1, lane]", "world"),
    Mutation("a shift takes value but no work", "work[m, lane] *= 1.0 - share", "work[m, lane] *= 1.0", "world"),
    Mutation(
        "the worst shift is the sum of shifts",
        "share\n                worst[lane] = max(worst[lane], share)",
        "share\n                worst[lane] = worst[lane] + share",
        "world",
    ),
    Mutation("events come a month early", "int(math.ceil(months)) - 1, 0)", "int(math.ceil(months)) - 2, 0)", "world"),
    Mutation(
        "queue ignores the region",
        "p.regional_share_loading * region[lane]",
        "p.regional_share_loading * site[lane]",
        "world",
    ),
    Mutation("requests that would fail succeed", "fail[lane] < threshold", "fail[lane] > threshold", "world"),
    Mutation(
        "power elsewhere is asked for in the past", "failure = max(0.0, requested)", "failure = requested", "world"
    ),
    Mutation(
        "a near hall may outlast its power",
        "min(start + built[lane], energised",
        "max(start + built[lane], energised",
        "world",
    ),
    Mutation("a hall without power is energised", "max(built[lane], power)", "min(built[lane], power)", "world"),
    Mutation(
        "elasticity loads its own score negatively",
        "p.elasticity_loading * factor[lane] + p.elast",
        "p.elasticity_loading * factor[lane] - p.elast",
        "world",
    ),
    Mutation(
        "ad noise takes next month's score",
        "p.noise_sd * z[p.noise_row + m,",
        "p.noise_sd * z[p.noise_row + m + 1,",
        "world",
    ),
    Mutation("P12 is of 13 months", "WINDOW = 12", "WINDOW = 13", "world"),
    Mutation("jumps grow until the month's end", "exp(-p.kappa * rest)", "exp(p.kappa * rest)", "world"),
    Mutation("price forgets its long-run level", "longrun[lane] * exp(y[lane])", "p.spot0 * exp(y[lane])", "world"),
    Mutation("glut and shortage are swapped", "lane] < 0.0 else SHORTAGE", "lane] > 0.0 else SHORTAGE", "regimes"),
    Mutation("outer regimes stay outer", "outer if state[lane] == NORMAL", "outer if state[lane] != NORMAL", "regimes"),
    Mutation(
        "the spread is subtracted from the rate",
        "rate[lane] + exp(spread[lane])",
        "rate[lane] - exp(spread[lane])",
        "world",
    ),
    Mutation(
        "the spread starts at its mean", "spread[lane] = log(p.spread0)", "spread[lane] = p.spread_mean_log", "world"
    ),
    Mutation(
        "early sites count as late",
        "max(energised[site, lane] - planned[site], 0.0)",
        "abs(energised[site, lane] - planned[site])",
        "world",
    ),
    Mutation(
        "a certain shift comes a month late", "value[p.shock_month - 1], work", "value[p.shock_month], work", "stress"
    ),
    Mutation(
        "a certain shift takes no work",
        "        value[lane] *= 1.0 - share\n        work[lane] *= 1.0 - share",
        "        value[lane] *= 1.0 - share\n        work[lane] *= 1.0",
        "stress",
    ),
    Mutation(
        "a certain shift is not counted as the worst",
        "work[lane] *= 1.0 - share\n        worst[lane] = max(worst[lane], share)",
        "work[lane] *= 1.0 - share\n        worst[lane] = max(worst[lane], 0.0)",
        "stress",
    ),
    Mutation("factors are not shifted", "x[l] += shift", "x[l] += 0.0", "stress"),
    Mutation("queues are not stressed", "            + p.score_shift\n", "", "stress"),
    Mutation(
        "the price is not shocked", "log(p.spot0 / longrun[lane]) + p.shock", "log(p.spot0 / longrun[lane])", "stress"
    ),
    Mutation("regimes are not shocked", "u[lane] = p.shock", "u[lane] = 0.0", "regimes"),
    Mutation(
        "contracts forget the long-run price",
        "out[lane] = scale[lane] * exp(out[lane])",
        "out[lane] = exp(out[lane])",
        "world",
    ),
    Mutation(
        "contracts see every regime as glut",
        "k = _TERMS * (j + pieces * int(state[lane]))",
        "k = _TERMS * j",
        "regimes",
    ),
    Mutation("month 12 is month 13", "[month - 1, lane] if", "[month, lane] if", "world"),
)
