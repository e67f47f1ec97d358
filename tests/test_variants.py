"""Every rule at the variants of its samples: precisions, layouts, read-only memory, no elements, no dimensions.

What a rule gives for its samples is compared with NumPy and with differences in test_kernels; here the same
numbers must come out however the arguments lie in memory.
"""

import inspect

import numpy as np
import pytest

from dlsrc.kernels.declaring.differences import as_float, dtype_of, is_float, leaves, like, typed
from dlsrc.kernels.declaring.gradcheck import reference_of, value
from dlsrc.kernels.primitive import Primitive, Refusal, Sample, registry

PRIMITIVES = [p for p in registry.values() if isinstance(p, Primitive) and not p.effect and not p.generated]


def fortran(x):
    """The array with its first axis the fastest."""
    return np.asfortranarray(x)


def strided(x):
    """The array as every second element of a larger one."""
    wide = np.zeros([2 * n for n in x.shape], x.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in x.shape)]
    view[...] = x
    return view


def backwards(x):
    """The array as a view with negative strides."""
    turned = tuple(slice(None, None, -1) for _ in x.shape)
    return np.ascontiguousarray(x[turned])[turned]


def read_only(x):
    """The array in memory that may not be written."""
    x = x.copy()
    x.flags.writeable = False
    return x


# Arguments that only dlsrc makes, in C order: the factors of a matrix, the table of packed arrays.
OURS = {"lu", "where"}

# Views of memory in C order: where an array lies otherwise, another primitive is used, which copies.
CONTIGUOUS = {"raveled", *(f"view{k}" for k in range(1, 6)), *(f"part{k}" for k in range(1, 5))}

LAYOUTS = (fortran, strided, backwards, read_only)


def laid(layout, x):
    """An argument with its arrays in a layout, through tuples and lists."""
    return like(x, [layout(part) if isinstance(part, np.ndarray) and part.ndim else part for part in leaves(x)])


def samples_of(p):
    """The samples of a primitive with floats of double precision, as arrays or numbers."""
    return [
        Sample(as_float(case.args, "float64"), case.static)
        for case in p.cases
        if isinstance(case, Sample) and any(map(is_float, case.args))
    ]


def seed(y):
    """A cotangent for a result."""
    rng = np.random.default_rng(5)
    return like(y, [rng.standard_normal(np.shape(part)).astype(np.asarray(part).dtype)[()] for part in leaves(y)])


def cotangents(p, dy, y, args, static):
    """What each rule gives; of one written for elements, for all elements, before broadcasting is undone."""
    given = {"dy": dy, "y": y, **dict(zip(p.arguments, args, strict=True)), **static}
    for name in p.arguments:
        if isinstance(given[name], np.ndarray | float | int | np.generic):
            given[f"{name}_shape"] = np.shape(given[name])
    found = {}
    for argument, rule in p.adjoints.items():
        if not is_float(given[argument]):
            continue
        names = inspect.signature(rule).parameters
        if p.elementwise:
            numbers = {n: given[n] for n in names if n not in p.static}
            fixed = {n: given[n] for n in names if n in p.static}
            shape = np.broadcast_shapes(*(np.shape(n) for n in numbers.values()))
            columns = [np.broadcast_to(n, shape).ravel() for n in numbers.values()]
            rows = zip(*columns, strict=True)
            found[argument] = np.array(
                [rule(**dict(zip(numbers, row, strict=True)), **fixed) for row in rows]
            ).reshape(shape)
        else:
            found[argument] = rule(*(given[n] for n in names))
    return found


def close(found, expected, digits=1e-12):
    """Whether two results agree, nan with nan and infinities exactly."""
    return all(
        np.shape(a) == np.shape(b)
        and np.allclose(a, b, rtol=digits, atol=digits * max(1.0, np.max(abs(b), initial=0.0, where=np.isfinite(b))),
                        equal_nan=True)
        for a, b in zip(leaves(found), leaves(expected), strict=True)
    )


