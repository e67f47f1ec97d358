"""Public reports of gradients that came out wrong in loops; each a minimal program of our own.

The report that a program re-creates is named above it.
"""

import numpy as np
import pytest

from tests.oracle import Programs, assert_close, vector

import dlsrc

programs = Programs()


# warp #1293: two nested loops with bounds known at run time, and a variable of the outer one: twice the gradient.
@programs(vector(3, 4), 3, 4, compiled=True)
def nested_runtime_bounds(A, n, m):
    total = 0.0
    for i in range(n):
        row = 0.0
        for j in range(m):
            row += A[i, j] ** 2
        total += row * row
    return total


# warp #1552: `continue` in a search for the largest: each output gets its own winner.
@programs(np.array([[1.0, 3.0, 2.0], [5.0, 4.0, 4.5], [0.5, 0.25, 0.75]]), compiled=True)
def largest_of_each_row(A):
    total = 0.0
    for i in range(3):
        best = A[i, 0]
        for j in range(3):
            if A[i, j] <= best:
                continue
            best = A[i, j]
        total += best ** 2 * (i + 1)
    return total


# warp #1694: a variable defined before a loop and used after it had no gradient.
@programs(vector(3), 4)
def defined_before_used_after(x, n):
    a = x[0] * x[1]
    s = 0.0
    for i in range(n):
        s += x[2] * i
    return a * s + a


# Nx #1747: loops that multiply, divide and take the sine of what they carry.  x = 0.5, n = 3.
def product(x, n):
    acc = 1.0
    for _ in range(n):
        acc = acc * x
    return acc


def quotient(x, n):
    acc = 1.0
    for _ in range(n):
        acc = acc / x
    return acc


def sine(x, n):
    acc = 1.0
    for _ in range(n):
        acc = np.sin(acc * x)
    return acc


programs(0.5, 3, compiled=True)(product)
programs(0.5, 3)(quotient)
programs(0.5, 3)(sine)


def test_their_table():
    assert dlsrc.grad(product)(0.5, 3) == 0.75
    assert dlsrc.grad(quotient)(0.5, 3) == -48.0


# slang #2914: one loop written as for, as while, and with its test at the end.
def as_for(x, n):
    s = x
    for _ in range(n):
        s = s * s * 0.5 + x
    return s


def as_while(x, n):
    s, k = x, 0
    while k < n:
        s = s * s * 0.5 + x
        k += 1
    return s


def as_do_while(x, n):
    s, k = x, 0
    while True:
        s = s * s * 0.5 + x
        k += 1
        if k >= n:
            break
    return s


for spelling in (as_for, as_while, as_do_while):
    programs(0.7, 4)(spelling)


def test_all_spellings_have_one_gradient():
    slopes = {dlsrc.grad(f)(0.7, 4) for f in (as_for, as_while, as_do_while)}
    assert len(slopes) == 1


# quadrants #501, #502 (and taichi): rules that read the result (tanh, exp, sqrt) in a loop that carries it.
def tanh_carried(x, n):
    s = x[0]
    for _ in range(n):
        s = np.tanh(s * x[1])
    return s


def exp_carried(x, n):
    s = x[0]
    for _ in range(n):
        s = np.exp(-s * x[1])
    return s


def sqrt_carried(x, n):
    s = x[0]
    for _ in range(n):
        s = np.sqrt(s + x[1])
    return s


for carried in (tanh_carried, exp_carried, sqrt_carried):
    for trips in (0, 1, 2, 3, 10):
        programs(np.array([0.6, 0.9]), trips)(carried)


# tangent #56: the loop's variable is used for slicing only, and the result is overwritten in each trip.
@programs(vector(6))
def last_slice(x):
    y = 0.0
    for i in range(4):
        y = np.sum(x[i : i + 2] ** 2)
    return y


# tangent #66: the logarithm of a sum of exponentials with a running maximum; the gradient is the softmax.
@programs(vector(5), compiled=True)
def running_logsumexp(x):
    m, s = -np.inf, 0.0
    for i in range(len(x)):
        if x[i] > m:
            s = s * np.exp(m - x[i]) + 1.0
            m = x[i]
        else:
            s += np.exp(x[i] - m)
    return m + np.log(s)


def test_it_is_the_softmax():
    x = vector(5)
    assert_close(dlsrc.grad(running_logsumexp)(x), np.exp(x) / np.sum(np.exp(x)), 1e-12)


def test_integers_have_no_gradient():
    # tangent #66: there an integer array gave zeros; Theano #2745, pyautodiff #11: an integer squared.
    for x in (np.array([1, 2, 3]), np.array([True, False])):
        with pytest.raises(TypeError, match=r"does not exist.*pass x.astype\(float\)"):
            dlsrc.grad(running_logsumexp)(x)
    with pytest.raises(TypeError, match=r"pass float\(x\)"):
        dlsrc.grad(lambda x: x**2)(3)


# autograd #157, #561: the inner loops of an iteration; a differential equation stepped by Runge and Kutta.
@programs(np.array([1.0, 0.5]), np.array([1.5, 0.8, 1.1, 0.4]), argnums=(0, 1), compiled=True)
def predators(start, rate):
    def slope(y):
        return np.array([rate[0] * y[0] - rate[1] * y[0] * y[1], -rate[2] * y[1] + rate[3] * y[0] * y[1]])

    y, h = start, 0.1
    for _ in range(8):
        k1 = slope(y)
        k2 = slope(y + 0.5 * h * k1)
        k3 = slope(y + 0.5 * h * k2)
        k4 = slope(y + h * k3)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return np.sum(y**2)


@programs(0.3, vector(4), argnums=(0, 1))
def iterated_in_a_loop(e, means):
    total = 0.0
    for mean in means:
        E = mean
        for _ in range(6):
            E = E - (E - e * np.sin(E) - mean) / (1.0 - e * np.cos(E))
        total += np.cos(E) ** 2
    return total


test_loops = programs.test()
