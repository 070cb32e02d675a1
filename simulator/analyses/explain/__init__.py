"""Explanation of a run: what its tail has in common, what it is made of, and which stories it tells."""

from __future__ import annotations

__all__: list[str] = []
