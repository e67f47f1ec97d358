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

# dlsrc: cholesky(A: float64 matrix), from cholesky.py:7
import numpy as np

from dlsrc.kernels import check_index, room


def cholesky_1(A):
    # cholesky.py:8  n = A.shape[0]
    n = A.shape[0]
    v1 = A.shape[1]
    # cholesky.py:9  L = np.zeros((n, n))
    L = np.zeros((n, n), np.float64)
    # cholesky.py:10  for i in range(n):
    v2_kept = np.empty(1024, np.float64)
    v3_kept = np.empty(1024, np.float64)
    v4_kept = np.empty(1024, np.float64)
    v5_kept = np.empty(1024, np.float64)
    v6_kept = np.empty(1024, np.float64)
    count = 0
    count_2 = 0
    for i in range(n):
        # cholesky.py:11  for j in range(i + 1):
        v7 = i + 1
        if 0 < v7:
            check_index(i, v1, 12)
        for j in range(v7):
            if count == v2_kept.shape[0]:
                v2_kept = room(v2_kept, count)
                v3_kept = room(v3_kept, count)
                v4_kept = room(v4_kept, count)
            # cholesky.py:12  s = A[i, j]
            s = A[i, j]
            # cholesky.py:13  for k in range(j):
            for k in range(j):
                if count_2 == v5_kept.shape[0]:
                    v5_kept = room(v5_kept, count_2)
                    v6_kept = room(v6_kept, count_2)
                # cholesky.py:14  s -= L[i, k] * L[j, k]
                v6 = L[i, k]
                v6_kept[count_2] = v6
                v5 = L[j, k]
                v5_kept[count_2] = v5
                v8 = v6 * v5
                s = s - v8
                # cholesky.py:13  for k in range(j):
                count_2 = count_2 + 1
            # cholesky.py:15  if i == j:
            if i == j:
                # cholesky.py:16  L[i, j] = np.sqrt(s)
                v2 = np.sqrt(s)
                v2_kept[count] = v2
                L[i, j] = v2
            else:
                # cholesky.py:18  L[i, j] = s / L[j, j]
                v3 = L[j, j]
                v3_kept[count] = v3
                v4 = s / v3
                v4_kept[count] = v4
                L[i, j] = v4
            # cholesky.py:11  for j in range(i + 1):
            count = count + 1
    # cholesky.py:22  return total
    dL = np.zeros_like(L)
    # cholesky.py:20  for i in range(n):
    total = 0.0
    for i in range(n):
        # cholesky.py:21  total += np.log(L[i, i])
        v9 = L[i, i]
        total = total + np.log(v9)
        #   back through cholesky.py:21
        dL[i, i] += 1.0 / v9
    # cholesky.py:22  return total
    dA = np.zeros_like(A)
    #   back through cholesky.py:10
    for i in range(n - 1, -1, -1):
        #   back through cholesky.py:11
        for j in range(i, -1, -1):
            count = count - 1
            #   back through cholesky.py:15
            if i == j:
                #   back through cholesky.py:16
                v2 = v2_kept[count]
                v10 = dL[i, j]
                dL[i, j] = 0.0
                ds = v10 / (2 * v2)
            else:
                #   back through cholesky.py:18
                v3 = v3_kept[count]
                v4 = v4_kept[count]
                v11 = dL[i, j]
                dL[i, j] = 0.0
                ds = v11 / v3
                dL[j, j] -= ds * v4
            #   back through cholesky.py:13
            for k in range(j - 1, -1, -1):
                count_2 = count_2 - 1
                #   back through cholesky.py:14
                v5 = v5_kept[count_2]
                dv8 = -ds
                dL[j, k] += dv8 * v6_kept[count_2]
                dL[i, k] += dv8 * v5
            #   back through cholesky.py:12
            dA[i, j] += ds
    return total, dA
