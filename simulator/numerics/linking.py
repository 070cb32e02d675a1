"""How functions that only compiled code calls are compiled: to LLVM's language, and no further.

Numba makes every function executable by itself: it optimises it together with all it calls and writes machine code,
and does so again for its caller, the caller's caller and so on. For a model of a hundred functions that is most of the
compile, and none of it is used. What is compiled here is only linked into its callers; the function that Python calls
is optimised once, with everything under it in sight: less than half the compile, and faster code.

This rests on numba's own classes, so `pyproject.toml` names the versions it was tried with.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import _dynfunc  # type: ignore[attr-defined]
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering

INTERLEAVE = 4  # vectors of a loop that are worked out side by side


class LinkedLibrary(JITCodeLibrary):
    """Code of one function and of what it calls, for others to link: neither optimised nor executable."""

    def add_ir_module(self, ir_module: ir.Module) -> None:
        for function in ir_module.functions:
            interleave(function)
        super().add_ir_module(ir_module)

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True


def interleave(function: ir.Function) -> None:
    """Ask LLVM to interleave the loops of a function where it vectorises them.

    Left to itself it does so in short loops only. In a long chain of arithmetic, an exponential say, every operation
    waits for the one before, and the processor cannot look as far ahead as the next vector.
    """
    module, place = function.module, {block: n for n, block in enumerate(function.blocks)}
    for block in function.blocks:
        leave = block.terminator
        if any(place.get(target, len(place)) <= place[block] for target in getattr(leave, "operands", ())):
            name = ir.MetaDataString(module, "llvm.loop.interleave.count")
            hint = module.add_metadata([name, ir.Constant(ir.IntType(32), INTERLEAVE)])
            loop = module.add_metadata([hint, ir.Constant(ir.IntType(32), len(module.metadata))])
            loop.operands = (loop, hint)  # a loop's metadata begin with themselves
            leave.set_metadata("llvm.loop", loop)


@register_pass(mutates_CFG=True, analysis_only=False)
class LinkedLowering(NativeLowering):
    """Numba's last step, into a library of the kind above."""

    _name = "linked_lowering"

    def run_pass(self, state: Any) -> bool:
        state["library"] = LinkedLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
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
class DisjointLowering(LinkedLowering):
    """The same for a function that promises that nothing it writes to overlaps another of its arrays."""

    _name = "disjoint_lowering"

    def run_pass(self, state: Any) -> bool:
        state.flags.noalias = True
        return super().run_pass(state)


class LinkedCompiler(Compiler):
    """Numba's own pipeline with that last step."""

    lowering = LinkedLowering

    def define_pipelines(self) -> Any:
        pipelines = super().define_pipelines()
        for steps in pipelines:
            steps.passes = [(self.lowering if step is NativeLowering else step, why) for step, why in steps.passes]
            steps._finalized = False
            steps.finalize()
        return pipelines


class DisjointCompiler(LinkedCompiler):
    """The same with the other last step."""

    lowering = DisjointLowering
