"""Boolean masks and integer arrays as indices, read and written; where, take and their kin."""

import numpy as np

from tests.oracle import Programs, matrix, vector

programs = Programs()

ORDER = np.array([3, 0, 2, 2, 1])


@programs(vector(6), compiled=True)
def read_by_a_mask(x):
    return np.sum(x[x > 1.0] ** 2)


@programs(vector(6))
def read_by_a_mask_of_another(x):
    m = x * x > 0.8
    return np.sum(x[m]) * np.sum(x[~m] ** 2)


@programs(vector(6))
def an_empty_selection(x):
    return np.sum(x[x > 100.0]) + x[0] ** 2


@programs(vector(6), compiled=True)
def constant_written_by_a_mask(x):
    y = x**2
    y[x > 1.0] = 0.0
    return np.sum(y * x)


@programs(vector(6))
def values_written_by_a_mask(x):
    res = np.zeros(6)
    m = x > 1.0
    res[m] = x[m] ** 3
    res[~m] = np.sqrt(x[~m])
    return np.sum(res)


@programs(vector(6))
def augmented_by_a_mask(x):
    y = x * x
    y[x < 1.0] *= x[0]
    y[x >= 1.0] += x[1] * 2.0
    return np.sum(y)


@programs(vector(3, 4), compiled=True)
def mask_of_two_dimensions(x):
    y = x.copy()
    y[y < 0.9] = 0.5
    return np.sum(y[y > 0.6] ** 2) + np.sum(y)


@programs(vector(3, 4))
def mask_of_rows(x):
    keep = x[:, 0] > 0.9
    return np.sum(x[keep] ** 2)


@programs(vector(3, 4))
def rows_written_by_a_mask(x):
    y = x * 2.0
    y[x[:, 0] > 0.9] = x[0]
    return np.sum(y * y)


@programs(vector(5), ORDER, compiled=True)
def gathered(x, order):
    return np.sum(x[order] ** 2 * np.arange(5.0))


@programs(vector(5))
def gathered_by_a_captured_array(x):
    y = x[ORDER]
    return y[0] * y[2] * y[3]


@programs(vector(5))
def gathered_by_a_list(x):
    return np.sum(x[[0, 2, 2]] ** 3)


@programs(vector(5), np.array([4, 0, 2]))
def scattered(x, where):
    y = np.zeros(5)
    y[where] = x[:3] ** 2
    return np.sum(y * x)


@programs(vector(5), np.array([-1, 1]))
def scattered_by_negative_indices(x, where):
    y = x * 3.0
    y[where] = x[:2] * x[2:4]
    return np.sum(y * x)


@programs(vector(5), np.array([1, 1, 3]))
def the_last_of_equal_indices_wins(x, where):
    y = np.zeros(5)
    y[where] = x[:3]
    return np.sum(y**2) * x[4]


@programs(vector(5), np.array([1, 1, 3]))
def add_at_counts_all(x, where):
    y = np.ones(5)
    np.add.at(y, where, x[:3])
    return np.sum(y**2)


@programs(vector(5), np.array([1, 1, 3]))
def plus_equals_counts_the_last(x, where):
    y = np.ones(5)
    y[where] += x[:3]
    return np.sum(y**2)


@programs(vector(4, 3), np.array([2, 0, 2]))
def rows_gathered(x, rows):
    return np.sum(x[rows] ** 2 * np.arange(3.0))


@programs(vector(4, 3), np.array([2, 0]))
def columns_gathered(x, columns):
    return np.sum(x[:, columns] ** 2)


@programs(vector(4, 3), np.array([0, 1, 2, 1]))
def one_of_each_row(x, labels):
    return np.sum(x[np.arange(4), labels] ** 2)


@programs(vector(4, 3), np.array([2, 0]))
def rows_scattered(x, rows):
    y = np.zeros((4, 3))
    y[rows] = x[:2] * x[2:]
    return np.sum(y**2)


@programs(vector(5))
def where_of_three(x):
    return np.sum(np.where(x > 1.0, x**2, np.sqrt(x)))


@programs(vector(5) - 1.0, compiled=True)
def where_guards_a_bad_branch(x):
    safe = np.where(x > 0.0, x, 1.0)
    return np.sum(np.where(x > 0.0, np.log(safe) * x, x**2))


@programs(vector(5))
def take_and_argmax(x):
    i = np.argmax(x)
    return x[i] ** 2 + np.sum(np.take(x, ORDER))


@programs(vector(5))
def sorted_by_argsort(x):
    y = x[np.argsort(x)]
    return np.sum(y * np.arange(5.0) ** 2)


@programs(vector(5))
def clip_and_maximum(x):
    return np.sum(np.clip(x, 0.7, 1.2) ** 2 * x) + np.sum(np.maximum(x, 1.0) * np.minimum(x, x[0]))


@programs(matrix(4, 4))
def diagonal_by_fancy_index(x):
    d = x[np.arange(4), np.arange(4)]
    return np.sum(d**3)


@programs(vector(6))
def mask_computed_in_a_loop(x):
    m = np.zeros(6, dtype=np.bool_)
    for i in range(6):
        m[i] = x[i] > 1.0
    return np.sum(x[m]) ** 2


@programs(vector(6))
def selection_is_a_copy(x):
    y = x[x > 0.9]
    y[0] = 5.0
    return np.sum(y * y) + x[0] ** 2


@programs(vector(5))
def gather_is_a_copy(x):
    y = x[ORDER]
    y[:] = y * 2.0
    return np.sum(y * x)


# x.T * 2 is in Fortran order: its elements in C order are a copy, which is written back.
@programs(matrix(3, 4), 0.7, argnums=(0, 1), compiled=True)
def mask_of_an_array_in_another_order_written(x, s):
    y = x.T * 2.0
    y[y > 0.0] *= s
    y[[0, 1], [2, 0]] = s**2
    return np.sum(y**3)


@programs(vector(4), argnums=0)
def diagonal_of_a_table_of_differences_written(x):
    k = np.exp(-((x[:, None] - x[None, :]) ** 2))
    k[np.diag_indices(4)] += x[0] ** 2
    return np.sum(k**2)


# The cotangent of y comes transposed, and the elements picked are added to it.
@programs(matrix(3, 4), matrix(4, 3), argnums=(0, 1), compiled=True)
def picked_from_an_array_that_is_turned_later(x, w):
    y = x * 2.0
    picked = y[[0, 1], [1, 2]]
    return np.sum(np.exp(y.T * w * 0.1)) + np.sum(picked**3)


@programs(matrix(3, 4), matrix(4, 3), argnums=(0, 1))
def picked_from_a_turned_array_that_is_raveled(x, w):
    y = x.T * 1.0
    r = y.T.ravel()
    return np.sum(y * w) * r[1] * r[2]


# As many columns as rows: the transposed operand has the same shape.
@programs(matrix(2, 3), matrix(2, 2), argnums=(0, 1))
def columns_changed_in_place(x, w):
    y = x * 2.0
    y[:, [2, 0]] += w
    y[:, [0, 1]] *= y[:, [1, 2]] + w
    return np.sum(y**3)


test_masks_and_fancy = programs.test()
