"""A plan's financing: notes, the cash waterfall, covenants, and the JV partner."""
