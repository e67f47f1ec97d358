"""Functions that call themselves, or each other, to a depth that is known only at run time."""

import functools
import math

import numpy as np
import pytest

from dlsrc import grad, hvp, jvp, value_and_grad
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import Programs, assert_close, gradient, vector

programs = Programs()


def power(x, n):
    if n == 0:
        return 1.0
    half = power(x, n // 2)
    if n % 2:
        return half * half * x
    return half * half

@programs(vector(3), 13)
def by_squaring(x, n):
    return power(x[0], n) + power(x[1] * x[2], n + 1)

def simpson(f, a, b):
    return (b - a) / 6 * (f(a) + 4 * f((a + b) / 2) + f(b))

def integrate(f, a, b, whole, tol, depth=0):
    m = (a + b) / 2
    left, right = simpson(f, a, m), simpson(f, m, b)
    err = left + right - whole
    if abs(err) < 15 * tol or depth > 40:
        return left + right + err / 15
    return integrate(f, a, m, left, tol / 2, depth + 1) + integrate(f, m, b, right, tol / 2, depth + 1)

@programs(vector(3))
def adaptive(x):
    f = lambda t: math.sin(x[0] * t) * math.exp(-x[1] * t)
    return integrate(f, 0.0, x[2], simpson(f, 0.0, x[2]), 1e-7)

def tree_sum(x, lo, hi):
    if hi - lo == 1:
        return x[lo] ** 2
    mid = (lo + hi) // 2
    a = tree_sum(x, lo, mid)
    b = tree_sum(x, mid, hi)
    return a * 0.9 + b * math.sin(a)

@programs(vector(13), compiled=True)
def tree(x):
    return tree_sum(x, 0, len(x))

def ack(x, n):
    if n <= 1:
        return x
    return x * ack(x, n - 1) + ack(x * 0.5, n - 2)

@programs(0.7, 9)
def fibonacci_like(x, n):
    return ack(x, n)

def even(x, n):
    if n == 0:
        return x
    return odd(x * x, n - 1) + 1.0

def odd(y, n):
    if n == 0:
        return -y
    m = n - 1
    return 2.0 * even(math.sin(y), m)

@programs(0.7, 7, compiled=True)
def mutual(x, n):
    return even(x, n) * 3.0

@programs(vector(4), 5)
def inner_function(x, n):
    def go(s, k):
        if k > n:
            return s
        return go(s * x[k % 4] + 1.0, k + 1)
    return go(x[0], 0)

class Model:
    def __init__(self):
        self.k = 0.5
    def rec(self, s, n):
        if n == 0:
            return s
        t = self.rec(s * self.k, n - 1)
        return t * s + self.rec(s * 0.1, n - 1)

model = Model()

@programs(0.8, 4)
def method(x, n):
    return model.rec(x, n)

KIDS = np.array([[1, 2, 3], [4, 5, -1], [-1, -1, -1], [6, -1, -1], [-1, -1, -1], [-1, -1, -1], [-1, -1, -1]])

def likelihood(w, node):
    total = w[node]
    for c in KIDS[node]:
        if c >= 0:
            total = total * 0.5 + math.tanh(likelihood(w, c))
    return total

@programs(vector(7))
def tree_with_a_loop(w):
    return likelihood(w, 0)

def summed(w, node):
    return w[node] + sum(0.7 * summed(w, c) ** 2 for c in KIDS[node] if c >= 0)

@programs(vector(7))
def tree_with_a_generator(w):
    return summed(w, 0)

def best_set(w, node):
    take, skip = w[node], 0.0
    for k in range(3):
        c = KIDS[node, k]
        if c < 0:
            break
        t, s = best_set(w, c)
        take += s
        skip += max(t, s) * 0.9
    return take, skip

@programs(vector(7), compiled=True)
def tree_dp(w):
    t, s = best_set(w, 0)
    return t * s

def fill(out, w, node, depth):
    out[node] = w[node] * depth + out[0]
    for c in KIDS[node]:
        if c == -1:
            continue
        fill(out, w, c, depth + 1.0)

@programs(vector(7), compiled=True)
def writes_into_an_array(w):
    out = np.zeros(7)
    fill(out, w, 0, 1.0)
    return np.sum(out ** 2)

def walk(out, w, lo, hi):
    if hi - lo < 1:
        return
    mid = (lo + hi) // 2
    walk(out, w, lo, mid)
    out[mid] = w[mid] ** 2 + (out[mid - 1] if mid > 0 else 0.0)
    walk(out, w, mid + 1, hi)

@programs(vector(9))
def in_order(w):
    out = np.zeros(9)
    walk(out, w, 0, 9)
    return np.sum(out * w)

def chebyshev(x, n):
    return 1.0 if n == 0 else (x if n == 1 else 2 * x * chebyshev(x, n - 1) - chebyshev(x, n - 2))

@programs(0.3, 6)
def polynomial(x, n):
    return chebyshev(x, n)

P = vector(3, 3)


def pruning(p, node):
    if node >= 3:
        tip = np.zeros(3)
        tip[node % 3] = 1.0
        return tip
    left = pruning(p, 2 * node + 1)
    right = pruning(p, 2 * node + 2)
    return (P @ left) * p * right

@programs(vector(3), compiled=True)
def felsenstein(p):
    return np.log(np.sum(pruning(p, 0)))

def newton(x, a, n):
    if abs(x * x - a) < 1e-13 or n > 50:
        return x
    return newton(0.5 * (x + a / x), a, n + 1)

@programs(2.3)
def tail_recursive(a):
    return newton(a, a, 0)

def collatz(x, n, steps):
    while n % 2 == 0:
        n //= 2
        x = x * 1.01
        if n == 2:
            return x * 7
    if n == 1 or steps > 50:
        return x
    if n % 3 == 0:
        y = collatz(x + 0.1, 3 * n + 1, steps + 1)
    else:
        y = x * x
    z = y * 2 + x
    return z - collatz(x * 0.5, n - 1, steps + 5)

@programs(0.7, 27)
def joined(x, n):
    return collatz(x, n, 0)

def logic(x, n):
    return n == 0 or (x > 0.1 and logic(x * 0.7, n - 1))

@programs(0.7, 4)
def inactive(x, n):
    return x * x if logic(x, n) else x


def arrays(h, n):
    if n == 0:
        return h
    k = np.tanh(h) * 0.9
    return arrays(k, n - 1) + arrays(h * 0.3, n - 1) * k


@programs(vector(4), 4)
def of_arrays(h, n):
    return np.sum(arrays(h, n))


def quicksort(a, lo, hi):
    if lo < hi:
        i = lo
        for j in range(lo, hi):
            if a[j] < a[hi]:
                a[i], a[j] = a[j], a[i]
                i += 1
        a[i], a[hi] = a[hi], a[i]
        quicksort(a, lo, i - 1)
        quicksort(a, i + 1, hi)


@programs(vector(20))
def sorted_in_place(x):
    a = x.copy()
    quicksort(a, 0, len(a) - 1)
    return np.sum(a * np.arange(len(a)))


@functools.lru_cache
def cached(x, n):
    return x if n < 2 else cached(x, n - 1) * 0.5 + cached(x * x, n - 2)


@programs(0.7, 8)
def with_a_cache(x, n):
    return cached(x, n)


def by_keyword(x, *, n=3, scale=1.0):
    if n == 0:
        return x * scale
    return by_keyword(x * 0.9, n=n - 1, scale=scale * 1.1) + by_keyword(x, n=n - 1)


@programs(0.7, 4)
def keyword_arguments_and_defaults(x, n):
    return by_keyword(x, n=n)


def remembered(x, n, known):
    if n not in known:
        known[n] = remembered(x, n - 1, known) + remembered(x, n - 2, known) * x
    return known[n]


@programs(1.1, 8)
def with_a_memo(x, n):
    return remembered(x, n, {0: x, 1: 1.0})


def five_calls(x, n):
    if n < 1:
        return x
    a = five_calls(x * 0.1, n - 1)
    b = five_calls(x * 0.2, n - 2)
    c = five_calls(x * 0.3, n - 2)
    d = five_calls(x * 0.4, n - 3)
    return a + b * 2.0 + c * 3.0 + d * five_calls(x * 0.5, n - 3)


@programs(0.7, 4)
def many_calls(x, n):
    return five_calls(x, n)


def written(x, n):
    return x if n == 0 else x * written(x, n - 1)


@programs(1.01)
def a_known_depth_above_what_is_written_out(x):
    return written(x, 150)


test_recursion = programs.test()


def test_forward_mode_and_second_derivatives():
    x, v = vector(13), np.linspace(0.5, 1.0, 13)
    assert_close(jvp(tree, (x,), (v,))[1], gradient(tree, x) @ v)
    assert_close(hvp(tree)(x, v), gradient(lambda y: grad(tree)(y) @ v, x))


def runaway(x, n):
    return x if n < 0 else x * runaway(x * 0.5, n + 1)


@pytest.mark.compiled
def test_a_recursion_without_end_is_a_recursion_error():
    with pytest.raises(RecursionError, match="runaway calls itself more than 1000000 deep"):
        value_and_grad(lambda x, n: 1.0 + runaway(x, n))(1.5, 0)


def endless(x):
    return x * endless(x * 2.0)


def test_a_recursion_that_cannot_end():
    with pytest.raises(UnsupportedSyntax, match="`endless` calls itself on every way, so it never ends"):
        grad(lambda x: endless(x))(1.5)


def without_a_way_out(x, n):
    return x if n == 0 else without_a_way_out(x, n - 1)


def test_an_edited_function_of_the_loop_is_noticed(monkeypatch):
    f = lambda x, n: even(x, n)  # noqa: E731
    before = grad(f)(0.7, 3)
    monkeypatch.setitem(globals(), "odd", without_a_way_out)
    assert grad(f)(0.7, 3) == 1.4 != before
