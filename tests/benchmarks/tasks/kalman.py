"""A Kalman filter's likelihood, T=1000, four states and two observations, by the matrices of the model."""

import numpy as np

from tests.benchmarks.peers import with_autograd, with_jax, with_torch
from tests.benchmarks.task import Task

__all__ = ["TASKS"]


def kalman(F, Q, R, H, y):
    m = np.zeros(F.shape[0])
    P = np.eye(F.shape[0])
    total = 0.0
    for t in range(len(y)):
        m = F @ m
        P = F @ P @ F.T + Q
        v = y[t] - H @ m
        S = H @ P @ H.T + R
        K = np.linalg.solve(S, H @ P).T
        total += 0.5 * (np.log(np.linalg.det(S)) + v @ np.linalg.solve(S, v))
        m = m + K @ v
        P = P - K @ S @ K.T
    return total


def add_nn(out, s, a, b):
    """out += s a b."""
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            for j in range(b.shape[1]):
                out[i, j] += s * a[i, k] * b[k, j]


def add_nt(out, s, a, b):
    """out += s a bᵀ."""
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            for k in range(a.shape[1]):
                out[i, j] += s * a[i, k] * b[j, k]


def add_tn(out, s, a, b):
    """out += s aᵀ b."""
    for k in range(a.shape[0]):
        for i in range(a.shape[1]):
            for j in range(b.shape[1]):
                out[i, j] += s * a[k, i] * b[k, j]


def add_v(out, s, a, x):
    """out += s a x."""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[i] += s * a[i, j] * x[j]


def add_tv(out, s, a, x):
    """out += s aᵀ x."""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[j] += s * a[i, j] * x[i]


def by_hand(F, Q, R, H, y):
    T, n, p = len(y), F.shape[0], H.shape[0]
    ms, Ps = np.zeros((T + 1, n)), np.zeros((T + 1, n, n))  # after each step
    Pp, vs = np.zeros((T, n, n)), np.empty((T, p))
    Ss, inverses, gains = np.empty((T, p, p)), np.empty((T, p, p)), np.zeros((T, p, n))
    half, B, C = np.empty((n, n)), np.empty((p, n)), np.empty((p, n))
    predicted = np.empty(n)
    for i in range(n):
        Ps[0, i, i] = 1.0
    total = 0.0
    for t in range(T):
        predicted[:] = 0.0
        add_v(predicted, 1.0, F, ms[t])
        half[:] = 0.0
        add_nn(half, 1.0, F, Ps[t])
        P, S, Si, G, v = Pp[t], Ss[t], inverses[t], gains[t], vs[t]
        P[:] = Q
        add_nt(P, 1.0, half, F)
        v[:] = y[t]
        add_v(v, -1.0, H, predicted)
        B[:] = 0.0
        add_nn(B, 1.0, H, P)
        S[:] = R
        add_nt(S, 1.0, B, H)
        det = S[0, 0] * S[1, 1] - S[0, 1] * S[1, 0]
        Si[0, 0], Si[1, 1] = S[1, 1] / det, S[0, 0] / det
        Si[0, 1], Si[1, 0] = -S[0, 1] / det, -S[1, 0] / det
        add_nn(G, 1.0, Si, B)
        square = 0.0
        for i in range(p):
            for j in range(p):
                square += v[i] * Si[i, j] * v[j]
        total += 0.5 * (np.log(det) + square)
        ms[t + 1] = predicted
        add_tv(ms[t + 1], 1.0, G, v)
        Ps[t + 1] = P
        C[:] = 0.0
        add_nn(C, 1.0, S, G)
        add_tn(Ps[t + 1], -1.0, G, C)
    dF, dQ, dR = np.zeros((n, n)), np.zeros((n, n)), np.zeros((p, p))
    dm, dP = np.zeros(n), np.zeros((n, n))
    dPp, dS, dG, dB, dv = np.empty((n, n)), np.empty((p, p)), np.empty((p, n)), np.empty((p, n)), np.empty(p)
    D, E = np.empty((p, n)), np.empty((p, n))
    for t in range(T - 1, -1, -1):
        P, S, Si, G, v = Pp[t], Ss[t], inverses[t], gains[t], vs[t]
        # P₊ = P - Gᵀ S G
        D[:] = 0.0
        add_nn(D, 1.0, G, dP)
        E[:] = 0.0
        add_nt(E, 1.0, G, dP)
        dS[:] = 0.0
        add_nt(dS, -1.0, D, G)
        dG[:] = 0.0
        add_nn(dG, -1.0, S, E)
        add_tn(dG, -1.0, S, D)
        # m₊ = m + Gᵀ v
        for i in range(p):
            for j in range(n):
                dG[i, j] += v[i] * dm[j]
        dv[:] = 0.0
        add_v(dv, 1.0, G, dm)
        # ½ (log det S + vᵀ S⁻¹ v)
        for i in range(p):
            left, right = 0.0, 0.0
            for j in range(p):
                left += Si[j, i] * v[j]
                right += Si[i, j] * v[j]
            dv[i] += 0.5 * (left + right)
            for j in range(p):
                other = 0.0
                for k in range(p):
                    other += Si[j, k] * v[k]
                dS[i, j] += 0.5 * (Si[j, i] - left * other)
        # G = S⁻¹ B, B = H P
        dB[:] = 0.0
        add_tn(dB, 1.0, Si, dG)
        add_nt(dS, -1.0, dB, G)
        dPp[:] = dP
        add_tn(dPp, 1.0, H, dB)
        # S = H P Hᵀ + R
        dR += dS
        D[:] = 0.0
        add_nn(D, 1.0, dS, H)
        add_tn(dPp, 1.0, H, D)
        add_tv(dm, -1.0, H, dv)
        # P = F P₋ Fᵀ + Q, m = F m₋
        dQ += dPp
        half[:] = 0.0
        add_nt(half, 1.0, F, Ps[t])
        add_nn(dF, 1.0, dPp, half)
        half[:] = 0.0
        add_nn(half, 1.0, F, Ps[t])
        add_tn(dF, 1.0, dPp, half)
        half[:] = 0.0
        add_tn(half, 1.0, F, dPp)
        dP[:] = 0.0
        add_nn(dP, 1.0, half, F)
        for i in range(n):
            for j in range(n):
                dF[i, j] += dm[i] * ms[t, j]
        predicted[:] = 0.0
        add_tv(predicted, 1.0, F, dm)
        dm[:] = predicted
    return total, (dF, dQ, dR)


