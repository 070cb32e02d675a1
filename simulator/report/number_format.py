"""The format of numbers and names in reports. Plain ASCII; the page replaces the minus sign."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal

__all__ = ["level_percent", "number", "percent", "plain"]


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MISSING = "n/a"
NEVER = "never"  # a month that does not come; the note of such figures in summary.json


def decimals(value: float) -> int:
    """Digits after the point that show about three significant ones, at most three."""
    size = abs(value)
    return 0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 3


def number(value: float | None, digits: int | None = None) -> str:
    """`-65.8`, `1,234`, `.083` as `0.083`; undefined and infinite numbers as `n/a`."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0 and digits is None:
        return "0"
    text = f"{value:,.{decimals(value) if digits is None else digits}f}"
    return text.removeprefix("-") if not re.search(r"[1-9]", text) else text


def percent(value: float | None, digits: int | None = None) -> str:
    """A share as `12.3 %`, with more digits where it is small."""
    if value is None or not math.isfinite(value):
        return MISSING
    size = abs(100 * value)
    if digits is None:
        digits = 1 if size >= 1 or size == 0 else min(5, 1 - math.floor(math.log10(size)))
    return f"{number(100 * value, digits)} %"


def level_percent(level: float | str, rest: bool = False) -> str:
    """A level, or the share of a quantile, in every digit it was written with: `97.5 %`; with `rest` what is beyond."""
    share = Decimal(repr(float(level)))
    return f"{(100 * (1 - share if rest else share)).normalize():f} %"


def share_percent(share: float, digits: int = 0) -> str:
    """A share of paths as `12 %`; with as many more digits as keep all but all paths from being shown as 100 or 0 %."""
    while digits < 6 and 0.0 < share < 1.0 and not 0.0 < round(share, digits + 2) < 1.0:
        digits += 1
    return percent(share, digits)


def quantity(value: float | None, kind: str, never: float = math.inf) -> str:
    """A figure by its kind: shares and rates in percent, months as whole numbers or `never`."""
    if value is None or not math.isfinite(value):
        return MISSING
    if kind in {"rate", "event"}:
        return percent(value)
    if kind == "month":
        return NEVER if value >= never else number(value, 0)
    return number(value)


def month_name(start: str, month: float) -> str:
    """`Jul 2026` for month 0 of a programme that starts in 2026-07."""
    year, first = (int(part) for part in start.split("-"))
    index = first - 1 + int(month)
    return f"{MONTHS[index % 12]} {year + index // 12}"


def plain(text: object, longest: int = 60) -> str:
    """A name from a config, made fit for one line: no line breaks or control characters, cut with dots."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return line if len(line) <= longest else line[: longest - 3].rstrip() + "..."


def distinct_titles(titles: Mapping[str, object], longest: int = 40) -> dict[str, str]:
    """Titles by id, fit for one line; those that look alike end with their id: `Own everything (own_b)`."""
    shown = {name: plain(title or name, longest) for name, title in titles.items()}
    alike = {text for text, count in Counter(shown.values()).items() if count > 1}
    return {
        name: f"{plain(titles[name] or name, max(longest - len(name) - 3, 4))} ({name})" if text in alike else text
        for name, text in shown.items()
    }


def slug(text: str) -> str:
    """A name as part of a file name: lower-case letters, digits and underscores only."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40] or "unnamed"
