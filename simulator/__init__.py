"""Monte Carlo risk simulator for AI-infrastructure capital programmes."""

__version__ = "0.1.0"
