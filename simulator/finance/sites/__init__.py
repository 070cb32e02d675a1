"""Sites of a physical variant: construction, vintages of compute, the JV's leases, monthly aggregates."""
