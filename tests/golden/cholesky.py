"""A factorization in place, in three nested loops."""

# ruff: noqa

import numpy as np

def cholesky(A):
    n = A.shape[0]
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, j] = np.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    total = 0.0
    for i in range(n):
        total += np.log(L[i, i])
    return total


ARGUMENTS = (np.array([[4.0, 1.0], [1.0, 3.0]]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
