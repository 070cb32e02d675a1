"""What the drivers mean in money: sites, plans, cash flow and the figures of a path."""
