"""A plan's value: all its months in order, returns, and the trace of monthly series."""
