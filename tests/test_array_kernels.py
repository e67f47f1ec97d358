"""Array kernels beyond their samples: NumPy is the reference, on every axis, layout and shape that is special."""

import itertools

import numpy as np
import pytest
import scipy.special

from dlsrc.kernels import registry
from dlsrc.kernels.declaring.axes import axes_of, axis_of, dtype_name
from dlsrc.kernels.primitive import Refusal, lookup, real
from dlsrc.kernels.shape import moved, permutation

SHAPES = [(3,), (2, 3), (1, 4), (2, 3, 4), (2, 1, 3, 2)]


def layouts(x):
    """The array in C order, in F order, and with gaps in memory."""
    gaps = np.zeros([2 * n for n in x.shape])[tuple(slice(None, None, 2) for _ in x.shape)]
    gaps[...] = x
    return [x, np.asfortranarray(x), gaps]


def axes(ndim):
    some = [None, *range(-ndim, ndim)]
    return some + [pair for pair in itertools.combinations(range(ndim), 2)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("function", [np.sum, np.prod, np.mean, np.max, np.min, np.var, np.std, np.ptp, np.any, np.all])
def test_reductions(function, shape):
    for x in layouts(real(*shape)):
        for axis in axes(len(shape)):
            for keepdims in (False, True):
                found = lookup(function)(x, axis=axis, keepdims=keepdims)
                expected = function(x, axis=axis, keepdims=keepdims)
                np.testing.assert_allclose(found, expected, rtol=1e-13)
                assert np.shape(found) == np.shape(expected)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "function", [np.cumsum, np.cumprod, np.argmax, np.argmin, np.flip, np.sort, np.argsort, np.diff]
)
def test_along_an_axis(function, shape):
    for x in layouts(real(*shape)):
        for axis in range(-len(shape), len(shape)):
            np.testing.assert_allclose(lookup(function)(x, axis=axis), function(x, axis=axis), rtol=1e-13)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_softmax_and_kin(name, shape):
    for x in layouts(100 * real(*shape)):
        for axis in [None, *range(-len(shape), len(shape))]:
            expected = getattr(scipy.special, name)(x, axis=axis)
            np.testing.assert_allclose(registry[name](x, axis=axis), expected, rtol=1e-12, atol=1e-300)


def test_logsumexp_of_masked_elements():
    x = np.array([[0.0, -np.inf], [-np.inf, -np.inf]])
    assert registry["logsumexp"](x, axis=1).tolist() == [0.0, -np.inf]
    rule = registry["logsumexp_axis"].adjoints["x"]
    assert rule(np.ones(2), x, np.array([0.0, -np.inf]), 1).tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_extrema_of_nan_are_nan():
    x = np.array([[1.0, np.nan, 2.0], [3.0, 1.0, 2.0]])
    assert np.isnan(registry["max"](x)) and np.isnan(registry["min"](x))
    assert np.isnan(registry["max"](x, axis=1)).tolist() == [True, False]
    assert registry["argmax"](x) == np.argmax(x) == 1


@pytest.mark.parametrize("ord", [None, 1, 2, 3, np.inf, -np.inf, 0])
def test_norms_of_vectors(ord):
    norm = registry["norm"]
    for x in layouts(real(4)):
        np.testing.assert_allclose(norm(x, ord), np.linalg.norm(x, ord), rtol=1e-13)
    for x in layouts(real(3, 4)):
        for axis, keepdims in itertools.product((0, 1, -1), (False, True)):
            expected = np.linalg.norm(x, ord, axis=axis, keepdims=keepdims)
            np.testing.assert_allclose(norm(x, ord, axis=axis, keepdims=keepdims), expected, rtol=1e-13)


@pytest.mark.parametrize("shapes", [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((12, 13), (13, 14)), ((2, 3, 4), (2, 4, 5)),
    ((2, 3, 4), (4, 2)), ((2, 3, 4), (4,)), ((3, 4), (2, 4, 2)), ((0, 3), (3, 2)), ((2, 0), (0, 2)),
])
def test_products_in_all_layouts(shapes):
    for a, b in itertools.product(*(layouts(real(*shape)) for shape in shapes)):
        np.testing.assert_allclose(registry["matmul"](a, b), a @ b, rtol=1e-12, atol=1e-13)


def test_products_of_mixed_dtypes_are_promoted_as_numpy_does():
    for left, right in itertools.product(("f4", "f8", "i8"), repeat=2):
        a, b = real(2, 3).astype(left), real(3, 4).astype(right)
        found = registry["matmul"](a, b)
        assert found.dtype == (a @ b).dtype
        np.testing.assert_allclose(found, a @ b, rtol=1e-5)


# ---------------------------------------------------------------------------------- in place


