"""Drivers of the world, one module each: meaning, frozen numbers, equations, closed-form moments.

A field of a driver's frozen numbers has the name of its config key, or that name and one of these suffixes:

    _marginal         index of the quantity's law in `Model.marginals`; of a rate: the law of the years between events
    _first_marginal   the same for the first event, given what has elapsed by month 0
    _slots            most events that a path can hold (P(more) < 1e-12)
    _row              first row of the quantity's scores in Z
    _loading          weight of a systematic factor in the quantity's score: the square root of a share of variance
    _residual         weight of the quantity's own score: sqrt(1 - shares), sqrt(1 - correlation^2)
    _partial          partial correlation, the common factor taken out
    _threshold        score below which an event of this probability happens: Phi^-1
    _flag             1 where the condition of the key holds, else 0
    _phi, _sd         persistence and standard deviation of the exact monthly step of a mean reversion (from the keys
                      _kappa and _sigma)
    _by_month         (T,) the quantity in each month, grown from its value at month 0
    _log              natural logarithm
    _share            share that is closed within a month, of a lag

Rows of scores without a key: `noise_row` (monthly shocks), `region_row`, `site_row`, `regime_turn_row`, `factor_row`.
"""
