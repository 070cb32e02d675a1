"""Reverse stress test of a run: what would have to happen for an event, and what would have told before."""

from __future__ import annotations

__all__: list[str] = []
