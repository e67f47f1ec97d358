"""Programs as people write them: likelihoods, simulators, networks, options; checked as a whole.

Each is compared with plain Python, with differences, forward with reverse mode and with itself when it is
called again (`dlsrc.check`); some also by their second derivatives.
"""

# ruff: noqa: E501, E702, E741

import math

import numpy as np
import pytest
import scipy.linalg as sla
from scipy.special import gammaln
from scipy.special import logsumexp as sp_lse

import dlsrc
from dlsrc import logsumexp

G = 9.81
PROGRAMS = []


def model(*args, second=False, compiled=False):
    """A program and the arguments of a call; whether its second derivative is checked, whether it is compiled."""

    def add(f):
        PROGRAMS.append(pytest.param(f, args, second, id=f.__name__, marks=[pytest.mark.compiled] * compiled))
        return f

    return add


def uniform(*shape, seed=0, low=0.5, high=1.5):
    return np.random.default_rng([seed, *shape]).uniform(low, high, shape)


def normal(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


Y = normal(40)


def lotka(t, y, p):
    a, b, c, d = p
    return np.array([a * y[0] - b * y[0] * y[1], c * y[0] * y[1] - d * y[1]])


def rk4_step(f, t, y, h, *args):
    k1 = f(t, y, *args)
    k2 = f(t + h / 2, y + h / 2 * k1, *args)
    k3 = f(t + h / 2, y + h / 2 * k2, *args)
    k4 = f(t + h, y + h * k3, *args)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


# Autoregression of order two: lagged slices.
@model(np.array([0.1, 0.5, -0.2, 0.8]), Y, second=True)
def ar2(theta, y):
    c, p1, p2, s = theta
    resid = y[2:] - c - p1 * y[1:-1] - p2 * y[:-2]
    n = len(resid)
    return 0.5 * n * np.log(2 * np.pi * s**2) + np.sum(resid**2) / (2 * s**2)


# Forward algorithm of a hidden Markov model in logarithms; a loop over observations.
@model(
    normal(3),
    normal(3, 3),
    normal(3, 5, seed=3),
    np.array([0, 2, 1, 4, 3, 3, 0, 1]),
    second=True,
)
def hmm_log(pi, A, B, obs):
    logpi = pi - sp_lse(pi)
    logA = A - sp_lse(A, axis=1, keepdims=True)
    logB = B - sp_lse(B, axis=1, keepdims=True)
    alpha = logpi + logB[:, obs[0]]
    for o in obs[1:]:
        alpha = sp_lse(alpha[:, None] + logA, axis=0) + logB[:, o]
    return -sp_lse(alpha)


# The same with scaling: the state is divided in place after a branch.
@model(normal(3), normal(3, 3), normal(3, 5, seed=3), np.array([0, 2, 1, 4, 3, 3, 0, 1]))
def hmm_scaled(pi, A, B, obs):
    n = len(pi)
    p0 = np.exp(pi) / np.exp(pi).sum()
    P = np.exp(A)
    P /= P.sum(axis=1)[:, np.newaxis]
    E = np.exp(B)
    E = E / E.sum(1, keepdims=True)
    ll = 0.0
    a = p0 * E[:, obs[0]]
    for t in range(len(obs)):
        if t > 0:
            a = (a @ P) * E[:, obs[t]]
        c = a.sum()
        a /= c
        ll += np.log(c)
    return ll


# Likelihood of a local linear trend by a Kalman filter.
@model(np.array([0.3, 0.2]), normal(12), second=True)
def kalman(theta, ys):
    q, r = np.exp(theta)
    F = np.array([[1.0, 1.0], [0.0, 1.0]])
    H = np.array([[1.0, 0.0]])
    Q = q * np.array([[1 / 3, 1 / 2], [1 / 2, 1.0]])
    x = np.zeros(2)
    P = np.eye(2) * 10
    ll = 0.0
    for y in ys:
        x = F @ x
        P = F @ P @ F.T + Q
        S = (H @ P @ H.T)[0, 0] + r
        K = (P @ H.T)[:, 0] / S
        v = y - (H @ x)[0]
        ll -= 0.5 * (math.log(2 * math.pi * S) + v * v / S)
        x = x + K * v
        P = P - np.outer(K, H @ P)
    return ll


# Mixture of Gaussians by logsumexp and broadcasting.
@model(normal(3), normal(3, 2), normal(3, 2, seed=9) * 0.3, normal(20, 2))
def gmm(w, mu, ls, X):
    logw = w - logsumexp(w)
    d = X.shape[1]
    z = (X[:, None, :] - mu[None]) / np.exp(ls)
    lp = -0.5 * np.sum(z**2, axis=-1) - ls.sum(-1) - 0.5 * d * np.log(2 * np.pi)
    return np.mean(sp_lse(lp + logw, axis=1))


# Gaussian process: the noise is added to the diagonal by an index.
@model(np.array([0.1, -0.2, -1.0]), np.linspace(0, 3, 8), normal(8), second=True)
def gp(theta, x, y):
    ell, sf, sn = np.exp(theta)
    d2 = (x[:, None] - x[None, :]) ** 2
    K = sf**2 * np.exp(-0.5 * d2 / ell**2)
    K[np.diag_indices(len(x))] += sn**2
    L = np.linalg.cholesky(K)
    a = np.linalg.solve(L.T, np.linalg.solve(L, y))
    return 0.5 * y @ a + np.log(np.diag(L)).sum() + 0.5 * len(x) * np.log(2 * np.pi)


# Runge-Kutta with the right side as an argument and extra arguments handed on.
@model(np.array([1.1, 0.4, 0.1, 0.4]), np.array([2.0, 1.0]), second=True)
def rk4(p, y0):
    y = y0.copy()
    traj = np.empty((21, 2))
    traj[0] = y
    for k in range(20):
        y = rk4_step(lotka, 0.1 * k, y, 0.1, p)
        traj[k + 1] = y
    return ((traj - np.array([1.5, 1.0])) ** 2).mean()


# Gravity of four bodies: kick, drift, kick with arrays written in place.
@model(normal(4, 3), 0.1 * normal(4, 3, seed=2), np.array([1.0, 2.0, 0.5, 1.0]))
def nbody(pos, vel, m):
    pos = pos.copy()
    vel = vel.copy()
    n = len(m)
    dt = 0.05
    eps = 0.1

    def accel(pos):
        a = np.zeros_like(pos)
        for i in range(n):
            for j in range(i + 1, n):
                d = pos[j] - pos[i]
                r2 = (d * d).sum() + eps**2
                inv = r2**-1.5
                a[i] += m[j] * inv * d
                a[j] -= m[i] * inv * d
        return a

    a = accel(pos)
    for _ in range(4):
        vel += 0.5 * dt * a
        pos += dt * vel
        a[:] = accel(pos)
        vel += 0.5 * dt * a
    ke = 0.5 * np.sum(m[:, None] * vel**2)
    pe = 0.0
    for i in range(n):
        for j in range(i):
            pe -= m[i] * m[j] / np.sqrt(np.sum((pos[i] - pos[j]) ** 2) + eps**2)
    return ke + pe + pos[0, 0] * vel[1, 2]


# Wave equation with three buffers that change places.
@model(uniform(6, 7), uniform(6, 7, seed=1))
def wave2d(u, c):
    prev = u.copy()
    cur = u.copy()
    nxt = np.zeros_like(u)
    for t in range(5):
        lap = cur[:-2, 1:-1] + cur[2:, 1:-1] + cur[1:-1, :-2] + cur[1:-1, 2:] - 4 * cur[1:-1, 1:-1]
        nxt[1:-1, 1:-1] = 2 * cur[1:-1, 1:-1] - prev[1:-1, 1:-1] + 0.1 * c[1:-1, 1:-1] ** 2 * lap
        prev, cur, nxt = cur, nxt, prev
    return np.abs(cur).max() + np.mean(cur**2)


# Upwind scheme whose direction depends on the sign.
@model(uniform(15), 0.05)
def burgers(u, nu):
    dx = 0.3
    dt = 0.02
    n = u.shape[0]
    for t in range(6):
        un = u.copy()
        for i in range(n):
            l = un[i - 1]
            r = un[(i + 1) % n]
            adv = un[i] * (un[i] - l) / dx if un[i] > 0 else un[i] * (r - un[i]) / dx
            u[i] = un[i] - dt * adv + nu * dt / dx**2 * (r - 2 * un[i] + l)
    return (u[::-1] * np.arange(n)).sum()


# A cellular model: masks, rolls and a saturation.
@model(uniform(8, 8, low=-1, high=1), 0.2)
def cells(state, rate):
    s = state.copy()
    for it in range(4):
        nb = np.roll(s, 1, 0) + np.roll(s, -1, 0) + np.roll(s, 1, 1) + np.roll(s, -1, 1)
        alive = nb > 0
        s[alive] += rate * nb[alive]
        s[~alive] *= 1 - rate
        s = np.where(np.abs(s) > 3, np.tanh(s), s)
    return np.sum(s**2)


# A ray and spheres: early returns, the nearest hit.
@model(np.array([0.1, -0.1, -3.0]), np.array([0.02, 0.05, 1.0]), normal(4, 3) * 0.5, uniform(4))
def raytrace(o, d, centers, radii):
    d = d / np.linalg.norm(d)

    def hit(c, r):
        oc = o - c
        b = oc @ d
        disc = b * b - (oc @ oc - r * r)
        if disc < 0:
            return np.inf
        t = -b - np.sqrt(disc)
        if t < 1e-3:
            return np.inf
        return t

    best = np.inf
    which = -1
    for i in range(len(radii)):
        t = hit(centers[i], radii[i])
        if t < best:
            best = t
            which = i
    if which < 0:
        return 0.0
    pt = o + best * d
    n = (pt - centers[which]) / radii[which]
    light = np.array([1.0, 1.0, -1.0]) / np.sqrt(3)
    return max(0.0, n @ light) + 0.1


# Descent with a line search: while, break, a loop that has an else.
@model(normal(4), uniform(4))
def gd_linesearch(x, w):
    def f(x):
        return np.sum(w * (x - 1) ** 2) + 0.1 * np.sum(x**4)

    def df(x):
        return 2 * w * (x - 1) + 0.4 * x**3

    fx = f(x)
    for it in range(6):
        g = df(x)
        t = 1.0
        gg = np.dot(g, g)
        while True:
            xn = x - t * g
            fn = f(xn)
            if fn <= fx - 0.3 * t * gg:
                break
            t *= 0.5
            if t < 1e-10:
                break
        else:
            raise RuntimeError("never")
        x = xn
        fx = fn
        if gg < 1e-12:
            break
    return fx + x[0]


# Attention with two heads: einsum, reshape, transpose, a causal mask.
@model(normal(2, 5, 4), normal(4, 8), normal(4, 8, seed=1), normal(4, 8, seed=2), compiled=True)
def attention(x, wq, wk, wv):
    B, T, D = x.shape
    H = 2
    q = (x @ wq).reshape(B, T, H, -1).transpose(0, 2, 1, 3)
    k = (x @ wk).reshape(B, T, H, -1).transpose(0, 2, 1, 3)
    v = (x @ wv).reshape(B, T, H, -1).transpose(0, 2, 1, 3)
    s = np.einsum("bhid,bhjd->bhij", q, k) / np.sqrt(q.shape[-1])
    mask = np.tril(np.ones((T, T)))
    s = np.where(mask == 0, -1e9, s)
    s = s - s.max(-1, keepdims=True)
    a = np.exp(s)
    a /= a.sum(-1, keepdims=True)
    o = np.einsum("bhij,bhjd->bhid", a, v)
    o = o.transpose(0, 2, 1, 3).reshape(B, T, -1)
    return np.sum(o**2)


# A convolution by loops, a rectifier, pooling by reshape and max.
@model(normal(2, 6, 6), normal(3, 2, 3, 3), normal(3))
def conv(img, W, b):
    C, Hh, Ww = img.shape
    O, _, kh, kw = W.shape
    out = np.zeros((O, Hh - kh + 1, Ww - kw + 1))
    for o in range(O):
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                out[o, i, j] = np.sum(img[:, i : i + kh, j : j + kw] * W[o]) + b[o]
    out = np.maximum(out, 0)
    pooled = out.reshape(O, 2, 2, 2, 2).max(axis=(2, 4))
    return pooled.sum()


# An American option on a binomial tree that is overwritten from the leaves.
@model(100.0, 0.2, 0.03, second=True)
def crr(S, sigma, r, K=100.0, T=1.0, n=12):
    dt = T / n
    u = math.exp(sigma * math.sqrt(dt))
    d = 1 / u
    q = (math.exp(r * dt) - d) / (u - d)
    disc = math.exp(-r * dt)
    v = np.empty(n + 1)
    for j in range(n + 1):
        v[j] = max(K - S * u ** (2 * j - n) * 1.001, 0.0)
    for i in range(n - 1, -1, -1):
        for j in range(i + 1):
            v[j] = disc * (q * v[j + 1] + (1 - q) * v[j])
            ex = K - S * u ** (2 * j - i) * 1.001
            if ex > v[j]:
                v[j] = ex
    return v[0]


# Flight until the ground is met: while True with a break.
@model(0.7, 30.0, 0.1, second=True)
def projectile(angle, speed, drag):
    vx, vy = speed * math.cos(angle), speed * math.sin(angle)
    x = y = 0.0
    dt = 0.01
    while True:
        v = math.hypot(vx, vy)
        xo, yo = x, y
        x += vx * dt
        y += vy * dt
        vx -= drag * v * vx * dt
        vy -= (G + drag * v * vy) * dt
        if y < 0:
            break
    return xo + (x - xo) * yo / (yo - y)


# Elimination with pivoting: rows are swapped by index.
@model(normal(4, 4), normal(4), second=True)
def gauss_elim(A, b):
    A = A.copy() + 4 * np.eye(4)
    b = b.copy()
    n = len(b)
    for k in range(n - 1):
        piv = k + np.argmax(np.abs(A[k:, k]))
        if piv != k:
            A[[k, piv]] = A[[piv, k]]
            b[[k, piv]] = b[[piv, k]]
        for i in range(k + 1, n):
            f = A[i, k] / A[k, k]
            A[i, k:] -= f * A[k, k:]
            b[i] -= f * b[k]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]
    return x.sum()


