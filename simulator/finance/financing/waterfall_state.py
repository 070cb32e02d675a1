"""Rows of the scratch that carries the cash waterfall from month to month, by lane; money USD bn."""

from __future__ import annotations

(
    CASH,
    DRAWN,  # on the revolver
    INFLOW,  # where a plan sweeps, what cash gains from the partner and from principal that is prepaid
    NET_DEBT,  # at a test
    ZEROS,
    SHARE_PROFIT,  # earnings a share on 1 before tax, 1 / bn
    NOTES_LEFT,  # share of the scheduled notes that no sweep has prepaid
    AMORTISED_QUARTER,  # of the notes, since the last quarter-end
    SWEEPING,  # 1 where cash above the floor prepays the notes
    TESTS_AHEAD,  # tests that a breach under watch has still to pass
    CURES_USED,  # breaches cured by equity
    CURE_NEED,  # cash that would have met the test
    DEBT_SERVICE,  # of twelve months
    YEAR,  # first of the sums over twelve months, in the order below
) = range(14)
INJECTED = DEBT_SERVICE  # equity injected, once the ratios are tested, storage shared
CFADS, INTEREST, EBITDA, RENT, CLOUD, AMORTISED, SUMS = range(7)
LAST_QUARTER = YEAR + SUMS  # sums of the last quarter
HALF_YEARS = LAST_QUARTER + SUMS  # of the half-years that ended with it and the one before, in turns
WATERFALL_ROWS = HALF_YEARS + 2 * SUMS
