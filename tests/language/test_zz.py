import numpy as np, math
from tests.oracle import Programs, matrix, vector
programs = Programs()

@programs(vector(40))
def zigzag(x):
    out, at, n = [], 0, 0
    while n < len(x):
        if at == 0:
            out.append(x[n] ** 2)
            at = 1
        else:
            if n % 7 > 3:
                out.append(x[n] * n)
            at = 0
        n += 1
    s = 0.0
    for k, v in enumerate(out):
        s += k * v * v
    return s

@programs(matrix(40, 3))
def kept_rows(m):
    kept = []
    for row in m:
        if row[0] > 0.3:
            kept.append(row * row[1])
    return np.sum(np.array(kept)**2) + len(kept)*kept[-1][0]

@programs(matrix(40, 3))
def kept_rows_nested(m):
    kept = []
    other = []
    k = 0
    for row in m:
        if row[0] > 0.3:
            if row[1] > 0.7:
                kept.append(row * row[1])
            else:
                other.append(np.sin(row))
        k += 1
    t = np.zeros(3)
    for r in kept:
        t = t * 0.9 + r
    for r in other:
        t = t * 0.8 + r * r
    return np.sum(t*t)

@programs(vector(3))
def vector_stack(x):
    stack = [x]
    total = 0.0
    while len(stack) > 0:
        v = stack.pop()
        if np.sum(v) > 0.4:
            stack.append(v * 0.5 * x)
            stack.append(v * 0.4)
        else:
            total += np.sum(v * v)
    return total

@programs(matrix(20, 3))
def replaced(m):
    out = []
    for i in range(len(m)):
        out.append(m[i] * 2.0)
    for i in range(1, len(m)):
        out[i] = out[i - 1] * 0.5 + out[i] ** 2
    return np.sum(out[-1]) + np.sum(np.array(out))

@programs(matrix(20, 3))
def replaced_stack(m):
    out = [m[0]]
    for i in range(1, len(m)):
        out.append(m[i] * 2.0 + out[-1]*0.1)
    out[3] = out[2] * out[4]
    s = 0.0
    for v in out:
        s += np.dot(v, v)
    return s + np.sum(np.stack(out)[:, 1]) + np.sum(np.concatenate(out)**3)+np.sum(sum(out))

@programs(vector(3))
def levels(x):
    cur = [x[0]]
    for level in range(6):
        new = []
        for v in cur:
            new.append(v * x[1])
            if v > 0.2:
                new.append(v * x[2] * v)
        cur = new
    s = 0.0
    for v in cur:
        s += v * v
    return s

@programs(vector(3), vector(3))
def trajectory(y0, p):
    ys = [y0]
    ts = [0.0]
    y, t = y0, 0.0
    h = 0.1
    while t < 2.0:
        k1 = -p * y
        k2 = -p * (y + h * k1)
        err = np.max(np.abs(k2 - k1)) * h / 2
        if err < 0.02:
            y = y + h * (k1 + k2) / 2
            t = t + h
            ys.append(y)
            ts.append(t)
            h = h * 1.2
        else:
            h = h * 0.6
    Y = np.array(ys)
    return np.sum(Y[:, 0] ** 2) + Y[-1, 1] + np.sum(np.diff(np.array(ts)) * Y[1:, 2])

test_vec = programs.test()
