"""Derivatives that do not exist, or that are asked for in the wrong way; run by dlfeval with dlarrays."""

# ruff: noqa

import numpy as np

from dlsrc import dlarray, dlgradient, extractdata

FIXED = np.ones(3)


def untraced_target(x1):
    x2 = dlarray(0)
    y = x1 + x2
    return dlgradient(y, x2)  # refused: x2


def captured_target(x):
    y = np.sum(x * FIXED)
    return dlgradient(y, FIXED)  # refused: FIXED


def literal_target(x):
    y = x[0] * 2.0
    return dlgradient(y, 2.0)  # refused: not traced


def integer_target(x):
    n = 3
    y = x[0] * n
    return dlgradient(y, n)  # refused: n


def cut_target(x):
    z = extractdata(x)
    y = np.sum(z * x)
    return dlgradient(y, z)  # refused: z


def vector_loss(x):
    y = x**2
    return dlgradient(y, x)  # refused: scalar


def matrix_loss(A):
    y = A @ A
    return dlgradient(y, A)  # refused: scalar


def tuple_loss(x):
    y = (x[0], x[1])
    return dlgradient(y, x)  # refused: a tuple of 2


def integer_loss(x):
    return dlgradient(3, x)  # refused: real


def second_derivative_without_the_flag(x):
    y = x[0] ** 3
    g = dlgradient(y, x)
    return dlgradient(g[0], x)  # refused: enable_higher_derivatives=True


def gradient_used_in_a_loss(x):
    y = x[0] ** 3
    g = dlgradient(y, x)
    penalty = y + np.sum(g**2)
    return dlgradient(penalty, x)  # refused: enable_higher_derivatives=True


def matlab_option(x):
    y = x[0] ** 3
    return dlgradient(y, x, RetainData=True)  # refused: retain_data


def other_matlab_option(x):
    y = x[0] ** 3
    return dlgradient(y, x, EnableHigherDerivatives=True)  # refused: enable_higher_derivatives


def unknown_option(x):
    y = x[0] ** 3
    return dlgradient(y, x, keep=True)  # refused: keep


def no_target(x):
    y = x[0] ** 3
    return dlgradient(y)  # refused: dlgradient


def target_of_one_path(x):
    if x[0] > 0.0:
        h = x * 2.0
    y = np.sum(x)
    return dlgradient(y, h)  # refused: h


def unknown_target(x):
    y = x[0] ** 3
    return dlgradient(y, "x")  # refused: x


# The gradient by an array that was written to is by what it holds at the call: which reads count must be known.


def target_written_on_one_way(x, n):
    t = x * 1.0
    s = t[1] * 2.0
    if n > 5:
        t[0] = 3.0
    return s, dlgradient(s + t[0], t)  # refused: whether the write on line


def target_read_on_the_other_way(x, n):
    t = x * 1.0
    s = 0.0
    if n > 5:
        t[0] = 3.0
    else:
        s = t[1] * 2.0
    return s, dlgradient(s + t[0], t)  # refused: depends on the run


def target_written_in_an_earlier_trip(x):
    v = x[::2]
    g = v * 0.0
    for k in range(len(x) - 1):
        if x[1] > 10.0:
            x[x > 0.61] *= 2.0
        s = x[0] * x[1]
        g = g + dlgradient(s, v)  # refused: take it by a .copy()
    return s, g


def target_written_by_a_loop_that_may_make_no_trip(x):
    h = x * 1.0
    s = h[0] * 2.0
    for i in range(len(x) - 1):
        h[i] = x[0] * i
    return s, dlgradient(s + np.sum(h), h)  # refused: depends on the run


def condition_that_writes(x):
    def moved(b):
        b[:] = np.sin(b) * b[::-1]  # refused: once more than the body
        return b[0]

    a = x.copy()
    s = 1.0
    while moved(a) > 0.3:
        s = s * a[1]
    return dlgradient(s * a[1], x)
