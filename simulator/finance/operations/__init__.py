"""A plan's operations: capacity leased out or rented, and the project's cash flow before financing."""
