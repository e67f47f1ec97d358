"""A kernel of arithmetic alone as LLVM code, without numba: one of a number takes a millisecond.

    y = x if abs(x) < 1e-9 else fma(s, x, 1.0)

    →   %a = call double @llvm.fabs.f64(double %x)
        %b = fcmp olt double %a, 1e-9
        %c = call double @llvm.fmuladd.f64(double %s, double %x, double 1.0)
        %y = select i1 %b, double %x, double %c

What numba makes of it has a status, branches and variables, which LLVM then takes ten times as long to
remove again.  A choice is between numbers that are both calculated, so there is no branch to keep LLVM from
calculating several elements at a time; nor is there a flag that would let it change the arithmetic.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from functools import cache, reduce
from typing import Any

import numpy as np

from ...errors import InternalError
from ...kernels.vector_math.far import if_far
from ...kernels.vector_math.fused import multiply_add
from ...lazy import numba
from .far_calls import far_name, text_of

__all__ = ["definition", "definitions", "inlined"]

# By what llvmlite calls them, of real numbers and of integers.
BINARY = {
    ast.Add: ("fadd", "add"), ast.Sub: ("fsub", "sub"), ast.Mult: ("fmul", "mul"), ast.Div: ("fdiv", ""),
    ast.LShift: ("", "shl"), ast.RShift: ("", "ashr"), ast.BitAnd: ("", "and_"), ast.BitOr: ("", "or_"),
    ast.BitXor: ("", "xor"),
}  # fmt: skip
COMPARED = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


def definitions(kernel: Callable) -> list[str]:
    """The texts of modules that define a kernel, as "dlsrc." and its name, and what it calls."""
    return [definition(kernel), *called(kernel)]


def called(kernel: Callable) -> list[str]:
    """The texts of modules that define what a kernel calls where numbers are far from zero."""
    return [text for far in far_kernels(kernel) for text in (text_of(far), definition(far, alone=True))]


@cache
def far_kernels(kernel: Callable) -> tuple[Callable, ...]:
    """The kernels that are called by ``if_far`` in one, and in those that are written into it."""
    found: dict[Callable, None] = {}
    for node in ast.walk(_tree(kernel)):
        match node:
            case ast.Call(func=ast.Name(id=name), args=args) if name in kernel.__globals__:
                target = kernel.__globals__[name]
                if target is if_far and isinstance(args[0], ast.Name):
                    found[kernel.__globals__[args[0].id]] = None
                elif target is not multiply_add and getattr(target, "is_kernel", False):
                    found.update(dict.fromkeys(far_kernels(target)))
    return tuple(found)


@cache
def definition(kernel: Callable, *, alone: bool = False) -> str:
    """The text of a module that defines a kernel, to be written into its callers unless it stands alone."""
    ir: Any = numba("core.cgutils").ir
    module = ir.Module()
    module.triple, module.data_layout = "", ""
    number = ir.FloatType() if kernel.__name__.endswith("_single") else ir.DoubleType()
    count = len(inspect.signature(kernel).parameters)
    function = ir.Function(module, ir.FunctionType(number, [number] * count), f"dlsrc.{kernel.__name__}")
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline" if alone else "alwaysinline")
    builder = ir.IRBuilder(function.append_basic_block())
    builder.ret(_Body(kernel, builder).of(*function.args))
    text = str(module)
    return "\n".join(line for line in text.splitlines() if not line.startswith(("target ", "; ")))


@cache
def inlined(double: Callable, single: Callable) -> Any:
    """What compiled code calls to have the arithmetic of one of two kernels where the call stands."""
    types: Any = numba("core.types")
    count = len(inspect.signature(double).parameters)
    names = ", ".join(f"a{k}" for k in range(count))

    def typed(*given: Any) -> tuple[Any, Any]:
        kind = types.float32 if all(t == types.float32 for t in given) else types.float64
        kernel = single if kind == types.float32 else double

        def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            binding: Any = numba("core.codegen").ll
            for text in called(kernel):
                context.active_code_library.add_llvm_module(binding.parse_assembly(text))
            return _Body(kernel, builder).of(*args)

        return kind(*[kind] * count), lower

    namespace: dict[str, Any] = {"typed": typed}
    exec(f"def {double.__name__}(context, {names}):\n    return typed({names})\n", namespace)
    return numba("extending").intrinsic(namespace[double.__name__])


@cache
def _tree(kernel: Callable) -> ast.FunctionDef:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kernel))).body
    assert isinstance(tree, ast.FunctionDef)
    return tree


class _Body:
    """The statements of one kernel, written by a builder of llvmlite's."""

    def __init__(self, kernel: Callable, builder: Any):
        self.ir: Any = numba("core.cgutils").ir
        self.kernel, self.builder = kernel, builder
        self.double, self.single = self.ir.DoubleType(), self.ir.FloatType()
        self.integer = self.ir.IntType(64)
        self.values: dict[str, Any] = {}

    def of(self, *args: Any) -> Any:
        """The value for these arguments."""
        tree = _tree(self.kernel)
        self.values = dict(zip((a.arg for a in tree.args.args), args, strict=True))
        for statement in tree.body:
            match statement:
                case ast.Expr(value=ast.Constant()):
                    pass
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.values[name] = self.value(value)
                case ast.AugAssign(target=ast.Name(id=name) as place, op=op, value=value):
                    old = ast.Name(place.id, ast.Load())
                    self.values[name] = self.value(ast.BinOp(old, op, value))
                case ast.Return(value=value) if value is not None:
                    return self.number(self.value(value), self.double)
                case _:
                    raise self.refused(statement)
        raise self.refused(tree)

    def refused(self, node: ast.AST) -> InternalError:
        return InternalError(f"{self.kernel.__name__} has {ast.unparse(node)}, which is no arithmetic")

    def number(self, value: Any, type_: Any) -> Any:
        """A value as an operand; a literal takes the type of what it stands with."""
        return self.ir.Constant(type_, value) if _known(value) else value

    def pair(self, a: Any, b: Any) -> tuple[Any, Any]:
        type_ = b.type if _known(a) else a.type
        return self.number(a, type_), self.number(b, type_)

    def value(self, node: ast.expr) -> Any:
        """A Python number if it is known, else an operand."""
        builder = self.builder
        match node:
            case ast.Constant(value=int() | float() as known):
                return known
            case ast.Name(id=name):
                return self.values[name] if name in self.values else self.kernel.__globals__[name]
            case ast.Attribute(value=ast.Name(id="np"), attr=name):
                return getattr(np, name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                a = self.value(operand)
                return -a if _known(a) else builder.fneg(a)
            case ast.BinOp(left=left, op=op, right=right):
                a, b = self.value(left), self.value(right)
                if _known(a) and _known(b):
                    return {ast.Add: a + b, ast.Sub: a - b, ast.Mult: a * b}[type(op)]
                a, b = self.pair(a, b)
                return getattr(builder, BINARY[type(op)][a.type == self.integer])(a, b)
            case ast.BoolOp(op=op, values=values):
                join = builder.and_ if isinstance(op, ast.And) else builder.or_
                return reduce(join, map(self.value, values))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                a, b = self.pair(self.value(left), self.value(right))
                if a.type == self.integer:
                    return builder.icmp_signed(COMPARED[type(op)], a, b)
                compare = builder.fcmp_unordered if isinstance(op, ast.NotEq) else builder.fcmp_ordered
                return compare(COMPARED[type(op)], a, b)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                a, b = self.value(body), self.value(orelse)
                if _known(a) and _known(b):
                    a = self.number(a, self.double)
                return builder.select(self.value(test), *self.pair(a, b))
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                return self.item(name, self.value(index))
            case ast.Call(func=func, args=args):
                return self.call(node, func, [self.value(a) for a in args])
        raise self.refused(node)

    def call(self, node: ast.Call, func: ast.expr, args: list) -> Any:
        builder = self.builder
        match func:
            case ast.Attribute(value=ast.Name(id="np"), attr="float64" | "float32" | "int64" as name):
                (a,) = args
                type_ = {"float64": self.double, "float32": self.single, "int64": self.integer}[name]
                if _known(a) or a.type == type_:
                    return self.number(a, type_)
                if a.type == self.integer:
                    return builder.sitofp(a, type_)
                return builder.fpext(a, type_) if name == "float64" else builder.fptrunc(a, type_)
            case ast.Attribute(value=inner, attr="view"):
                a = self.value(inner)
                return builder.bitcast(a, self.integer if args == [np.int64] else self.double)
            case ast.Name(id="abs"):
                return builder.call(builder.module.declare_intrinsic("llvm.fabs", [args[0].type]), args)
            case ast.Name(id=name):
                found = self.kernel.__globals__[name]
                if found is multiply_add:
                    args = [self.number(a, self.double) for a in args]
                    return builder.call(self.function("llvm.fmuladd.f64", 3), args)
                if found is if_far:
                    far, *operands = args
                    return builder.call(self.function(far_name(far), 2), operands)
                if getattr(found, "is_kernel", False):
                    return _Body(found, builder).of(*(self.number(a, self.double) for a in args))
        raise self.refused(node)

    def item(self, name: str, index: Any) -> Any:
        """An item of a tuple of integers."""
        numbers = self.kernel.__globals__[name]
        table = self.builder.module.globals.get(name)
        if table is None:
            kind = self.ir.ArrayType(self.integer, len(numbers))
            table = self.ir.GlobalVariable(self.builder.module, kind, name)
            table.linkage, table.global_constant, table.initializer = "private", True, kind(numbers)
        return self.builder.load(self.builder.gep(table, [self.integer(0), index], inbounds=True))

    def function(self, name: str, count: int) -> Any:
        """A declared one of so many float64, which gives another."""
        kind = self.ir.FunctionType(self.double, [self.double] * count)
        return numba("core.cgutils").get_or_insert_function(self.builder.module, kind, name)


def _known(value: Any) -> bool:
    return isinstance(value, int | float)