# A tridiagonal system, forwards and backwards.
@model(uniform(6), uniform(6, seed=2))
def thomas(d, rhs):
    n = len(d)
    a = np.full(n - 1, -1.0) * 0.3
    c = a.copy()
    b = d + 2.0
    x = rhs.copy()
    cp = np.empty(n - 1)
    cp[0] = c[0] / b[0]
    x[0] /= b[0]
    for i in range(1, n):
        m = 1.0 / (b[i] - a[i - 1] * cp[i - 1])
        if i < n - 1:
            cp[i] = c[i] * m
        x[i] = (x[i] - a[i - 1] * x[i - 1]) * m
    for i in reversed(range(n - 1)):
        x[i] -= cp[i] * x[i + 1]
    return x @ x


# Dynamic time warping: a table with infinities, min of three.
@model(uniform(20), uniform(20, seed=4))
def dtw(a, b):
    a = a[:6]
    b = b[:5]
    D = np.full((7, 6), np.inf)
    D[0, 0] = 0
    for i in range(1, 7):
        for j in range(1, 6):
            c = abs(a[i - 1] - b[j - 1])
            D[i, j] = c + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[-1, -1]


# A sum over alignments: logaddexp of what is impossible.
@model(uniform(8, 3), second=True)
def ctc_like(logits):
    T, K = logits.shape
    lp = logits - sp_lse(logits, axis=1)[:, None]
    lab = [1, 2, 1]
    a = np.full(len(lab), -1e30)
    a[0] = lp[0, lab[0]]
    for t in range(1, T):
        new = np.empty_like(a)
        for s in range(len(lab)):
            prev = a[s]
            if s > 0:
                prev = np.logaddexp(prev, a[s - 1])
            new[s] = prev + lp[t, lab[s]]
        a = new
    return -a[-1]


