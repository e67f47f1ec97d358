"""Index arrays of any number, shape and place: beside slices, integers, new axes, masks; read and written.

Weights make every element count differently, so that an axis in the wrong place changes the value.
"""

import numpy as np
import pytest

import dlsrc
from tests.oracle import Programs, assert_gradient, matrix, vector

programs = Programs()

I = np.array([0, 2])  # noqa: E741
J = np.array([1, -1])
K = np.array([[0, 2, 1], [1, -2, 0]])


def weighted(y):
    return np.sum(y**2 * np.arange(1.0, y.size + 1.0).reshape(y.shape))


# ---------------------------------------------------------------------------------- one index array


@programs(vector(4, 3), K)
def a_table_of_rows(x, k):
    return weighted(x[k])


@programs(vector(3, 4, 2), K)
def a_table_on_an_inner_axis(x, k):
    return weighted(x[:, k]) + weighted(x[1:, k, 0]) + weighted(x[..., k[:, :1] * 0])


@programs(vector(3, 4, 5), I, compiled=True)
def beside_slices(x, i):
    return weighted(x[:2, i, 1::2]) + weighted(x[:, :, i]) + weighted(x[..., i]) + weighted(x[1:3, i])


@programs(vector(3, 4, 5), I)
def beside_an_integer(x, i):
    return weighted(x[1, i]) + weighted(x[i, 1]) + weighted(x[i, :, 1]) + weighted(x[:, 2, i])


# An integer is an index too: apart from the array, the axis of the indices comes first.
@programs(vector(3, 4, 5), I)
def apart_from_an_integer(x, i):
    return weighted(x[1, :, i]) + weighted(x[1, 1:, i]) + weighted(x[1, None, i]) + weighted(x[i, None, 1])


@programs(vector(3, 4), I)
def with_new_axes(x, i):
    return weighted(x[None, i]) + weighted(x[i, None]) + weighted(x[:, None, i]) + weighted(x[:, i, None])


@programs(vector(3, 4, 2), I)
def by_a_counter_and_an_array(x, i):
    s = 0.0
    for k in range(3):
        y = x[k, i]
        s += y[0, 1] * y[1, 0] * (k + 1.0)
    return s


@programs(vector(3, 3))
def by_tuples_and_lists(x):
    places = (0, 2)
    return weighted(x[(0, 1), 2]) + weighted(x[[0, 2]]) + weighted(x[:, [2, 1, 1]]) + x[places] ** 2


# An ellipsis keeps index arrays apart, even where it stands for no axis.
@programs(vector(3, 4, 2), vector(2, 3), argnums=(0, 1))
def beside_an_ellipsis(x, w):
    y = x * 2.0
    y[:, I, ..., J] = w
    return weighted(x[:, I, ..., J]) + weighted(x[:, 1, ..., J]) + weighted(x[..., I, J]) + weighted(y)


# ---------------------------------------------------------------------------------- several


@programs(vector(3, 4, 5), I, J)
def two_side_by_side(x, i, j):
    return weighted(x[i, j]) + weighted(x[:, i, j]) + weighted(x[1:, i, j]) + weighted(x[i, j, 1:3])


@programs(vector(3, 4, 5), I, J, compiled=True)
def two_apart(x, i, j):
    return weighted(x[i, :, j]) + weighted(x[i, 1:, j]) + weighted(x[i, None, j])


@programs(vector(3, 4, 5), K, J)
def that_broadcast(x, k, j):
    return weighted(x[k, j[:, None]]) + weighted(x[k[:, 0], :, j]) + weighted(x[j[:, None], 1, I[None]])


@programs(vector(2, 3, 2, 3, 2), np.array([0, 1, 1]))
def four_and_five(x, i):
    return weighted(x[i, i, i, i]) + weighted(x[i, i, i, i, i]) + weighted(x[i, :, i, 1, i])


