"""Derivatives in the user's own ``@njit`` functions.

An object of `grad`, `value_and_grad`, `jacfwd` or `jacrev` has a numba type.  A call of it is typed by
building the program for the argument types at hand; a small compiled function around it freezes the captured
variables, as numba freezes those of any function, and puts the results together::

    def derivative(a0):
        y0, y1 = run(a0, h0)
        return y0, y1

numba asks an object for its type by the attribute ``_numba_type_``, so nothing has to be registered
before: importing dlsrc imports no numba, and importing numba no dlsrc.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..calls.capture import Binding
from ..calls.entry import Entry
from ..containers.nodes import LEAF, DictNode, NamedTupleNode, Structure, TupleNode
from ..lazy import numba
from ..signature import Call, canonical, kind_of

__all__ = ["callable_type", "numba_type", "signature_of"]


def numba_type(derivative: Any) -> Any:
    """The numba type of an object that `grad` or `value_and_grad` gave."""
    return _machinery()(derivative)


def signature_of(context: Any, dispatcher: Any, args: tuple) -> Any:
    """The signature by which compiled code calls a dispatcher with these types; None if it cannot."""
    template, pysig, args, kws = dispatcher.get_call_template(args, {})
    signature = template(context).apply(args, kws)
    return signature.replace(pysig=pysig) if signature else None


@cache
def callable_type() -> Any:
    """The base of the types of what is compiled anew for each tuple of argument types, when it is called.

    A subclass says by ``dispatcher_for(args)`` what to call, and by ``called`` what a message calls it; its
    data model is registered for itself, since numba looks that up by the very class.
    """
    types, errors = numba("core.types"), numba("core.errors")
    imputils = numba("core.imputils")

    class CallableType(types.Callable, types.Dummy):  # type: ignore[name-defined]
        called = "a derivative"

        def __init__(self, name: str):
            self.compiled: dict[tuple, Any] = {}
            super().__init__(name)

        def dispatcher_for(self, args: tuple) -> Any:
            raise TypeError(f"{type(self).__name__} does not say what it calls")

        def get_call_type(self, context: Any, args: tuple, kws: dict) -> Any:
            if kws:
                raise errors.TypingError(f"{self.called} takes its arguments by position in compiled code")
            args = tuple(types.unliteral(a) for a in args)
            dispatcher = self.compiled.get(args)
            if dispatcher is None:
                dispatcher = self.compiled[args] = self.dispatcher_for(args)
            return signature_of(context, dispatcher, args)

        def get_call_signatures(self) -> tuple:
            return [s for d in self.compiled.values() for s in d.nopython_signatures], True

        def get_impl_key(self, signature: Any) -> Any:
            args = tuple(types.unliteral(a) for a in signature.args)
            return self.compiled[args].get_overload(args)

    @imputils.lower_constant(CallableType)
    def constant(context: Any, builder: Any, type_: Any, value: Any) -> Any:
        return context.get_dummy_value()

    return CallableType


@cache
def _machinery() -> Any:
    """The class of these types, made and registered when numba first asks for one."""
    types, extending = numba("core.types"), numba("extending")

    class DerivativeType(types.WeakType, callable_type()):  # type: ignore[name-defined, misc]
        """The type of one derivative object; it is equal to that of no other one."""

        def __init__(self, derivative: Any):
            self._store_object(derivative)
            super().__init__(f"{derivative!r} at {id(derivative):#x}")

        def dispatcher_for(self, args: tuple) -> Any:
            return _compiled(self._get_object(), args)

    extending.register_model(DerivativeType)(extending.models.OpaqueModel)

    @extending.unbox(DerivativeType)
    def unbox(type_: Any, value: Any, c: Any) -> Any:
        return extending.NativeValue(c.context.get_dummy_value())

    return DerivativeType


@cache
def _uncachable() -> Any:
    """Compiled code that calls this is never kept on disk.

    What a derivative captured is frozen in its caller, and the caller's file does not change with it: a
    caller loaded from disk would be stale.  An address in the code is what numba does not write to disk.
    """
    extending, types, ir = numba("extending"), numba("core.types"), numba("core.cgutils").ir

    @extending.intrinsic
    def uncachable(context: Any) -> Any:
        def lower(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pointer = context.add_dynamic_addr(builder, 0xD15C, info="dlsrc derivative")
            # An empty instruction that "uses" the address: without it the optimizer takes it out.
            kind = ir.FunctionType(ir.VoidType(), [pointer.type])
            builder.call(ir.InlineAsm(kind, "", "r", side_effect=True), [pointer])
            return context.get_dummy_value()

        return types.void(), lower

    return uncachable


# ---------------------------------------------------------------------------------- the compiled function


def _compiled(derivative: Any, args: tuple) -> Any:
    """The dispatcher of a derivative for these argument types."""
    errors = numba("core.errors")
    leaves: list = []
    nodes = tuple(_example(a, leaves, errors) for a in args)
    structure = TupleNode((TupleNode(nodes), DictNode((), ())))
    call = Call(tuple(leaves), tuple(leaves), structure, tuple(map(kind_of, leaves)))
    if derivative.is_bound:
        raise errors.TypingError(
            f"{derivative!r}: a functools.partial object cannot be compiled; write a function instead"
        )
    owner = derivative.target.owner
    entry, binding = derivative.runner.prepared(call, owner, _Given(nodes), {}, packs=False)
    if entry.static:
        name = derivative.target.function.__name__
        raise errors.TypingError(
            f"{name}: an argument must be known while the derivative is built; capture it instead"
        )
    return _wrapper(derivative, entry, binding, owner, nodes)


class _Given(tuple):
    """Stands for the arguments where only their number matters."""


def _example(type_: Any, leaves: list, errors: Any) -> Structure:
    """The structure of an argument of this type; a leaf of its kind is appended for each number and array."""
    types = numba("core.types")
    match type_:
        case types.Array(dtype=dtype, ndim=ndim, layout=layout) if ndim:
            made = np.ones((2,) * ndim, str(dtype), order="F" if layout == "F" else "C")
            if layout == "A":
                made = np.ones((4,) * ndim, made.dtype)[(slice(None, None, 2),) * ndim]
            leaves.append(made)
            return LEAF
        case types.Boolean():
            leaves.append(True)
            return LEAF
        case types.Integer() | types.Float():
            name = str(type_)
            leaves.append({"float64": 1.0, "int64": 1}.get(name) or getattr(np, name)(1))
            return LEAF
        case types.NamedTuple() | types.NamedUniTuple():
            parts = tuple(_example(t, leaves, errors) for t in type_.types)
            return NamedTupleNode(type_.instance_class, parts)
        case types.BaseTuple():
            return TupleNode(tuple(_example(t, leaves, errors) for t in type_))
    raise errors.TypingError(
        f"a derivative takes numbers, arrays and tuples of them in compiled code, not {type_}"
    )


def _wrapper(derivative: Any, entry: Entry, binding: Binding, owner: Any, nodes: tuple) -> Any:
    """The function around the program, compiled when its caller is."""
    errors = numba("core.errors")
    hidden = {f"h{k}": canonical(value) for k, value in enumerate(binding.hidden(owner))}
    namespace: dict[str, Any] = {"run": entry.function, "uncachable": _uncachable(), **hidden}
    arguments = [f"a{k}" for k in range(len(nodes))]
    leaves: list[str] = []
    for name, node in zip(arguments, nodes, strict=True):
        _taken_apart(name, node, leaves)
    given = [leaves[k] for k in entry.interface.leaves] + list(hidden)
    count = len(entry.convert)
    results = [f"y{k}" for k in range(count)]
    words = iter(results)
    outputs: Any = entry.interface.outputs
    parts = outputs.children if entry.mode.kind == "gradient" else (outputs,)
    texts = [_put_together(n, words, namespace, errors) for n in parts]
    if entry.mode.kind != "gradient":
        returned = texts[0]
    elif derivative.with_value:
        returned = ", ".join(texts)
    elif derivative.has_aux:
        returned = f"{texts[1]}, {texts[0]}[1]"
    else:
        returned = texts[1]
    text = "\n".join([
        f"def derivative({', '.join(arguments)}):",
        "    uncachable()",
        f"    {', '.join(results)} = run({', '.join(given)})",
        f"    return {returned}",
    ])  # fmt: skip
    exec(compile(text, "<dlsrc derivative>", "exec"), namespace)
    made: Callable = namespace["derivative"]
    return numba().njit(error_model="numpy")(made)


def _taken_apart(name: str, node: Structure, leaves: list[str]) -> None:
    if node is LEAF:
        leaves.append(name)
        return
    for k, child in enumerate(node.children):  # type: ignore[union-attr]
        _taken_apart(f"{name}[{k}]", child, leaves)


def _put_together(node: Structure, words: Any, namespace: dict[str, Any], errors: Any) -> str:
    if node is LEAF:
        return next(words)
    match node:
        case TupleNode(children=children):
            return "(" + "".join(f"{_put_together(c, words, namespace, errors)}, " for c in children) + ")"
        case NamedTupleNode(cls=cls, children=children):
            namespace[cls.__name__] = cls
            parts = ", ".join(_put_together(c, words, namespace, errors) for c in children)
            return f"{cls.__name__}({parts})"
    raise errors.TypingError(
        "in compiled code a derivative returns numbers, arrays and tuples of them, no dict or list"
    )
