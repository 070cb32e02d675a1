"""Rows of the scratch that carries one site through its life, by lane; months as floats, money USD bn."""

from __future__ import annotations

(
    SERVICE,  # month in which the site enters service
    DELIVERY,  # month in which compute is delivered
    COMPLETION,  # month in which the shell is finished
    SHELL_COST,
    COMPUTE_COST,
    SHELL_SPENT_SHARE,  # share of the shell's cost spent by the horizon
    COMPUTE_SPENT_SHARE,
    SPENT,  # in the month at hand
    DEPRECIATION_START,  # of the vintage that is held
    PURCHASE,  # month in which it was bought
    HOLD_BEGIN,  # first month in which it is held; the horizon: no vintage is held any more
    HOLD_END,  # month of its swap, of the exit or of the horizon
    REFIT_COST,  # at its purchase
    UNIT_VALUE,  # its cost per unit of its value index
    INVERSE_VALUE,  # 1 over the value index at its purchase
    WORK_PER_MW,  # its work per MW over the work index, at its purchase
    BOOK_START,  # its book value by month as a line: the start ..
    BOOK_DECLINE,  # .. and what it falls by a month
    EXIT,  # month in which the sponsor leaves the site; the horizon: it does not
    SHELL_CLAIM,  # what the partner paid for shell, with interest up to service
    CHIP_CLAIM,  # the same for the compute that is held
    SHELL_RENT,  # rent on shell and refits, a month
    CHIP_RENT,  # rent on the compute that is held, a month
    GUARANTEE_BASE,  # what the partner paid for shell and refits: base of the residual-value guarantee
    SITE_ROWS,
) = range(25)
