"""Durations and times as people write them: 30s, 5min, 06:00, +2h."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta

from simulator.errors import ConfigError

_SECONDS = {"s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_WEEK = 7 * 86_400.0


def parse_duration(option: str, text: str) -> float:
    """Return a duration written 30s, 5min or 1.5h, in seconds; above 0, at most a week."""
    seconds = _seconds(text)
    if not 0.0 < seconds <= _WEEK:
        raise ConfigError([f"{option}: given {text}, wanted a time such as 30s, 5min or 1h, a week at most"])
    return seconds


def _seconds(text: str) -> float:
    """Return a duration in seconds; 0 if the text is none."""
    match = re.fullmatch(r"(\d*\.?\d+) ?(s|sec|m|min|h)", text.strip())
    return float(match[1]) * _SECONDS[match[2]] if match else 0.0


def deadline(text: str, now: float | None = None) -> float:
    """Return the moment meant by --until, seconds since 1970: 06:00 the next such local time, +5min in five minutes."""
    now = time.time() if now is None else now
    if text.startswith("+"):
        wait = _seconds(text[1:])
        if not 0.0 < wait <= _WEEK:
            raise ConfigError([f"--until: given {text}, wanted a time such as +30s, +5min or +1h, a week at most"])
        return now + wait
    match = re.fullmatch(r"(\d\d?):(\d\d)", text.strip())
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise ConfigError([f"--until: given {text}, wanted a local time such as 06:00, or +5min"])
    here = datetime.fromtimestamp(now)
    then = here.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
    return (then if then > here else then + timedelta(days=1)).timestamp()
