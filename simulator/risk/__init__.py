"""Risk measures with their errors, and sensitivity."""
