"""Durations and times as people write them: 30s, 5min, 06:00, +2h."""

from __future__ import annotations

import calendar
import math
import re
import time
from typing import NamedTuple

from simulator.errors import ConfigError

_SECONDS = {"s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_WEEK = 7 * 86_400.0
_DAY = 1_440  # minutes
_SEARCHED = 4 * _DAY  # zones have skipped a whole day


def parse_duration(option: str, text: str) -> float:
    """Return a duration written 30s, 5min or 1.5h, in seconds; above 0, at most a week."""
    seconds = _seconds(text)
    if not 0.0 < seconds <= _WEEK:
        raise ConfigError([f"{option}: given {text}, wanted a time such as 30s, 5min or 1h, a week at most"])
    return seconds


def _seconds(text: str) -> float:
    """Return a duration in seconds; 0 if the text is none."""
    match = re.fullmatch(r"(\d*\.?\d+) ?(s|sec|m|min|h)", text.strip(), re.ASCII)
    return float(match[1]) * _SECONDS[match[2]] if match else 0.0


class Deadline(NamedTuple):
    """The time at which a run ends, worked out once from what --until says.

    A time of day is a moment in UTC; a duration counts on the monotonic clock, which nobody sets.
    """

    text: str  # as written
    decided: float  # when it was worked out, seconds since 1970
    moment: float  # seconds since 1970
    monotonic: float | None  # seconds of the monotonic clock; None for a time of day

    def seconds_left(self) -> float:
        """Return the seconds until the deadline, negative once it has passed."""
        return self.moment - time.time() if self.monotonic is None else self.monotonic - time.monotonic()


def decide_deadline(until: str | Deadline, now: float | None = None) -> Deadline:
    """Return the deadline that --until means at `now` (seconds since 1970, default: this moment).

    06:00 is the next moment at which local clocks show 06:00, or first show a later time where they skip it; +5min is
    in five minutes. One that is decided already stays. ConfigError for anything else.
    """
    if isinstance(until, Deadline):
        return until
    start = time.time() if now is None else now
    if is_duration(until):
        wait = _seconds(until[1:])
        if not 0.0 < wait <= _WEEK:
            raise ConfigError([f"--until: given {until}, wanted a time such as +30s, +5min or +1h, a week at most"])
        return Deadline(until, start, start + wait, time.monotonic() + wait)
    match = re.fullmatch(r"(\d\d?):(\d\d)", until.strip(), re.ASCII)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise ConfigError([f"--until: given {until}, wanted a local time such as 06:00, or +5min"])
    return Deadline(until, start, _next_local_time(60 * int(match[1]) + int(match[2]), start), None)


def is_duration(until: str) -> bool:
    """Return True if --until is a duration from now, not a time of day."""
    return until.startswith("+")


def _next_local_time(minute_of_day: int, now: float) -> float:
    """Return the first whole minute after `now`, seconds since 1970, at which local clocks reach a minute of the day.

    Minute by minute, because zones change their offset by any number of minutes, at any time of the day.
    """
    moment = math.floor(now / 60.0) * 60
    shown = _local_minute(moment)
    for _ in range(_SEARCHED):
        moment, before = moment + 60, shown
        shown = _local_minute(moment)
        reached = range(before + 1, shown + 1) if shown > before else (shown,)  # several where clocks go forward
        if any(minute % _DAY == minute_of_day for minute in reached):
            return float(moment)
    raise AssertionError("a minute of the day comes once in two days")


def _local_minute(moment: int) -> int:
    """Return the minutes since 1970 that local clocks show at a moment."""
    return calendar.timegm(time.localtime(moment)) // 60