def spelled(np, linalg, eye, zeros, loop):
    """One step in the vocabulary of ``np``, and ``loop`` that makes all of them."""

    def f(F, Q, R, H, y):
        def step(state, yt):
            m, P = state
            m = F @ m
            P = F @ P @ F.T + Q
            v = yt - H @ m
            S = H @ P @ H.T + R
            K = linalg.solve(S, H @ P).T
            term = 0.5 * (np.log(linalg.det(S)) + v @ linalg.solve(S, v))
            return (m + K @ v, P - K @ S @ K.T), term

        return loop(step, (zeros(F.shape[0]), eye(F.shape[0])), y)

    return f


def one_by_one(step, state, y):
    total = 0.0
    for yt in y:
        state, term = step(state, yt)
        total = total + term
    return total


def jax_objective():
    import jax.numpy as jnp
    from jax import lax

    return spelled(jnp, jnp.linalg, jnp.eye, jnp.zeros, lambda step, state, y: lax.scan(step, state, y)[1].sum())


def torch_objective():
    import torch

    double = {"dtype": torch.float64}
    return spelled(
        torch, torch.linalg, lambda n: torch.eye(n, **double), lambda n: torch.zeros(n, **double), one_by_one
    )


def autograd_objective():
    import autograd.numpy as anp

    return spelled(anp, anp.linalg, np.eye, np.zeros, one_by_one)


def arguments():
    rng = np.random.default_rng(7)
    F = 0.9 * np.eye(4) + 0.05 * rng.standard_normal((4, 4))
    return F, 0.1 * np.eye(4), 0.5 * np.eye(2), rng.standard_normal((2, 4)), rng.standard_normal((1000, 2))


TASKS = (
    Task(
        "kalman", "loop", kalman, by_hand, arguments,
        {
            "jax": with_jax(jax_objective, (0, 1, 2)), "torch": with_torch(torch_objective, (0, 1, 2)),
            "autograd": with_autograd(autograd_objective, (0, 1, 2)),
        },
        (0, 1, 2), why_not={"casadi": "it solves by symbols; a QR a step is not its best formulation"},
    ),
)  # fmt: skip
