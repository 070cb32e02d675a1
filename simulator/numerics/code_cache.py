"""A folder of compiled code that helps where it can and never stands in the way.

Numba's own cache keeps an index beside its code and trusts both: an index that a power loss or a full disk cut short
ends every later process with an EOFError, and a folder that fills up ends the run after a minute of compiling. Here
every entry is one file, SHA-256 first, that appears whole: one that cannot be read, or is not what was written, is as
good as absent and compiled again; code that cannot be written stays in memory.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from simulator.file_access import read_regular

__all__ = ["CodeFolder", "FunctionCode"]

_SUFFIX = ".code"
_DIGEST = 32  # bytes of SHA-256


class CodeFolder:
    """The folder of compiled code. `obstacle` is the reason why code cannot be kept in it; empty if it can."""

    def __init__(self, path: Path | None, obstacle: str = "") -> None:
        self.path = path  # None: nothing is read either
        self.obstacle = obstacle

    def holds(self, name: str) -> bool:
        """Return True if the folder has code of the function `name` (`kernel.simulate`), for whatever signature."""
        try:
            files = [] if self.path is None else list(self.path.glob(f"{name}-*{_SUFFIX}"))
        except OSError:
            return False
        return any(self.read(file.name) is not None for file in files)

    def read(self, file: str) -> bytes | None:
        """Return what was written into a file; None if it is absent, unreadable, cut short or changed."""
        if self.path is None:
            return None
        try:
            data = read_regular(self.path / file)
        except OSError:
            return None
        body = data[_DIGEST:]
        return body if hashlib.sha256(body).digest() == data[:_DIGEST] else None

    def write(self, file: str, body: bytes) -> None:
        """Write a file whole or not at all; the first failure becomes the `obstacle`, and nothing more is written."""
        if self.path is None or self.obstacle:
            return
        part = self.path / f".{file}-{os.getpid()}"
        try:
            part.write_bytes(hashlib.sha256(body).digest() + body)
            os.replace(part, self.path / file)
        except OSError as error:
            self.obstacle = f"{self.path}: " + (error.strerror or str(error)).lower()
            with suppress(OSError):
                part.unlink()


class _Key(NamedTuple):
    """All that the code of a function depends on, besides sources and versions, which name the folder."""

    signature: Any
    processor: tuple[Any, ...]
    bytecode: bytes
    constants: str
    closure: bytes


class FunctionCode:
    """The compiled code of one function: what numba calls to load and save it (numba.core.caching._Cache)."""

    def __init__(self, function: Callable[..., Any], folder: CodeFolder) -> None:
        self._function, self._folder = function, folder
        self._name = f"{function.__module__.removeprefix('simulator.')}.{function.__qualname__}"
        self._enabled = True

    @property
    def cache_path(self) -> str:
        """The folder, for numba's statistics."""
        return str(self._folder.path or "")

    def enable(self) -> None:
        """Load and save from now on."""
        self._enabled = True

    def disable(self) -> None:
        """Neither load nor save from now on."""
        self._enabled = False

    def flush(self) -> None:
        """Remove nothing: entries name what they depend on, so none is stale."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the code for a signature; None if there is none that can be used."""
        target_context.refresh()
        if not self._enabled:
            return None
        try:
            from numba.core.compiler import CompileResult

            key = self._key(sig, target_context.codegen())
            body = self._folder.read(self._file(key))
            stored, code = (None, ()) if body is None else pickle.loads(body)
            return CompileResult._rebuild(target_context, *code) if stored == key else None
        except Exception:  # anything may go wrong in a numba of another make
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the code for a signature, unless it refers to this process's memory."""
        if not self._enabled:
            return
        try:
            from numba.core.serialize import dumps

            if data.library.has_dynamic_globals or any(not part.can_cache for part in data.lifted):
                return
            key = self._key(sig, data.codegen)
            body = dumps((key, data._reduce()))
        except Exception as error:  # anything may go wrong in a numba of another make
            self._folder.obstacle = f"this numba differs inside: {type(error).__name__}: {error}"
            return
        self._folder.write(self._file(key), body)

    def _key(self, sig: Any, codegen: Any) -> _Key:
        from numba.core.serialize import dumps

        cells = self._function.__closure__ or ()
        closure = dumps(tuple(cell.cell_contents for cell in cells)) if cells else b""
        code = self._function.__code__
        constants = repr([constant for constant in code.co_consts if not isinstance(constant, CodeType)])
        return _Key(sig, codegen.magic_tuple(), code.co_code, constants, hashlib.sha256(closure).digest())

    def _file(self, key: _Key) -> str:
        """Return the name of an entry's file, the same in every process."""
        digest = hashlib.sha256(repr((str(key.signature), *key[1:])).encode())
        return f"{self._name}-{digest.hexdigest()[:20]}{_SUFFIX}"
