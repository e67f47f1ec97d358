"""Instead of functions and methods without a derivative."""

# ruff: noqa

import math

import numpy as np
import scipy.linalg

DATA = np.array([1.0, 2.0, 3.0])  # read outside


def fourier_transform(x):
    k = np.arange(len(x))
    real = np.sum(x * np.cos(2 * np.pi * 0 * k / len(x)))  # code: np.cos
    imaginary = -np.sum(x * np.sin(2 * np.pi * 0 * k / len(x)))  # code: np.sin
    return real + imaginary


def eigenvalues(A):
    w = np.linalg.eigh(A + A.T)[0]  # code: np.linalg.eigh
    return w[0]


def opening_a_file(x):
    return np.sum(x * DATA)  # does: read the file outside, and pass the array as an argument


def quadrature(a):
    t = np.linspace(0.0, 1.0, 50)
    return np.trapezoid(np.sin(t * a), t)  # code: np.trapezoid(


def scipy_linalg(A):
    a = A @ A.T
    w, v = np.linalg.eigh(a)  # code: w, v = np.linalg.eigh(a)
    return np.sum((v * np.sqrt(w)) @ v.T)  # does: (v * f(w)) @ v.T


def histogram(x):
    edges = np.array([-1.0, 0.0, 1.0])
    soft = 1 / (1 + np.exp(-(x[:, None] - edges) / 0.1))  # does: use a smooth kernel
    return soft.sum(axis=0)[1]


def vectorized(x):
    s = 0.0
    for v in x:  # does: write the loop
        s += math.sin(v)
    return s


def an_iterator_of_numpys(A):
    s = 0.0
    for v in A.ravel():  # does: write the loop, which is compiled
        s += v**2
    return s


def an_unknown_method(x):
    y = np.copy(x)  # code: np.copy
    return y[0] * x[0]


def a_method_that_no_array_has(x):
    return np.reshape(x, (1, -1))[0, 0] ** 2  # code: np.reshape


def an_attribute_that_no_array_has(x):
    return x[0] * np.sum(np.ones(len(x)))  # code: np.sum


def matrix_to_lists(A):
    return A[0, 0] ** 2  # does: index the array


def number_to_string(x, n=4):
    return x[0] * n  # does: compute it outside, or give a number


def string_of_a_value(x):
    print(f"value: {x[0]}")  # does: f"…{value}"
    return x[0] ** 2


FACTOR = 3.0


def parsing(x):
    return x[0] * FACTOR  # does: call it outside, and pass what it returns as an argument


def printing_to_a_file(x):
    print("objective evaluated")  # does: print to a file outside
    return x[0] ** 2


def printing_in_a_computed_width(x, n):
    print(f"{x[1]:{n}.3f}")  # does: must be a constant or an argument
    return x[0] ** 2


def raising_with_names(x):
    if x[0] < 0.0:
        raise OSError(3)  # does: leave the names out
    return x[0] ** 2


def evaluating(x):
    return x[0] ** 2  # does: write the expression out


def user_input(x, n):
    return x[0] * float(n)  # does: pass the number as an argument


def unknown_function_of_numpy(x):
    u = np.array([1.0, 3.0, x[0]])
    q = np.zeros(2)
    for k in range(2):  # does: write the division as a loop
        q[k] = u[k]
        u[k + 1] -= q[k] * x[1]
    return q[1]


def wrong_number_of_arguments(x):
    return helper(x[0]) * x[1]  # does: takes 1 positional arguments


def helper(v):
    return v * v


def unknown_keyword(x):
    return helper(v=x[0])  # does: helper() has no argument


def calling_a_number(x):
    return x[0] * (2.0)  # does: write * if a product was meant


def bad_axis(x):
    return np.sum(x, axis=-1)  # does: use an axis from -1 to 0


def squeeze_without_an_axis(A):
    return np.squeeze(A[:1], axis=0)[0]  # code: np.squeeze(


def repeat_without_end(x):
    from itertools import repeat
    return sum(a for a, _ in zip(repeat(x[0], 2), (1, 2)))  # does: give it one


def recursion_on_parts(x):
    def product(lo, hi):  # does: hand on the whole array and the bounds of the part
        if hi - lo == 1:
            return x[lo]
        m = (lo + hi) // 2
        return product(lo, m) * product(m, hi)
    return product(0, 3)


def sum_to_an_axis_that_is_computed(A, n):
    return np.sum(np.sum(A, axis=n - 2) ** 2)  # does: must be a constant or an argument
