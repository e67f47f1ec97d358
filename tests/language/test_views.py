"""Views and aliases: written through, read after their base changed, views of views, copies that look like views."""

import numpy as np
import pytest

from tests.oracle import Programs, matrix, vector

from dlsrc import grad
from dlsrc.errors import UnsupportedSyntax

programs = Programs()


@programs(vector(6), compiled=True)
def written_through_a_view(x):
    y = x.copy()
    v = y[2:5]
    v[0] = x[0] * x[1]
    v *= x[5]
    return np.sum(y * y)


@programs(vector(6))
def base_written_after_the_view_was_taken(x):
    y = x.copy()
    v = y[2:5]
    y[3] = x[0] ** 2
    return np.sum(v * v) * y[3]


@programs(vector(6))
def view_of_a_view(x):
    y = x.copy()
    v = y[1:]
    w = v[::2]
    w[1] = x[0]
    y[1] = w[1] * w[2]
    return np.sum(y * v[0])


@programs(vector(3, 4), compiled=True)
def rows_as_names(x):
    A = x.copy()
    r = A[1]
    r += A[0] * 2.0
    r[0] = A[2, 3]
    return np.sum(A * A)


@programs(vector(3, 4))
def a_column_as_a_name(x):
    A = x.copy()
    c = A[:, 2]
    c *= A[:, 0]
    A[1, 2] = x[0, 0]
    return np.sum(A * A) + c[1] * c[0]


@programs(vector(3, 4))
def transposed_view_written(x):
    A = x.copy()
    B = A.T
    B[0] = x[:, 1] * 2.0
    B[3, 1] *= A[0, 0]
    return np.sum(A**2)


@programs(vector(6), compiled=True)
def reshaped_view_written(x):
    y = x.copy()
    M = y.reshape(2, 3)
    M[1, 1] = x[0] * x[2]
    M[0] *= 2.0
    return np.sum(y * y)


@programs(vector(6))
def raveled_view_written(x):
    A = x.reshape(2, 3).copy()
    r = A.ravel()
    r[4] = r[1] * x[0]
    return np.sum(A * A)


@programs(vector(6))
def reversed_view_written(x):
    y = x.copy()
    r = y[::-1]
    r[:3] = x[:3] ** 2
    return np.sum(y * np.arange(6.0))


@programs(vector(2, 10))
def transpose_then_reshape_copies(x):
    y = x.copy()
    z = y.T.reshape(2, 10).copy()
    z[0, 1] = 7.0
    return np.sum(z * x) + np.sum(y * y)


# Whether NumPy copies here depends on the strides of y.
def test_a_write_to_what_may_be_a_copy_is_refused():
    def f(x):
        y = x * 2.0
        turned = y[::-1]
        r = turned.reshape(4)
        r[0] = x[0, 0] ** 2
        return np.sum(turned**2) + np.sum(r)

    def g(x):
        y = x.T + x
        r = y.ravel()
        r[0] = x[0, 0] ** 2
        return np.sum(y**2) + np.sum(r)

    for function in (f, g):
        with pytest.raises(UnsupportedSyntax, match="may be one array here.*a .copy()"):
            grad(function)(np.ones((2, 2)))


@programs(vector(6))
def flatten_copies(x):
    A = x.reshape(2, 3).copy()
    f = A.flatten()
    f[0] = 9.0
    return np.sum(A * A) + np.sum(f * f)


@programs(vector(6))
def copy_cuts_the_alias(x):
    y = x.copy()
    z = y.copy()
    y[0] = x[1] ** 2
    z *= 3.0
    return np.sum(y * z)


@programs(vector(6))
def an_alias_by_assignment(x):
    y = x.copy()
    z = y
    z[1] = x[0] * 3.0
    y[2] = z[1] * z[3]
    return np.sum(z * z)


@programs(vector(6))
def alias_of_the_argument(x):
    y = x
    y[1] = y[0] * y[2]
    return np.sum(x * x)


@programs(vector(6))
def view_of_the_argument_written(x):
    v = x[1:4]
    v *= v
    return np.sum(x**2)


@programs(vector(6))
def two_overlapping_views(x):
    y = x.copy()
    a = y[:4]
    b = y[2:]
    a[2] = x[0]
    b[0] *= x[1]
    a *= 2.0
    return np.sum(b * b) + y[0]


