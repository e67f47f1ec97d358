"""Calls that a loop over vectors makes for the few numbers that are far from zero.

``if_far(sin_far, x, y)`` is a call of ``dlsrc.if_far.sin_far(x, y)``: a function of two numbers, with
*variants* for vectors of two, four and eight, which LLVM calls where it vectorizes the loop around the call
(its attribute "vector-function-abi-variant" names them)::

    define <4 x double> @dlsrc.if_far.sin_far.4(<4 x double> %x, <4 x double> %y)
        any of abs(x) above FAR?  →  @dlsrc.each.sin_far.4(x, y), number by number
        else                      →  y

The function of numbers must not be written into its callers before loops are vectorized, or else the branch
in it keeps LLVM from that.  The variants are written in afterwards (``written_in``), so that what remains in
the loop is one test of a vector.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from ...kernels.vector_math.far import FAR
from ...lazy import numba
from .inlining import written_in_always

__all__ = ["far_name", "text_of", "written_in"]

PREFIX = "dlsrc.if_far."
PREFIXES = (PREFIX, "dlsrc.each.")
WIDTHS = (2, 4, 8)

# It gives the same for the same, and does nothing else.
PURE = "nounwind readnone willreturn"

SCALAR = """
define {linkage} double @dlsrc.if_far.{name}(double %x, double %y) {inline} {pure} "vector-function-abi-variant"="{variants}" {{
  %size = call double @llvm.fabs.f64(double %x)
  %is_far = fcmp ogt double %size, {far}
  br i1 %is_far, label %far, label %near, !prof !0
far:
  %there = call double @dlsrc.{name}(double %x)
  ret double %there
near:
  ret double %y
}}
declare double @llvm.fabs.f64(double)
declare double @dlsrc.{name}(double)
!0 = !{{!"branch_weights", i32 1, i32 1000000}}
"""  # noqa: E501

VARIANT = """
define weak_odr <{n} x double> @dlsrc.if_far.{name}.{n}(<{n} x double> %x, <{n} x double> %y) alwaysinline {pure} {{
entry:
  %size = call <{n} x double> @llvm.fabs.v{n}f64(<{n} x double> %x)
  %is_far = fcmp ogt <{n} x double> %size, <{limits}>
  %bits = bitcast <{n} x i1> %is_far to i{n}
  %any = icmp ne i{n} %bits, 0
  br i1 %any, label %far, label %end, !prof !0
far:
  %there = call <{n} x double> @dlsrc.each.{name}.{n}(<{n} x double> %x, <{n} x double> %y)
  br label %end
end:
  %z = phi <{n} x double> [ %y, %entry ], [ %there, %far ]
  ret <{n} x double> %z
}}
define weak_odr <{n} x double> @dlsrc.each.{name}.{n}(<{n} x double> %x, <{n} x double> %y) noinline cold minsize optsize {pure} {{
entry:
  br label %element
element:
  %k = phi i32 [ 0, %entry ], [ %next, %element ]
  %z = phi <{n} x double> [ %y, %entry ], [ %changed, %element ]
  %a = extractelement <{n} x double> %x, i32 %k
  %b = extractelement <{n} x double> %y, i32 %k
  %c = call double @dlsrc.if_far.{name}(double %a, double %b)
  %changed = insertelement <{n} x double> %z, double %c, i32 %k
  %next = add i32 %k, 1
  %last = icmp eq i32 %next, {n}
  br i1 %last, label %end, label %element
end:
  ret <{n} x double> %changed
}}
declare <{n} x double> @llvm.fabs.v{n}f64(<{n} x double>)
"""  # noqa: E501


def far_name(kernel: Callable) -> str:
    """What LLVM code calls for ``if_far`` of a kernel: "dlsrc.if_far.sin_far"."""
    return PREFIX + kernel.__name__


def text_of(kernel: Callable) -> str:
    """The text of a module that defines it and its variants, and declares the kernel."""
    name = kernel.__name__
    variants = [
        VARIANT.format(name=name, pure=PURE, n=n, limits=", ".join([f"double {FAR}"] * n)) for n in WIDTHS
    ]  # fmt: skip
    return "".join([_scalar(name, "weak_odr", "noinline"), *variants])


def _scalar(name: str, linkage: str, inline: str) -> str:
    variants = ",".join(f"_ZGV_LLVM_N{n}vv_{PREFIX}{name}({PREFIX}{name}.{n})" for n in WIDTHS)
    return SCALAR.format(name=name, linkage=linkage, inline=inline, pure=PURE, far=FAR, variants=variants)


@cache
def _strong(name: str) -> Any:
    """A module with the same function of numbers, which takes the place of the first and is written in."""
    return numba("core.codegen").ll.parse_assembly(_scalar(name, "dso_local", "alwaysinline"))


def written_in(library: Any, last: bool) -> None:
    """Write the variants that the vectorized loops of a library's module call into the loops.

    If this is the last module that the functions stand in, the function of numbers is written into the other
    loops, too, and what nothing calls is left out.
    """
    module = library._final_module
    own = [f.name for f in module.functions if f.name.startswith(PREFIXES) and not f.is_declaration]
    if not own:
        return
    if last:
        for name in {n.removeprefix(PREFIX) for n in own if n.startswith(PREFIX)}:
            if "." not in name:
                module.link_in(_strong(name), preserve=True)
        for name in own:
            module.get_function(name).linkage = "internal"
    written_in_always(library, module, leave_out=last)
