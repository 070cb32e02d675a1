"""The folder of compiled code: unreadable counts as absent, unwritable means memory, and each is said once."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numba
import pytest

from simulator.engine import warmup
from simulator.numerics import code_cache, jit
from simulator.numerics.code_cache import CodeFolder, FunctionCode

NO_HOME = {"XDG_CACHE_HOME": None, "NUMBA_CACHE_DIR": None, "HOME": None}


def double(x):
    return 2.0 * x


def compile_double(folder):
    """A function that a process of its own would compile or load: its code and whether the folder had it."""
    compiled = numba.njit(double)
    compiled._cache = FunctionCode(double, folder)
    assert compiled(21.0) == 42.0
    return sum(compiled.stats.cache_hits.values()) == 1


def set_environment(patch, **values):
    for name, value in {**NO_HOME, **values}.items():
        patch.delenv(name, raising=False) if value is None else patch.setenv(name, str(value))


def test_code_is_loaded_from_the_folder_that_has_it(tmp_path):
    assert not compile_double(CodeFolder(tmp_path))
    assert compile_double(CodeFolder(tmp_path))
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("tests.test_code_cache.double-")
    assert CodeFolder(tmp_path).holds("tests.test_code_cache.double")
    assert not CodeFolder(tmp_path).holds("tests.test_code_cache.other")


@pytest.mark.parametrize("damage", ["empty", "cut", "changed", "padded", "a folder", "a pipe"])
def test_a_damaged_file_is_as_good_as_absent_and_is_replaced(tmp_path, damage):
    compile_double(CodeFolder(tmp_path))
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.unlink()
    if damage == "a folder":
        file.mkdir()
    elif damage == "a pipe":
        os.mkfifo(file)
    else:
        middle = len(whole) // 2
        changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        file.write_bytes({"empty": b"", "cut": whole[:middle], "changed": changed, "padded": whole + b"\0"}[damage])
    folder = CodeFolder(tmp_path)
    assert not folder.holds("tests.test_code_cache.double")
    assert not compile_double(folder)
    if damage == "a folder":
        assert "is a directory" in folder.obstacle
    else:
        assert compile_double(CodeFolder(tmp_path))


def test_an_entry_of_another_function_is_not_run(tmp_path):
    """Two keys whose files have one name: the key in the file decides."""
    folder = CodeFolder(tmp_path)
    compile_double(folder)
    (file,) = tmp_path.iterdir()
    other = numba.njit(lambda x: 3.0 * x)
    other._cache = cache = FunctionCode(other.py_func, folder)
    cache._file = lambda key: file.name
    assert other(2.0) == 6.0


def test_a_full_disk_leaves_the_code_in_memory_and_says_so_once(tmp_path, monkeypatch):
    def fill_up(path, data):
        path.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", fill_up)
    folder, notices = CodeFolder(tmp_path), []
    monkeypatch.setattr(warmup, "CACHE", folder)
    monkeypatch.setattr(warmup, "simulate_canary", lambda job: compile_double(folder))
    monkeypatch.setattr(warmup, "empty_tallies", lambda job, canary: type("Tallies", (), {"record": print})())
    for _ in range(2):
        warmup.warm_up(None, notices.append)
    assert not list(tmp_path.iterdir()), "a part of a file is left"
    reason = f"compiled code cannot be kept ({tmp_path}: no space left on device)"
    hint = "NUMBA_CACHE_DIR names a folder that can be written to"
    assert notices[:2] == ["compiling, once", f"{reason}: {hint}"]
    assert [notice.count(str(tmp_path)) for notice in notices[2:]] == [1]


@pytest.mark.parametrize(
    ("environment", "home"),
    [
        ({"NUMBA_CACHE_DIR": "/n", "XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/n"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache"),
        ({"XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache"),
        ({"NUMBA_CACHE_DIR": "~/n", "HOME": "/h"}, "/h/n"),
    ],
)
def test_the_folder_is_where_the_environment_says(monkeypatch, environment, home):
    set_environment(monkeypatch, **environment)
    assert jit._cache_path(jit.COMPILERS).parent == Path(home) / "capex-simulator"


def test_a_user_without_a_home_compiles_in_memory(monkeypatch):
    def find_nobody(_):
        raise KeyError("uid not found")

    set_environment(monkeypatch)
    monkeypatch.setattr("pwd.getpwuid", find_nobody)
    assert jit._cache_path(jit.COMPILERS) is None
    assert not jit._is_proven(jit.COMPILERS)
    folder = jit._open_cache(None)
    assert not compile_double(folder)
    assert (folder.path, folder.obstacle) == (None, "there is no home folder")
    monkeypatch.setattr(warmup, "CACHE", folder)
    assert warmup.compile_notice().startswith("compiling, for this run only; compiled code cannot be kept (there is no")


def test_a_folder_that_cannot_be_written_is_read_all_the_same(tmp_path, monkeypatch):
    compile_double(jit._open_cache(tmp_path))

    def refuse(path, *_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "touch", refuse)
    folder = jit._open_cache(tmp_path)
    assert folder.obstacle == f"{tmp_path}: read-only file system"
    assert compile_double(folder)


def test_code_that_somebody_else_may_have_written_is_not_run(tmp_path, monkeypatch):
    compile_double(jit._open_cache(tmp_path))
    tmp_path.chmod(0o777)
    folder = jit._open_cache(tmp_path)
    assert (folder.path, folder.obstacle) == (None, f"{tmp_path}: everybody may write to it")
    assert not compile_double(folder)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    owner = tmp_path.stat().st_uid
    assert jit._open_cache(tmp_path).obstacle == ("" if owner == 0 else f"{tmp_path}: belongs to another user")


def test_a_numba_of_another_make_costs_the_cache_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(code_cache.FunctionCode, "_key", lambda *_: 1 / 0)
    folder = CodeFolder(tmp_path)
    assert not compile_double(folder)
    assert folder.obstacle == "this numba differs inside: ZeroDivisionError: division by zero"