@programs(vector(4, 4), compiled=True)
def column_slices_accumulate(x):
    y = np.zeros((4, 4))
    y[:, 1:3] += x[:, :2]
    y[:, 2:] += x[:, 2:] * x[:, :2]
    return np.sum(y * y)


@programs(vector(3, 4))
def view_taken_in_a_loop(x):
    A = x.copy()
    for i in range(1, 3):
        row = A[i]
        row += A[i - 1] * row[0]
    return np.sum(A)


@programs(vector(6))
def a_view_chosen_once(x):
    y = x.copy()
    k = 2
    v = y[k : k + 2]
    k = 4
    v[0] = x[0] ** 2
    return np.sum(y) * k + v[1]


@programs(vector(4), 0.6, argnums=(0, 1))
def equal_views_inside_and_outside_a_loop(x, a):
    w = x[::-1]
    for i in range(2):
        v = x[::-1]
        v[i] = a
        x[i] = a * a + w[-2]
    return np.sum(w * w)


@programs(vector(4), 2, compiled=True)
def written_then_read_then_reversed_in_each_trip(x, n):
    s = 0.0
    for i in range(n):
        x += x
        s += np.sum(np.sin(x)) * x[0]
        x = x[::-1]
    return s


@programs(vector(4))
def read_through_a_copy_and_twice_itself(x):
    v = x[:2]
    x = (x + x) + x.copy()
    return x[-1] * 0.5 + np.sum(x * x)


@programs(vector(3))
def newaxis_views(x):
    c = x[:, np.newaxis]
    r = x[None, :]
    return np.sum(c * r * r)


@programs(vector(3))
def written_through_newaxis(x):
    y = x.copy()
    c = y[:, None]
    c[1, 0] = x[0] ** 2
    return np.sum(y * y)


@programs(vector(3, 4))
def a_helper_writes_its_argument(x):
    def scale_row(A, i, factor):
        A[i] *= factor

    y = x.copy()
    scale_row(y, 0, x[1, 1])
    scale_row(y[1:], 1, x[0, 0])
    return np.sum(y * y)


@programs(vector(6))
def a_helper_returns_a_view(x):
    def middle(v):
        return v[1:-1]

    y = x.copy()
    m = middle(y)
    m[0] = x[5] ** 2
    return np.sum(y * y)


@programs(matrix(3, 3))
def diagonal_written_by_a_loop(x):
    A = x.copy()
    for i in range(3):
        A[i, i] += x[0, 1] * x[i, 2]
    return np.sum(A @ A)


@programs(np.asfortranarray(vector(3, 4)), compiled=True)
def a_fortran_argument(x):
    y = x.copy()
    y[1] = x[0] * x[2]
    return np.sum(y * x)


@programs(vector(10)[::2])
def a_strided_argument(x):
    s = 0.0
    for i in range(x.size):
        s += x[i] ** 3
    return s * x[1]


@programs(vector(5)[::-1])
def a_reversed_argument(x):
    return np.sum(x * np.arange(5.0)) * x[0]


@programs(vector(4, 6)[1:3, ::2])
def a_sliced_matrix_argument(x):
    y = x.reshape(6)
    return np.sum(y**2 * np.arange(6.0))


def readonly(x):
    x.flags.writeable = False
    return x


@programs(readonly(vector(4)))
def a_readonly_argument(x):
    y = x * 2.0
    y[0] = x[1] * x[2]
    return np.sum(y * x)



@programs(matrix(3, 3))
def view_handed_to_the_next_trip(x):
    y = x * 3.0
    total = 0.0
    for _ in range(3):
        total += y[1, 2] ** 2
        y = (np.sin(y) * x).T
    return total


@programs(vector(2, 3), compiled=True)
def reshaped_in_a_loop_and_turned_after_it(x):
    rows = np.reshape(x, (-1, x.shape[1]))
    shares = np.empty(rows.shape)
    for k in range(rows.shape[0]):
        shares[k] = rows[k] / np.sum(rows[k])
    columns = np.reshape(x.T, (-1, x.shape[0]))
    spans = np.empty(columns.shape[0])
    for k in range(columns.shape[0]):
        spans[k] = np.max(columns[k]) - np.min(columns[k])
    return np.sum(shares[:, 0]) + np.sum(spans * np.arange(3))


test_views = programs.test()
