"""The path of the small programme that ships with the project."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
SMOKE = ROOT / "configs" / "smoke.toml"
FLAGSHIP = ROOT / "configs" / "hyperscaler.toml"