# Adam inside of the objective.
@model(normal(4, 3), normal(3), normal(4), second=True)
def adam(W, x, t):
    m = np.zeros(3)
    v = np.zeros(3)
    b1, b2 = 0.9, 0.999
    w = x
    for k in range(1, 6):
        g = 2 * W.T @ (W @ w - t)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        w = w - 0.1 * (m / (1 - b1**k)) / (np.sqrt(v / (1 - b2**k)) + 1e-8)
    return np.sum((W @ w - t) ** 2)


# Counts between the arguments that are differentiated.
@model(uniform(3), np.array([3, 1, 4, 0, 2]), normal(5, 3))
def poisson(beta, y, X):
    eta = X @ beta
    return -(y * eta - np.exp(eta) - gammaln(y + 1)).sum()


# Student t with leverage: an early return where it is not feasible.
@model(np.array([0.02, 0.1, 0.85, 5.0]), 0.01 * normal(60))
def tgarch(theta, r):
    w, a, b, nu = theta
    if w <= 0 or a < 0 or b < 0 or a + b >= 1:
        return 1e10
    h = np.var(r)
    ll = 0.0
    const = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(np.pi * (nu - 2))
    for t, x in enumerate(r):
        if t:
            lev = a * (1.5 if r[t - 1] < 0 else 1.0)
            h = w * 1e-4 + lev * r[t - 1] ** 2 + b * h
        ll += const - 0.5 * np.log(h) - (nu + 1) / 2 * np.log1p(x * x / (h * (nu - 2)))
    return -ll


