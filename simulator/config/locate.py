"""The line of each key of a TOML text, by the path of its keys.

`tomllib` gives values without positions. This scanner walks a text that `tomllib` has accepted, so it need not check
anything: it only finds keys, strings and brackets. Items of arrays are numbered from 0, as in `sites[2].planned`.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any, TypeAlias

__all__ = ["KeyPath"]

KeyPath: TypeAlias = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:[^\s,\]}#]*|[^\s,\]}#]+")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line (from 1) of every key path of a valid TOML text; of a table, its first mention."""
    return _Scanner(text).scan()


def format_key(path: KeyPath) -> str:
    """Return `("sites", 2, "planned")` as `sites[2].planned`."""
    shown = "".join(f"[{key}]" if isinstance(key, int) else f".{_quoted(key)}" for key in path)
    return shown.removeprefix(".")


def has(node: Any, key: str | int) -> bool:
    """True if a tree of tables and lists has `key`."""
    if isinstance(node, list):
        return isinstance(key, int) and key < len(node)
    return isinstance(node, dict) and key in node


def _quoted(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) and len(key) <= 60 else json.dumps(key[:60])


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.breaks = [match.start() for match in re.finditer("\n", text)]
        self.lines: dict[KeyPath, int] = {}
        self.last: dict[KeyPath, int] = {}  # index of the newest item of each array of tables

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self.blank() < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
        return self.lines

    def blank(self) -> int:
        """Skip white space and comments."""
        return self.skip(_BLANK)

    def skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return self.at

    def mark(self, path: KeyPath, start: int) -> None:
        self.lines.setdefault(path, bisect_right(self.breaks, start - 1) + 1)

    def header(self) -> KeyPath:
        """A line `[a.b]` or `[[a.b]]`; returns the path that its keys live under."""
        start = self.at
        array = self.text.startswith("[[", start)
        self.at += 2 if array else 1
        path: KeyPath = ()
        keys = self.keys()
        for key in keys[:-1]:
            path = self.item((*path, key), start)
        path = (*path, keys[-1])
        if array:
            self.last[path] = self.last.get(path, -1) + 1
        path = self.item(path, start)
        self.at += 2 if array else 1
        return path

    def item(self, path: KeyPath, start: int) -> KeyPath:
        """Mark a table; where it is an array of tables, go on in its newest item."""
        self.mark(path, start)
        if path in self.last:
            path = (*path, self.last[path])
            self.mark(path, start)
        return path

    def keys(self) -> list[str]:
        """A dotted key; leaves the scanner behind the blanks that follow it."""
        keys = []
        while True:
            self.blank()
            start = self.at
            if self.text[start] in "\"'":
                keys.append(_plain(self.string()))
            else:
                keys.append(self.text[start : self.skip(_BARE_KEY)])
            self.blank()
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def string(self) -> str:
        start = self.at
        for pattern in _STRINGS:
            if self.skip(pattern) > start:
                break
        return self.text[start : self.at]

    def pair(self, table: KeyPath) -> None:
        start = self.at
        path = table
        for key in self.keys():
            path = (*path, key)
            self.mark(path, start)
        self.at += 1  # the equals sign
        self.value(path)

    def value(self, path: KeyPath) -> None:
        self.blank()
        opening = self.text[self.at]
        if opening in "\"'":
            self.string()
        elif opening == "[":
            self.items(path)
        elif opening == "{":
            self.inline(path)
        else:
            self.skip(_BARE_VALUE)

    def items(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self.text[self.blank()] != "]":
            self.mark((*path, index), self.at)
            self.value((*path, index))
            self.comma()
            index += 1
        self.at += 1

    def inline(self, path: KeyPath) -> None:
        self.at += 1
        while self.text[self.blank()] != "}":
            self.pair(path)
            self.comma()
        self.at += 1

    def comma(self) -> None:
        if self.text[self.blank()] == ",":
            self.at += 1


def _plain(quoted: str) -> str:
    """The key in quotation marks, without escapes where it is literal."""
    if quoted[0] == "'":
        return quoted[1:-1]
    return re.sub(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", _unescape, quoted[1:-1])


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "uU" and len(code) > 1:
        return chr(int(code[1:], 16))
    return {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}.get(code, code)
