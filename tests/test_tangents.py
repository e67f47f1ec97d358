"""Forward mode against reverse mode: over every primitive, and over every program of ``tests/language``.

A tangent and an adjoint are two ways to one number: the dot-product test, ``<dy, J t> = <J^T dy, t>``, holds
to rounding.
"""

import copy
import importlib
import pkgutil

import numpy as np
import pytest

import dlsrc
import tests.language
from dlsrc.evaluate import prepared
from dlsrc.kernels.declaring.differences import as_float, is_float
from dlsrc.kernels.declaring.gradcheck import cotangent, describe, value
from dlsrc.kernels.primitive import Primitive, Sample, registry
from dlsrc.kernels.types import Shape, type_of
from dlsrc.kernels.types import is_float as is_float_type
from dlsrc.containers.packing import with_packed
from dlsrc.signature import read_call
from dlsrc.calls.target import target_of
from dlsrc.transform.compile import compile_text
from dlsrc.transform.emit import emit
from dlsrc.transform.ir import Assign, Program, Value
from dlsrc.transform.location import Location
from dlsrc.transform.simplify import simplify
from dlsrc.transform.tangent import tangents
from dlsrc.transform.verify import verify
from tests.oracle import Programs, leaves, map_leaves, real

TOLERANCE = 1e-12
TOLERANCE_FLOAT32 = 3e-5

# ---------------------------------------------------------------------------------- primitives


def program_of(primitive, args, static):
    """The program of one operation."""
    types = [Shape(len(a)) if isinstance(a, tuple) else type_of(a) for a in args]
    params = tuple(Value(k, f"a{k}") for k in range(1, len(args) + 1))
    y = Value(len(args) + 1, "y")
    result = primitive.result_type(*types, **static)
    statement = Assign(y, primitive, params, tuple(sorted(static.items())), Location("sample.py", 1))
    return Program("sample", params, (statement,), (y,), dict(zip(params, types, strict=True)) | {y: result})


def samples():
    for declared in registry.values():
        if isinstance(declared, Primitive) and declared.adjoints and declared.name != "detach":
            for case in declared.cases:
                if isinstance(case, Sample) and any(map(is_float, case.args)):
                    yield pytest.param(declared, case, id=describe(declared, case))


@pytest.mark.parametrize(("declared", "case"), list(samples()))
def test_the_tangent_of_a_primitive(declared, case):
    args = tuple(as_float(a, "float64") if is_float(a) and np.asarray(a).dtype != "float32" else a for a in case.args)
    program = program_of(declared, args, case.static)
    if not is_float_type(program.types[program.returns[0]]):
        return
    active = [k for k, name in enumerate(declared.arguments) if is_float(args[k]) and name in declared.adjoints]
    made = tangents(program, [program.params[k] for k in active])
    verify(made)
    simple = simplify(made)
    verify(simple)
    rng = np.random.default_rng([17, len(args)])
    single = any(np.asarray(a).dtype == "float32" for a in args)
    t = [rng.standard_normal(np.shape(args[k])).astype(np.asarray(args[k]).dtype)[()] for k in active]
    with np.errstate(all="ignore"):
        y, ty = compile_text(emit(simple), jit=False)(*copy.deepcopy(args), *copy.deepcopy(t))
        plain = value(declared, copy.deepcopy(args), case.static)
        # NumPy's loops and its functions of one number differ in the last bit.
        assert np.allclose(y, plain, rtol=2e-7 if single else 5e-16, atol=0.0, equal_nan=True)
        assert np.shape(ty) == np.shape(y)
        assert np.asarray(ty).dtype == np.asarray(plain).dtype or np.ndim(plain) == 0
        dy = np.where(np.isfinite(y) & np.isfinite(ty), rng.standard_normal(np.shape(y)), 0.0)[()]
        dy = np.asarray(dy, np.asarray(plain).dtype)[()]
        left = np.where(dy == 0, 0.0, dy * ty)
        right = [
            cotangent(declared, declared.arguments[k], dy, plain, copy.deepcopy(args), case.static) * tx
            for k, tx in zip(active, t, strict=True)
        ]
    size = max([np.sum(np.abs(left)), np.sum(np.abs(dy * np.where(np.isfinite(y), y, 0.0))), 1e-6])
    size = max([size, *(np.sum(np.abs(r)) for r in right)])
    difference = abs(np.sum(left) - sum(np.sum(r) for r in right))
    assert difference <= (TOLERANCE_FLOAT32 if single else TOLERANCE) * size


VIEWS = [p for p in registry.values() if isinstance(p, Primitive) and p.view and p.adjoints]


@pytest.mark.parametrize("declared", VIEWS, ids=[p.name for p in VIEWS])
def test_the_tangent_of_a_view_is_a_view(declared):
    """What is written into the one must be seen in the other, as in the arrays themselves."""
    for case in declared.cases:
        if isinstance(case, Sample) and is_float(case.args[0]):
            program = program_of(declared, case.args, case.static)
            made = simplify(tangents(program, program.params[:1]))
            tx = case.args[0].copy(order="K")
            y, ty = compile_text(emit(made), jit=False)(*case.args, tx)
            assert np.shares_memory(y, case.args[0]) == np.shares_memory(ty, tx)


def test_what_has_no_tangent_is_refused():
    def nothing(x):
        return 2.0 * x

    unknown = Primitive(
        nothing, (), static=(), elementwise=False, floats=False, boolean=False, view=False, effect=False,
        methods=(), attributes=(),
    )
    unknown.result(lambda x: x)
    program = program_of(unknown, (np.ones(3),), {})
    with pytest.raises(dlsrc.errors.DifferentiationError, match="no derivative is known for `nothing`"):
        tangents(program, program.params)