@programs(matrix(4, 3), np.array([3, 0]), np.array([2, 0, 1]), compiled=True)
def an_open_grid(x, rows, columns):
    y = x * 1.0
    y[np.ix_(rows, columns)] *= x[np.ix_(columns, columns)][:2]
    return weighted(x[np.ix_(rows, columns)]) + weighted(y)


@programs(matrix(4, 3), matrix(4, 3).T.copy())
def of_arrays_in_another_order(x, z):
    y = (x + z.T) * 1.0
    return weighted(y[I, J]) + weighted(z.T[:, J]) + weighted(z.T[I][:, J])


# ---------------------------------------------------------------------------------- masks


@programs(vector(4, 3) - 1.0)
def masks_beside_others(x):
    rows = x[:, 0] > 0.0
    y = x[:, x[1] > -0.2]
    return np.sum(x[rows, 2] ** 3) + np.sum(y**2) + np.sum(x[1:, x[0] > -9.0] ** 2)


@programs(vector(3, 4, 2) - 1.0)
def a_mask_of_some_axes(x):
    m = x[:, :, 0] > 0.0
    y = x * 2.0
    y[m] = y[m] ** 2 + x[0, 0]
    y[m, 1] += 3.0 * x[1, 1, 1]
    return np.sum(x[m] ** 3) + weighted(y)


@programs(vector(3, 2, 4) - 1.0)
def a_mask_of_the_last_axes(x):
    return np.sum(x[:, x[0] > 0.0] ** 2) + np.sum(x[1, x[2] > 0.0] ** 3)


# ---------------------------------------------------------------------------------- written


@programs(matrix(3, 3), vector(3), argnums=(0, 1), compiled=True)
def one_value_a_column(x, w):
    y = x * 2.0
    y[:, [2, 0, 1]] = w
    y[1:, [0, 2]] += w[:2] * x[0, 0]
    return weighted(y)


@programs(vector(3, 4, 5), vector(2, 4), argnums=(0, 1))
def written_where_axes_are_apart(x, w):
    y = x * 2.0
    y[1, :, I] = w
    y[I, :, J] *= w
    return weighted(y)


@programs(vector(3, 4), vector(3, 1), vector(2, 3), argnums=(0, 1, 2))
def written_by_a_table(x, w, v):
    y = x * 2.0
    y[:, K] = w[:, :, None] * v
    y[K] -= x[0]
    y[K, 1] = v
    return weighted(y)


@programs(vector(3, 4), vector(3, 2), argnums=(0, 1))
def the_last_of_equal_columns_counts(x, w):
    y = x * 2.0
    y[:, [1, 1]] = w
    y[:, [3, 3]] += w
    return weighted(y)


@programs(vector(3, 4), vector(2), argnums=(0, 1))
def one_number_written(x, w):
    y = x * 2.0
    y[1:, I] = w[0] * x[0, 0]
    y[I, 1] = w[1]
    y[I[:, None], J] /= w[1]
    return weighted(y)


@programs(vector(3, 2), vector(2), argnums=(0, 1))
def written_with_a_new_axis(x, w):
    y = x * 2.0
    y[:, I * 0, None] = w[:, None] * x[:, :1, None]
    return weighted(y)


@programs(vector(4, 2), 0.3, argnums=(0, 1))
def diagonal_of_a_table_of_distances(x, noise):
    k = np.exp(-np.sum((x[:, None] - x[None]) ** 2, axis=-1))
    k[np.diag_indices_from(k)] += noise
    k.ravel()[1] *= 2.0
    return np.linalg.slogdet(k)[1] + weighted(k)


# ---------------------------------------------------------------------------------- np.add.at


@programs(vector(6), np.array([[0, 1, 2], [1, 2, 3], [2, 3, 0]]), argnums=0, compiled=True)
def stiffness_of_elements(x, elements):
    k = np.zeros((4, 4))
    for e in range(3):
        dofs = elements[e]
        np.add.at(k, np.ix_(dofs, dofs), x[e] * np.ones((3, 3)) + np.diag(x[3:]))
    return weighted(k)