@pytest.mark.parametrize("ndim", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", ["assign", "accumulate", "deduct"])
def test_stores_broadcast_as_numpy_does(name, ndim):
    shape = (2, 3, 4, 2, 3)[:ndim]
    values = [2.0, np.float64(1.5), 3, real(*shape), real(*shape[1:]) if ndim > 1 else 1.0]
    values += [real(*(1,) * ndim), real(1, *shape[1:]), real(*shape[:-1], 1), real(shape[-1])]
    for value in values:
        for target in layouts(real(*shape)):
            expected = target.copy()
            if name == "assign":
                expected[...] = value
            elif name == "accumulate":
                expected += value
            else:
                expected -= value
            registry[name](target, value)
            np.testing.assert_array_equal(target, expected)


@pytest.mark.parametrize("name", ["accumulate_nn", "deduct_nn"])
def test_products_are_added_to_rows_with_odd_gaps(name):
    records = np.zeros(12, dtype=[("row", np.float64, 11), ("mark", np.int8)])
    target, a, b = records["row"], real(12, 13), real(13, 11)
    registry[name].body(target, a, b)
    assert target.strides[0] % target.itemsize and not records["mark"].any()
    assert np.allclose(target, a @ b if name == "accumulate_nn" else -a @ b, rtol=1e-13, atol=0.0)


def test_a_store_that_does_not_broadcast_is_refused():
    for shape, value in [((3,), real(2)), ((2, 3), real(2)), ((2, 3), real(3, 3)), ((2, 3, 4), real(3, 3, 4))]:
        with pytest.raises(ValueError, match="broadcast"):
            registry["assign"](real(*shape), value)


@pytest.mark.parametrize("shape", SHAPES)
def test_scatters(shape):
    indices = np.array([0, -1, 0])
    for value in (1.5, real(3, *shape[1:]), real(1, *shape[1:]), *([real(*shape[1:])] if len(shape) > 1 else [])):
        for x in layouts(real(*shape)):
            put, added, taken = x.copy(), x.copy(), x.copy()
            put[indices] = value
            np.add.at(added, indices, value)
            np.subtract.at(taken, indices, value)
            for name, expected in (("put", put), ("put_add", added), ("put_subtract", taken)):
                target = x.copy()
                registry[name](target, indices, value)
                np.testing.assert_allclose(target, expected, rtol=1e-15)
            np.testing.assert_array_equal(registry["take"](x, indices), x[indices])


def test_an_index_out_of_range_is_an_error():
    for index in (3, -4):
        for name, args in (("take", ()), ("put", (1.0,)), ("put_add", (1.0,)), ("put_subtract", (1.0,))):
            with pytest.raises(IndexError):
                registry[name](real(3), np.array([0, index]), *args)


def test_two_arrays_of_indices():
    i, j = np.array([0, -1, 2]), np.array([1, 0, -2])
    x = real(3, 2)
    flat = [registry["ravel_index2"](int(a), int(b), 3, 2) for a, b in zip(i, j, strict=True)]
    np.testing.assert_array_equal(x.ravel()[flat], x[i, j])


def test_add_at_is_found_though_it_is_made_anew():
    assert lookup(np.add.at) is registry["add_at"]
    assert lookup(np.multiply.at) is None
    x = np.zeros((2, 3))
    registry["add_at"](x, (np.array([0, 1, 0]), np.array([2, 0, 2])), np.array([1.0, 2.0, 3.0]))
    assert x.tolist() == [[0, 0, 4], [2, 0, 0]]


def test_room_on_a_tape():
    tape = np.arange(3.0)
    assert registry["room"](tape, 2) is tape
    longer = registry["room"](tape, 3)
    assert longer.shape[0] > 5 and longer[:3].tolist() == [0, 1, 2]


# ---------------------------------------------------------------------------------- broadcasting


def broadcastable():
    for shape in SHAPES:
        for k in range(len(shape) + 1):
            for ones in itertools.product((False, True), repeat=len(shape) - k):
                small = tuple(1 if one else n for n, one in zip(shape[k:], ones, strict=True))
                if small:
                    yield small, shape


@pytest.mark.parametrize(("small", "large"), list(dict.fromkeys(broadcastable())))
def test_broadcasting_and_its_undoing(small, large):
    for x in layouts(real(*small)):
        np.testing.assert_array_equal(registry["expand"](x, large), np.broadcast_to(x, large))
    for dy in layouts(real(*large)):
        found = registry["sum_to"](dy, small)
        lead = dy.sum(axis=tuple(range(len(large) - len(small))))
        narrow = tuple(k for k, n in enumerate(small) if n == 1)
        np.testing.assert_allclose(found, lead.sum(axis=narrow, keepdims=True), rtol=1e-13)
        assert found.shape == small


def test_sum_to_its_own_shape_is_the_array_itself():
    x = real(2, 3)
    assert registry["sum_to"](x, (2, 3)) is x


# ---------------------------------------------------------------------------------- decided while building


def test_axes():
    assert axis_of(-1, 3) == 2 and axes_of((-1, 0), 3) == (0, 2) and axes_of(None, 2) == (0, 1)
    assert permutation(((1, -1, 0),), 3) == (1, 2, 0) and moved((0, 1), (2, 0), 3) == (1, 2, 0)
    assert dtype_name(float) == dtype_name("f8") == dtype_name(np.float64) == "float64"


@pytest.mark.parametrize(("call", "message"), [
    (lambda: axis_of(2, 2), "axis 2 is out of range for an array of 2 dimensions"),
    (lambda: axes_of((0, -2), 2), "names one axis twice"),
    (lambda: dtype_name("complex128"), "complex128 cannot be computed with here: use float64"),
    (lambda: registry["squeeze"](real(1, 3)), "np.squeeze\\(x, axis="),
    (lambda: registry["transpose"](real(2, 3), (0, 0)), "name each of the 2 axes once"),
    (lambda: registry["dot"](real(2, 3, 4), real(2, 4, 3)), "write @ for stacks"),
    (lambda: registry["norm"](real(2, 3), "max"), "a matrix has no norm 'max'"),
    (lambda: registry["concatenate"]((real(2), real(2, 2))), "of 1 and 2 dimensions cannot be concatenated"),
    (lambda: registry["zeros"]((1,) * 6), "use one to five"),
    (lambda: registry["logsumexp"](real(3), return_sign=True), "write the sum of exponentials out"),
    (lambda: registry["sum"](real(3), out=real(3)), "assign the result instead"),
])
def test_what_is_refused_says_what_to_write(call, message):
    with pytest.raises(Refusal, match=message):
        call()
