"""`simulator schema`: the JSON Schema of a config."""

from __future__ import annotations

import json


def schema() -> None:
    """Print the JSON Schema of a config."""
    from simulator.config.schema import json_schema

    print(json.dumps(json_schema(), indent=2))
