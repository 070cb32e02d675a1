"""Drivers: one file each with meaning, parameters, compiled equations and closed-form moments."""
