"""What is called sure of the order of a result in memory is what NumPy's result has, for every declaration."""

import numpy as np
import pytest

from dlsrc.kernels.declaring.cases import Sample
from dlsrc.kernels.primitive import Refusal, registry
from dlsrc.kernels.types import Array, type_of
from dlsrc.transform.building.binding import Container, Static
from dlsrc.transform.calling.calls import apply
from dlsrc.transform.building.context import Context, NeedStatic, Refused
from dlsrc.transform.ir import Const, Value
from dlsrc.transform.normalize import complete

ORDERS = {
    "C": lambda a: a.copy(),
    "F": lambda a: np.asfortranarray(a),
    "A": lambda a: np.ascontiguousarray(a.swapaxes(0, -1)).swapaxes(0, -1) if a.ndim > 2 else np.repeat(a, 2, 1)[:, ::2],
    "reversed": lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1],
}


def arrays(tree):
    if isinstance(tree, np.ndarray):
        return [tree]
    return [a for part in tree for a in arrays(part)] if isinstance(tree, list | tuple) else []


def reordered(tree, order):
    if isinstance(tree, np.ndarray):
        return ORDERS[order](tree) if tree.ndim > 1 else tree
    if isinstance(tree, list | tuple):
        return type(tree)(reordered(part, order) for part in tree)
    return tree


def binding(ctx, tree):
    """An argument of a program that is being built."""
    if isinstance(tree, np.ndarray) and tree.ndim:
        value = ctx.value(type_of(tree))
        ctx.params.add(value)
        return value
    if isinstance(tree, list | tuple):
        return Container(type(tree).__name__, tuple(binding(ctx, part) for part in tree))
    if isinstance(tree, np.generic):
        return Const(tree.item())
    return Const(tree) if isinstance(tree, int | float) else Static(tree)


def results(ctx, bound):
    inner = ctx.contents(bound)
    if isinstance(inner, Container):
        return [r for item in inner.items for r in results(ctx, item)]
    return [inner] if isinstance(inner, Value) and isinstance(ctx.type_of(inner), Array) else []


def cases():
    for name, declared in registry.items():
        functions = [f for f in declared.functions if callable(f) and not isinstance(f, type)]
        for k, case in enumerate(c for c in declared.cases if isinstance(c, Sample)):
            if functions and any(a.ndim > 1 and a.size for a in arrays(case.args)):
                yield pytest.param(declared, functions[0], case, id=f"{name}-{k}")


@pytest.mark.parametrize(("declared", "function", "case"), list(cases()))
def test_orders(declared, function, case):
    for order in ORDERS:
        args = reordered(tuple(case.args), order)
        options = dict(case.static)
        ctx = Context()
        complete(ctx)
        bound = tuple(binding(ctx, a) for a in args)
        try:
            made = results(ctx, apply(ctx, declared, bound, {k: binding(ctx, v) for k, v in options.items()}))
            expected = arrays([function(*args, **options)])
        except (Refused, Refusal, NeedStatic, TypeError, ValueError, np.linalg.LinAlgError):
            continue
        for value, right in zip(made, [a for a in expected if a.ndim], strict=False):
            type_ = ctx.types[value]
            if type_.ndim == right.ndim > 1 and type_.sure and type_.layout != "A":
                assert right.flags[f"{type_.layout}_CONTIGUOUS"], f"{order}: {type_.layout} here"
