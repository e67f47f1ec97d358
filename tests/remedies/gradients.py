"""Instead of derivatives that do not exist, or that were asked for in the wrong way."""

# ruff: noqa

import numpy as np

from dlsrc import dlarray, dlgradient, extractdata


def untraced_target(x1):
    y = x1 + x1**2
    return y, dlgradient(y, x1)  # does: pass it to dlfeval as an argument


def captured_target(x):
    y = np.sum(x * x)
    return y, dlgradient(y, x)  # does: pass it as dlarray(


def vector_loss(x):
    y = x**2
    return y[0], dlgradient(y[0], x)  # code: y[0]


def matrix_loss(A):
    y = np.sum(A @ A)  # does: sum it
    return y, dlgradient(y, A)


def tuple_loss(x):
    y = np.array((x[0], x[1] * x[2]))  # code: np.array(
    return y[1], dlgradient(y[1], x)


def second_derivative_without_the_flag(x):
    y = x[0] ** 3
    g = dlgradient(y, x, enable_higher_derivatives=True)  # code: enable_higher_derivatives=True
    return g[0], dlgradient(g[0], x)


def gradient_used_in_a_loss(x):
    y = x[0] ** 3
    g = dlgradient(y, x, enable_higher_derivatives=True)  # code: enable_higher_derivatives=True
    penalty = y + np.sum(g**2)
    return penalty, dlgradient(penalty, x)


def matlab_option(x):
    y = x[0] ** 3
    return y, dlgradient(y, x, retain_data=True)  # code: retain_data


def other_matlab_option(x):
    y = x[0] ** 3
    return y, dlgradient(y, x, enable_higher_derivatives=True)  # code: enable_higher_derivatives


def unknown_option(x):
    y = x[0] ** 3
    return y, dlgradient(y, x, retain_data=True)  # code: retain_data


def no_target(x):
    y = x[0] ** 3
    return y, dlgradient(y, x)  # code: dlgradient(y, x)


def unknown_target(x):
    y = x[0] ** 3
    return y, dlgradient(y, x)  # does: pass the variable itself


def target_of_one_path(x):
    y = np.sum(x**2)
    g = dlgradient(y, x)
    if x[0] > 0.0:
        h = x * 1.0
        y = np.sum(h**2)
        g = dlgradient(y, h)  # does: take its gradient in the branch that assigns it
    return y, g


def target_written_on_one_way(x, n):
    t = x * 1.0
    if n > 5:
        t[0] = 3.0
    u = t.copy()  # code: .copy()
    s = u[1] * 2.0 + u[0] ** 2
    return s, dlgradient(s, u)


def target_written_by_a_loop_that_may_make_no_trip(x):
    h = x * 1.0
    for i in range(len(x) - 1):
        h[i] = h[i] * 1.0
    u = h.copy()  # code: .copy()
    s = np.sum(u**2)
    return s, dlgradient(s, u)
