"""Numba's options and linking, and elementary functions with the same bits on every machine."""
