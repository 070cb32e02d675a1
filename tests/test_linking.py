"""The compiler of inner functions: linked where numba's inside is as expected, else public, with the same bits."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import numba
import pytest
from numba.core import codegen

from simulator.engine import warmup
from simulator.errors import ConfigError
from simulator.numerics import compilers, jit
from tests import fresh

Change = Callable[[pytest.MonkeyPatch], None]


def never_proven(choice: compilers.Compilers) -> bool:
    return False


def choose() -> compilers.Compilers:
    return compilers.choose_compilers(never_proven)


@pytest.fixture
def _other_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `linking` be imported anew, as by a process of its own."""
    monkeypatch.delenv(compilers.LINKING, raising=False)
    monkeypatch.delitem(sys.modules, "simulator.numerics.linking")
    monkeypatch.delattr(sys.modules["simulator.numerics"], "linking")


def test_this_numba_links() -> None:
    choice = choose()
    assert (choice.name, choice.reason) == ("linked", "")
    assert jit.COMPILERS.name == "linked", jit.COMPILERS.reason


def _lacks_a_class(patch: pytest.MonkeyPatch) -> None:
    patch.delattr(codegen, "JITCodeLibrary")


def _lacks_a_module(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sys.modules, "numba.core.typed_passes", None)


def _lacks_a_method(patch: pytest.MonkeyPatch) -> None:
    patch.delattr(codegen.CPUCodeLibrary, "_finalize_dynamic_globals")


def _takes_other_arguments(patch: pytest.MonkeyPatch) -> None:
    original = codegen.JITCodeLibrary.__init__

    def changed(self: Any, codegen_: Any, name: str, *, kind: str) -> None:
        original(self, codegen_, name)

    patch.setattr(codegen.JITCodeLibrary, "__init__", changed)


def _refuses_an_option(patch: pytest.MonkeyPatch) -> None:
    original = numba.njit

    def njit(*functions: Any, **options: Any) -> Any:
        if "_nrt" in options:
            raise TypeError("unrecognized option: _nrt")
        return original(*functions, **options)

    patch.setattr(numba, "njit", njit)


def _gives_wrong_numbers(patch: pytest.MonkeyPatch) -> None:
    original = numba.njit

    def njit(**options: Any) -> Any:
        decorate = original(**options)
        linked = "pipeline_class" in options
        return lambda function: decorate((lambda x, y: x) if linked and function.__name__ == "_branch" else function)

    patch.setattr(numba, "njit", njit)


CHANGES: dict[str, tuple[Change, str]] = {
    "a class is gone": (_lacks_a_class, "ImportError: cannot import name 'JITCodeLibrary'.*"),
    "a module is gone": (_lacks_a_module, "ModuleNotFoundError: .*numba.core.typed_passes.*"),
    "a method is gone": (_lacks_a_method, "AttributeError: .*_finalize_dynamic_globals.*"),
    "a signature differs": (_takes_other_arguments, "TypeError: .*kind.*"),
    "an option is refused": (_refuses_an_option, "TypeError: unrecognized option.*"),
    "numbers differ": (_gives_wrong_numbers, "ArithmeticError: a small program gives other numbers than Python"),
}


@pytest.mark.usefixtures("_other_numba")
@pytest.mark.parametrize("name", CHANGES)
def test_a_numba_that_differs_inside_compiles_publicly(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, reason = CHANGES[name]
    change(monkeypatch)
    choice = choose()
    assert choice.name == "public"
    assert re.fullmatch(f"numba {re.escape(numba.__version__)} differs inside: {reason}", choice.reason, re.DOTALL)
    monkeypatch.undo()
    compilers.check_compilers(choice)


def test_public_options_are_documented_ones() -> None:
    choice = compilers.public_compilers("a reason")
    assert choice.entry == choice.inner == choice.disjoint == {"error_model": "numpy", "nogil": True}


def test_a_check_passed_before_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilers, "check_compilers", lambda choice: pytest.fail("compiled again"))
    assert compilers.choose_compilers(lambda choice: True).name == "linked"


def test_the_cache_tells_compilers_apart() -> None:
    folders = {jit._cache_path(choice) for choice in (jit.COMPILERS, compilers.public_compilers(""))}
    assert len(folders) == 2


def test_a_long_compile_is_announced_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert warmup.compile_notice() == "compiling, once"
    monkeypatch.setattr(warmup, "COMPILERS", compilers.public_compilers("numba 0.99 differs inside: TypeError: x"))
    notice = (
        "compiling, once, with numba's public compiler, which takes longer (numba 0.99 differs inside: TypeError: x)"
    )
    assert warmup.compile_notice() == notice


def test_an_unknown_wish_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(compilers.LINKING, "privat")
    with pytest.raises(ConfigError, match="SIMULATOR_LINKING: given privat, wanted public"):
        choose()


@pytest.mark.slow
def test_the_public_compiler_gives_the_same_bits(tmp_path: Any) -> None:
    """Sampler, laws, factors, elementary functions and a rate of return, compiled anew by `numba.njit` alone."""
    linked, public = (
        fresh.python("tests.bits", XDG_CACHE_HOME=str(tmp_path), SIMULATOR_LINKING=wish).stdout
        for wish in ("", "public")
    )
    assert public == linked
    assert len(list((tmp_path / "capex-simulator").iterdir())) == 2
