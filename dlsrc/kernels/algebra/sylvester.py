"""Equations of Sylvester, Lyapunov and Stein, as systems of all elements of the unknown matrix.

With the rows of X one after the other, A X B is kron(A, B.T) times X.  A system of n² unknowns takes n⁶
steps, where SciPy's methods take n³: for matrices of up to some twenty rows.
"""

import numpy as np

from ..primitive import composite, real, refuse, sample

__all__ = ["solve_continuous_lyapunov", "solve_discrete_lyapunov", "solve_sylvester"]


@composite("scipy.linalg.solve_sylvester")
def solve_sylvester(a, b, q):
    """The matrix X with ``a @ X + X @ b = q``."""
    if a.ndim != 2 or b.ndim != 2 or q.ndim != 2:
        refuse("solve_sylvester needs three matrices: reshape them")
    n, m = a.shape[0], b.shape[0]
    system = np.kron(a, np.eye(m)) + np.kron(np.eye(n), b.T)
    return np.reshape(np.linalg.solve(system, np.reshape(q, (n * m,))), (n, m))


@composite("scipy.linalg.solve_continuous_lyapunov", "scipy.linalg.solve_lyapunov")
def solve_continuous_lyapunov(a, q):
    """The matrix X with ``a @ X + X @ a.T = q``."""
    return solve_sylvester(a, a.T, q)


@composite("scipy.linalg.solve_discrete_lyapunov")
def solve_discrete_lyapunov(a, q, method=None):
    """The matrix X with ``a @ X @ a.T - X + q = 0``: the covariance of a state that a moves on."""
    if a.ndim != 2 or q.ndim != 2:
        refuse("solve_discrete_lyapunov needs two matrices: reshape them")
    n = a.shape[0]
    system = np.eye(n * n) - np.kron(a, a)
    return np.reshape(np.linalg.solve(system, np.reshape(q, (n * n,))), (n, n))


solve_sylvester.samples(
    sample(real(3, 3) + 3 * np.eye(3), real(2, 2), real(3, 2)),
    sample(real(1, 1) + 2, real(2, 2), real(1, 2)),
)
solve_continuous_lyapunov.samples(sample(real(3, 3) + 3 * np.eye(3), real(3, 3)))
solve_discrete_lyapunov.samples(
    sample(0.3 * real(3, 3), real(3, 3)), sample(0.3 * real(2, 2), real(2, 2), method="direct"),
)