@programs(vector(4, 3), vector(2, 3), argnums=(0, 1))
def added_and_subtracted_everywhere(x, w):
    y = x * 1.0
    np.add.at(y, K[:, 0], w)
    np.add.at(y, (slice(None), K), w[0, 0])
    np.subtract.at(y, (K, 1), w)
    np.add.at(y, (slice(1, 3), [0, 0]), w[:, :2])
    np.add.at(y, x[:, 0] > 1.0, w[1])
    np.add.at(y, 1, w[0])
    return weighted(y)


@programs(vector(3, 4), vector(5))
def added_to_an_array_in_another_order(x, w):
    y = x.T * 1.0
    np.add.at(y, ([0, 0, 1], [1, 1, 2]), w[:3] * x[0, 0])
    return weighted(y)


# ---------------------------------------------------------------------------------- computed indices


@programs(vector(5, 3))
def indices_that_are_computed(x):
    order = np.argsort(x, axis=0)
    rows, columns = np.nonzero(x > 1.0)
    where = np.argwhere(x > 1.0)
    (first,) = np.where(x[:, 0] > 0.9)
    y = x[order[:, 0]]
    return weighted(y) + np.sum(x[rows, columns] ** 3) + np.sum(x[where[:, 0], where[:, 1]]) + weighted(x[first, 1:])


@programs(np.array([0.1, 0.7, 1.9, 2.4]), vector(4, 2), argnums=(0, 1))
def interpolated_by_searchsorted(t, values):
    knots = np.array([0.0, 1.0, 2.0, 3.0])
    k = np.clip(np.searchsorted(knots, t) - 1, 0, 2)
    f = (t - knots[k]) / (knots[k + 1] - knots[k])
    return weighted(values[k] * (1.0 - f)[:, None] + values[k + 1] * f[:, None])


@programs(vector(5, 3))
def positions_of_small_and_unsigned_integers(x):
    small, unsigned = np.array([1, 0], np.int32), np.array([4, 4], np.uint64)
    return weighted(x[small, small]) + weighted(x[unsigned]) + weighted(x[unsigned, 1:])


@programs(vector(3, 4), np.array([[1, 0, 3], [2, 2, 2]]))
def taken_along_an_inner_axis(x, k):
    return weighted(np.take(x, k, axis=1)) + weighted(x.take(k))


@programs(vector(7), vector(4, 5), vector(3), argnums=(0, 1, 2), compiled=True)
def sliding_windows(x, y, w):
    view = np.lib.stride_tricks.sliding_window_view
    return np.sum((view(x, 3) @ w) ** 2) + weighted(view(y, (2, 3))) + weighted(view(y, 2, axis=1))


test_index_arrays = programs.test()


# ---------------------------------------------------------------------------------- errors


def read_too_far(x):
    i = np.array([0, 5])
    y = x * 2.0
    return np.sum(y[1:, i])


def written_too_far(x):
    i = np.array([0, -5])
    y = x * 2.0
    y[i, i] = 1.0
    return np.sum(y)


def added_too_far(x):
    y = x * 2.0
    np.add.at(y, (slice(None), [1, 7]), 1.0)
    return np.sum(y)


@pytest.mark.parametrize(
    "f", [read_too_far, pytest.param(written_too_far, marks=pytest.mark.compiled), added_too_far],
)
def test_an_index_that_is_out_of_range_raises_pythons_error_at_its_line(f):
    with pytest.raises(IndexError) as plain:
        f(vector(4, 3))
    with pytest.raises(IndexError) as found:
        dlsrc.grad(f)(vector(4, 3))
    assert str(found.value) == str(plain.value)
    assert found.traceback[-1].lineno == plain.traceback[-1].lineno


def test_values_of_another_shape_are_an_error():
    def f(x):
        y = x * 1.0
        y[:, [0, 1]] = x[:, 2]
        return np.sum(y)

    assert_gradient(f, vector(2, 3))
    with pytest.raises(ValueError):
        dlsrc.grad(f)(vector(4, 3))
