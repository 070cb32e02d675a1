"""Configuration: schema, loading with line numbers, and freezing into the numbers the kernel reads.

config = load("configs/hyperscaler.toml", ["drivers.price.spot0=20"])
frozen = freeze(config)
"""

from simulator.config.freeze import Frozen, columns_body, config_hash, data_hashes, freeze
from simulator.config.loader import load
from simulator.config.mistakes import report_mistakes
from simulator.config.schema import Config, json_schema
from simulator.config.tornado_inputs import Input

__all__ = [
    "Config",
    "Frozen",
    "Input",
    "columns_body",
    "config_hash",
    "data_hashes",
    "freeze",
    "json_schema",
    "load",
    "report_mistakes",
]
