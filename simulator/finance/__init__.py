"""The money of a path: sites, plans, cash flow and figures."""