# ---------------------------------------------------------------------------------- programs


def collected():
    for module in pkgutil.iter_modules(tests.language.__path__):
        if module.name.startswith("test_"):
            found = vars(importlib.import_module(f"tests.language.{module.name}")).values()
            for programs in (p for p in found if isinstance(p, Programs)):
                for k, parameter in enumerate(programs.collected):
                    yield pytest.param(parameter.values[0], id=f"{module.name[5:]}-{parameter.id}-{k}")


def direction(x, rng):
    """A tangent of an argument."""

    def one(leaf):
        if not real(leaf):
            return leaf
        if isinstance(leaf, np.ndarray):
            return np.array(rng.standard_normal(leaf.shape), leaf.dtype)
        return type(leaf)(rng.standard_normal())

    return map_leaves(one, x)


def numbers_of(tree):
    return [np.asarray(leaf) for leaf in leaves(tree) if real(leaf)]


@pytest.mark.parametrize("program", list(collected()))
def test_the_tangent_of_a_program(program):
    """`jacfwd` is the gradient, and `jvp` the gradient times the tangent."""
    asked = program.options.get("argnums", 0)
    argnums = (asked,) if isinstance(asked, int) else asked
    f, args = program.function, program.args
    y, gradient = dlsrc.value_and_grad(f, argnums)(*copy.deepcopy(args))
    single = any(leaf.dtype == "float32" for leaf in [*numbers_of(list(args)), np.asarray(y)])
    tolerance = TOLERANCE_FLOAT32 if single else TOLERANCE
    jacobian = dlsrc.jacfwd(f, argnums)(*copy.deepcopy(args))
    for by_reverse, by_forward in zip(numbers_of(list(gradient)), numbers_of(list(jacobian)), strict=True):
        assert by_reverse.shape == by_forward.shape
        allowed = tolerance * max(1.0, np.max(np.abs(by_reverse), initial=0.0))
        assert np.all(np.abs(by_reverse - by_forward) <= allowed), (by_reverse, by_forward)

    if argnums != tuple(range(len(args))):
        return  # jvp takes a tangent for every argument
    rng = np.random.default_rng([19, len(args)])
    t = tuple(direction(a, rng) for a in args)
    value, ty = dlsrc.jvp(f, copy.deepcopy(args), t)
    assert value == y
    terms = [a * b for a, b in zip(numbers_of(list(gradient)), numbers_of(list(t)), strict=True)]
    expected = sum(np.sum(term) for term in terms)
    assert abs(ty - expected) <= tolerance * max(1.0, sum(np.sum(np.abs(term)) for term in terms))


# ---------------------------------------------------------------------------------- forward over reverse


def slopes(f, values, active, directions):
    """The derivative of a program's results in a direction: three central differences, extrapolated."""

    def at(h):
        moved = [np.array(v) if isinstance(v, np.ndarray) else v for v in values]
        for k, t in zip(active, directions, strict=True):
            moved[k] = moved[k] + h * t
        found = f(*moved)
        return found if isinstance(found, tuple) else (found,)

    def central(h):
        return [(np.asarray(a, float) - np.asarray(b, float)) / (2 * h) for a, b in zip(at(h), at(-h), strict=True)]

    for h in (1e-2, 1e-3, 1e-4):
        first, second, third = central(h), central(h / 2), central(h / 4)
        yield [
            (16 * (4 * c - b) / 3 - (4 * b - a) / 3) / 15 for a, b, c in zip(first, second, third, strict=True)
        ]


# Rules that divide by what is zero here: the first derivative is finite, the second is not.
SINGULAR = {
    "symmetric_in_equal_eigenvalues", "determinant_of_a_singular_matrix", "determinant_of_a_matrix_of_rank_one",
}


@pytest.mark.parametrize("program", [
    p for p in list(collected())[::4] if getattr(p.values[0].function, "__name__", "") not in SINGULAR
])
def test_the_tangent_of_a_gradient(program):
    """What the reverse stage makes, tapes, shadows and rules included, is a program like any other."""
    if any(leaf.dtype == "float32" for leaf in numbers_of(list(program.args))):
        return  # differences of single precision say nothing
    args, argnums = copy.deepcopy(program.args), program.options.get("argnums", 0)
    entry = prepared(program.function, args, {}, argnums=argnums)
    gradient = next(s.program for s in entry.generated.stages if s.name == "assemble")
    traced = entry.generated.normalized.traced
    active = [k for k, p in enumerate(gradient.params) if p in traced and is_float_type(gradient.types[p])]
    made = simplify(tangents(gradient, [gradient.params[k] for k in active]))
    verify(made)
    target = target_of(program.function)
    call = with_packed(
        read_call(target.first + args, dict(target.named)), entry.generated.normalized.packing
    )
    values = entry.arguments(call, target)
    rng = np.random.default_rng([23, len(values)])
    directions = [rng.standard_normal(np.shape(values[k]))[()] for k in active]
    count = len(gradient.returns)
    plain = compile_text(emit(gradient), jit=False)
    found = compile_text(emit(made), jit=False)(*copy.deepcopy(values), *copy.deepcopy(directions))[count:]
    real_ones = [k for k, a in enumerate(gradient.returns) if is_float_type(gradient.type_of(a))]
    errors = [
        max(
            np.max(np.abs(expected[k] - t) / np.maximum(1.0, np.abs(expected[k])), initial=0.0)
            for k, t in zip(real_ones, found, strict=True)
        )
        for expected in slopes(plain, values, active, directions)
    ]
    assert min(errors) < 1e-6
