"""Small programs as NumPy and numba users write them: steppers, likelihoods, filters, dynamic programming."""

import math

import numpy as np

from tests.oracle import Programs, vector

programs = Programs()


@programs(vector(2), 0.3)
def rk4_path(y0, mu):
    def f(y):
        return np.array([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])
    ys = [y0]
    h = 0.1
    for _ in range(12):
        y = ys[-1]
        k1 = f(y)
        k2 = f(y + h / 2 * k1)
        k3 = f(y + h / 2 * k2)
        k4 = f(y + h * k3)
        ys.append(y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    Y = np.array(ys)
    return np.sum(Y[:, 0] ** 2) + Y[-1, 1]


@programs(vector(4, 3), vector(3))
def forward_algorithm(logA, pi):
    A = np.exp(logA[:3]) / np.sum(np.exp(logA[:3]), axis=1)[:, None]
    alphas = [pi / pi.sum()]
    obs = [0, 2, 1, 1, 0]
    for o in obs:
        a = alphas[-1] @ A
        a = a * logA[3, o] / (1.0 + o)
        alphas.append(a)
    return np.log(np.sum(alphas[-1])) + np.sum(np.stack(alphas)[:, 0])


# ---- dynamic programming and others


@programs(vector(5, 4))
def edit_path(c):
    n, m = c.shape
    d = np.zeros((n + 1, m + 1))
    d[0, 1:] = np.inf
    d[1:, 0] = np.inf
    for i in range(n):
        for j in range(m):
            d[i + 1, j + 1] = c[i, j] + min(d[i, j], d[i + 1, j], d[i, j + 1])
    return d[n, m]


@programs(vector(4), vector(4, 4))
def viterbi(e, t):
    score = e.copy()
    for step in range(3):
        new = np.empty(4)
        for j in range(4):
            best = -np.inf
            for i in range(4):
                s = score[i] + t[i, j]
                if s > best:
                    best = s
            new[j] = best + e[j]
        score = new
    return np.max(score)


@programs(vector(6), 0.5)
def kalman(y, q):
    m, P, ll = 0.0, 1.0, 0.0
    for obs in y:
        P = P + q
        S = P + 0.3
        K = P / S
        r = obs - m
        ll += -0.5 * (math.log(2 * math.pi * S) + r * r / S)
        m, P = m + K * r, (1 - K) * P
    return ll


@programs(vector(4), vector(4))
def huber(x, y):
    def rho(r, k=0.2):
        return 0.5 * r ** 2 if abs(r) <= k else k * (abs(r) - 0.5 * k)
    return sum(rho(a - b) for a, b in zip(x, y))


@programs(vector(3, 2))
def pairwise(pos):
    n = len(pos)
    e = 0.0
    for i in range(n):
        for j in range(i):
            r = np.linalg.norm(pos[i] - pos[j])
            e += 4 * (r ** -12 - r ** -6)
    return e


@programs(vector(5))
def polynomial_horner(c):
    y = 0.0
    for a in reversed(c):
        y = y * 0.7 + a
    return y ** 2


def bisect(f, lo, hi, depth):
    mid = 0.5 * (lo + hi)
    if depth == 0:
        return mid
    if f(mid) > 0:
        return bisect(f, lo, mid, depth - 1)
    return bisect(f, mid, hi, depth - 1)


@programs(vector(2), 6)
def bisection(x, n):
    return bisect(lambda t: t * t - 0.7, 0.0, x[1] * 4, n) * x[0]


@programs(vector(4))
def newton_loop(x):
    y = x[0]
    for it in range(100):
        step = (y ** 3 - x[1]) / (3 * y ** 2)
        y -= step
        if abs(step) < 1e-14:
            break
    else:
        raise RuntimeError("no convergence")
    return y * x[2]


@programs(vector(4), {"lr": 0.1, "momentum": 0.9})
def sgd(x, opt):
    w, m = x.copy(), np.zeros_like(x)
    for k in range(5):
        g = 2 * (w - 1) * (k + 1)
        m = opt["momentum"] * m + g
        w = w - opt["lr"] * m
    return np.sum(w ** 2)


@programs(vector(6))
def running_stats(x):
    n, mean, m2 = 0, 0.0, 0.0
    for v in x:
        n += 1
        d = v - mean
        mean += d / n
        m2 += d * (v - mean)
    return m2 / (n - 1) + mean


test_user_programs = programs.test()