# Winsorised values: masks read and written.
@model(normal(8))
def masked_set(x):
    y = x.copy()
    y[y < 0] = 0
    y[np.abs(x) > 1] = np.sign(x[np.abs(x) > 1]) * (1 + np.log(np.abs(x[np.abs(x) > 1])))
    y[[0, -1]] = y[[-1, 0]]
    return y


# A normal with a Cholesky factor: the diagonal is replaced by an index.
@model(normal(3, 3), normal(3), normal(6, 3), second=True)
def mvn(A, mu, X):
    L = np.tril(A)
    L[np.arange(3), np.arange(3)] = np.exp(np.diag(A))
    d = X - mu
    z = sla.solve_triangular(L, d.T, lower=True)
    return 0.5 * (z * z).sum() + len(X) * np.log(np.diag(L)).sum()


@pytest.mark.parametrize(("f", "args", "second"), PROGRAMS)
def test_models(f, args, second):
    verdict = dlsrc.check(f, *args)
    assert verdict, verdict
    if second:
        bends(f, args)


def bends(f, args):
    """The derivative of the slope in a direction against differences of the gradient."""
    x, *rest = args
    slope = dlsrc.grad(f)
    w = normal(*np.shape(x), seed=5)

    def weighted(x, *rest):
        return np.sum(w * slope(x, *rest))

    verdict = dlsrc.check(weighted, x, *rest, argnums=0)
    assert verdict, verdict