def lies_as_declared(y, declared):
    """Whether an array has the layout that its result rule promises to numba."""
    if not isinstance(y, np.ndarray) or not y.ndim:
        return True
    promised = getattr(declared, "layout", "A")
    return {"C": y.flags.c_contiguous, "F": y.flags.f_contiguous, "A": True}[promised]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("p", PRIMITIVES, ids=lambda p: p.name)
def test_the_layout_of_arguments_changes_no_number(p, layout):
    with np.errstate(all="ignore"):
        for case in samples_of(p):
            if p.name in CONTIGUOUS:
                continue
            y = value(p, case.args, case.static)
            dy = seed(y)
            named = zip(p.arguments, case.args, strict=True)
            args = tuple(x if name in OURS else laid(layout, x) for name, x in named)
            try:
                declared = p.result_type(*map(typed, args), **case.static)
            except Refusal:
                continue  # it is for one layout: the others have a primitive of their own
            found = value(p, args, case.static)
            assert close(found, y), f"the value of {p.name} at {layout.__name__} arguments"
            assert p.elementwise or lies_as_declared(found, declared), f"{p.name} promises layout {declared.layout}"
            if not p.adjoints or not is_float(y):
                continue
            expected = cotangents(p, dy, y, case.args, case.static)
            for other in cotangents(p, laid(layout, dy), laid(layout, y), args, case.static).items():
                assert close(other[1], expected[other[0]]), f"the cotangent of {other[0]} at {layout.__name__}"


@pytest.mark.parametrize("p", [p for p in PRIMITIVES if p.adjoints], ids=lambda p: p.name)
def test_single_precision_gives_the_same_to_its_digits(p):
    with np.errstate(all="ignore"):
        for case in samples_of(p)[:2]:
            args = as_float(case.args, "float32")
            try:
                declared = p.result_type(*map(typed, args), **case.static)
            except Refusal:
                continue
            if getattr(declared, "dtype", "") != "float32":
                continue
            y = value(p, case.args, case.static)
            found = value(p, args, case.static)
            assert all(dtype_of(part) == "float32" or np.ndim(part) == 0 for part in leaves(found))
            assert close(found, y, 1e-3), f"the value of {p.name} in single precision"


@pytest.mark.parametrize("p", [p for p in PRIMITIVES if p.elementwise], ids=lambda p: p.name)
def test_operations_on_elements_take_no_elements_and_no_dimensions(p):
    case = next(c for c in p.cases if isinstance(c, Sample))
    given = zip(p.arguments, case.args, strict=True)
    numbers = {name: x.flat[0] if isinstance(x, np.ndarray) else x for name, x in given}
    none = {name: np.zeros((0, 3), np.asarray(x).dtype) for name, x in numbers.items()}
    found = p(**none, **case.static)
    declared = p.result_type(*map(typed, none.values()), **case.static)
    assert found.shape == (0, 3) and found.dtype.name == declared.dtype
    with np.errstate(all="ignore"):
        alone = p(**{name: np.array(x) for name, x in numbers.items()}, **case.static)
        assert np.shape(alone) == () and close(alone, p(**numbers, **case.static))


@pytest.mark.parametrize(
    "p",
    [p for p in PRIMITIVES if not p.elementwise and reference_of(p) is not None and len(p.arguments) == 1],
    ids=lambda p: p.name,
)
def test_functions_of_one_array_take_what_numpy_takes_of_no_elements(p):
    reference = reference_of(p)
    for case in samples_of(p)[:3]:
        if not isinstance(case.args[0], np.ndarray):
            continue
        empty = case.args[0][:0]
        try:
            expected = reference(empty, **case.static)
        except (ValueError, IndexError):
            with pytest.raises((ValueError, IndexError)):
                p.body(empty, **case.static)
            continue
        assert close(p.body(empty, **case.static), expected)
