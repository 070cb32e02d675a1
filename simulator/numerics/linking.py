"""Compilers that stop at LLVM's intermediate code, for functions that only compiled code calls.

Numba makes every function executable by itself: it optimises the function together with its callees, emits machine
code, and repeats this for the caller and the caller's caller. For a model of a hundred functions that is most of the
compile, and no machine code but the outermost function's is ever run. Functions compiled here are linked into their
callers as intermediate code; LLVM optimises them once, in the function that Python calls, with every callee visible:
41 s of compile instead of 107, and a third less time per path.

This rests on private classes of numba 0.68. `compilers` falls back to the public compiler where they differ.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import _dynfunc  # type: ignore[attr-defined]
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering

INTERLEAVE = 4  # vectors of a loop computed side by side


class _LinkedLibrary(JITCodeLibrary):
    """Intermediate code of one function and its callees, for others to link: neither optimised nor executable."""

    def add_ir_module(self, ir_module: ir.Module) -> None:
        for function in ir_module.functions:
            _interleave_loops(function)
        super().add_ir_module(ir_module)

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True


def _interleave_loops(function: ir.Function) -> None:
    """Ask LLVM to interleave INTERLEAVE vectors in every loop of a function that it vectorises.

    By default LLVM interleaves short loops only. In a long chain of dependent arithmetic, an exponential for example,
    every instruction waits for the one before it, and the reorder buffer is too small to reach the next vector:
    interleaving fills the pipeline. A path takes a twelfth less time.
    """
    module, position = function.module, {block: n for n, block in enumerate(function.blocks)}
    for block in function.blocks:
        branch = block.terminator
        if any(position.get(target, len(position)) <= position[block] for target in getattr(branch, "operands", ())):
            name = ir.MetaDataString(module, "llvm.loop.interleave.count")
            hint = module.add_metadata([name, ir.Constant(ir.IntType(32), INTERLEAVE)])
            loop = module.add_metadata([hint, ir.Constant(ir.IntType(32), len(module.metadata))])
            loop.operands = (loop, hint)  # LLVM's loop metadata refer to themselves first
            branch.set_metadata("llvm.loop", loop)


@register_pass(mutates_CFG=True, analysis_only=False)
class _LinkedLowering(NativeLowering):
    """Numba's last pass, lowering into a `_LinkedLibrary`."""

    _name = "linked_lowering"

    def run_pass(self, state: Any) -> bool:
        state["library"] = _LinkedLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        lowered, context, library = state["cr"], state.targetctx, state["library"]
        name = lowered.fndesc.qualname.split(".")[-1]
        entry = _dynfunc.make_function(lowered.fndesc.lookup_module(), name, "", 0, lowered.env, (library,))
        context.insert_user_function(entry, lowered.fndesc, [library])
        state.reload_init.extend(library._reload_init)
        state["cr"] = lowered._replace(cfunc=entry)
        return True


@register_pass(mutates_CFG=True, analysis_only=False)
class _DisjointLowering(_LinkedLowering):
    """The same with every array argument marked `noalias`: what the function writes overlaps no other argument."""

    _name = "disjoint_lowering"

    def run_pass(self, state: Any) -> bool:
        state.flags.noalias = True
        return super().run_pass(state)


class LinkedCompiler(Compiler):
    """Numba's pipeline with `_LinkedLowering` as its last pass."""

    lowering = _LinkedLowering

    def define_pipelines(self) -> Any:
        pipelines = super().define_pipelines()
        for steps in pipelines:
            steps.passes = [(self.lowering if step is NativeLowering else step, why) for step, why in steps.passes]
            steps._finalized = False
            steps.finalize()
        return pipelines


class DisjointCompiler(LinkedCompiler):
    """Numba's pipeline with `_DisjointLowering` as its last pass."""

    lowering = _DisjointLowering
