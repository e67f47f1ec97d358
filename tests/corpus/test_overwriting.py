"""Public reports of gradients that came out wrong after memory was overwritten; each a minimal program of our own.

The report that a program re-creates is named above it.
"""

import numpy as np

from tests.oracle import Programs, assert_close, matrix, vector

import dlsrc

programs = Programs()


# warp #1697: read-modify-write spelled out n times gave 2**(n - k) times the gradient that += gave.
@programs(matrix(2, 2), compiled=True)
def spelled_out(m):
    m[0, 0] = m[0, 0] + m[0, 1]
    m[0, 0] = m[0, 0] + m[1, 0] ** 2
    m[0, 0] = m[0, 0] + m[1, 1] ** 3
    return m[0, 0] ** 2


@programs(matrix(2, 2))
def augmented(m):
    m[0, 0] += m[0, 1]
    m[0, 0] += m[1, 0] ** 2
    m[0, 0] += m[1, 1] ** 3
    return m[0, 0] ** 2


def test_both_spellings_have_one_gradient():
    m = matrix(2, 2)
    assert np.array_equal(dlsrc.grad(spelled_out)(m), dlsrc.grad(augmented)(m))


# warp #1728: the source of a copy is read later; an earlier write to the destination is dead.
@programs(vector(4), compiled=True)
def copied_then_read_again(x):
    y = np.zeros(4)
    y[0] = x[3] ** 5  # overwritten: passes nothing
    y[:] = x
    x[0] = x[1] * 2.0
    return np.sum(y**2) + x[0] ** 3 + x[2]


# warp #1062, #248, #583: an output is overwritten twice, or component by component; only the last write counts.
@programs(vector(3))
def overwritten_twice(x):
    out = np.zeros(3)
    for i in range(3):
        out[i] = x[i] ** 4
        out[i] = np.exp(x[i])
        out[i] = x[i] * x[0]
    return np.sum(out**2)


@programs(vector(3))
def overwritten_by_component(x):
    out = x * 10.0
    out[0] = x[1]
    out[1] = x[2] ** 2
    out[2] = out[0] * out[1]
    out[0] = out[2] + x[0]
    return out[0] * out[1] + out[2]


# taichi #8802: a plasticity return map; f[i] is read, f[i + 1] written, and a branch asks for what was read.
@programs(np.array([0.8, 0.3, 0.1]), 6, compiled=True)
def return_map(material, steps):
    stiffness, limit, hardening = material[0] * 10.0, material[1], material[2]
    stress = np.zeros(steps + 1)
    plastic = np.zeros(steps + 1)
    for i in range(steps):
        trial = stress[i] + stiffness * 0.013 * (i + 1)
        excess = abs(trial) - (limit + hardening * plastic[i])
        if excess > 0.0:
            flow = excess / (stiffness + hardening)
            stress[i + 1] = trial - stiffness * flow * np.sign(trial)
            plastic[i + 1] = plastic[i] + flow
        else:
            stress[i + 1] = trial
            plastic[i + 1] = plastic[i]
    return np.sum(stress**2) + plastic[steps] * stress[steps]


# taichi #2505, #2425: read, then overwritten; an exponentially weighted mean that updates itself.
@programs(vector(6), 0.3, argnums=(0, 1), compiled=True)
def weighted_mean(x, rate):
    mean = np.zeros(1)
    for i in range(len(x)):
        mean[0] = (1.0 - rate) * mean[0] + rate * x[i]
    return mean[0] ** 2


@programs(vector(6))
def read_then_overwritten(x):
    s = 0.0
    for i in range(len(x) - 1):
        s += x[i] * x[i + 1]
        x[i + 1] = s * x[i]
    return s + x[5]


# autograd #13: the first element is written from itself and from others; the derivative is one of each.
@programs(vector(2, 2), vector(3), argnums=(0, 1))
def element_from_itself(x, y):
    x[0, 0] = sum([y[0], y[1], y[2], x[0, 0]])
    return x[0, 0]


def test_each_of_them_counts_once():
    dx, dy = dlsrc.grad(element_from_itself, argnums=(0, 1))(vector(2, 2), vector(3))
    assert dx.tolist() == [[1, 0], [0, 0]] and dy.tolist() == [1, 1, 1]


# autograd #177, #58, #159: an array is filled by a mask, by blocks, by a list of rows.
@programs(vector(6), compiled=True)
def filled_by_a_mask(x):
    res = np.zeros(6)
    m = x > 1.0
    res[m] = x[m] ** 2
    res[~m] = 3.0 * x[~m]
    return np.sum(res * np.arange(1.0, 7.0))


@programs(vector(4, 4))
def filled_by_blocks(A):
    B = np.zeros((4, 4))
    B[:2, :2] = A[2:, 2:] * A[:2, :2]
    B[2:, :2] = A[:2, 2:].T
    B[0] = B[0] + A[3]
    return np.sum(B**2)


@programs(vector(5))
def filled_by_rows(x):
    res = np.zeros((5, 2))
    rows = np.array([3, 0, 4])
    res[rows] = np.stack((x[:3], x[2:])).T
    return np.sum(res**3)


# PyTorch, in a dozen repositories: x[:, a] += y; x[:, b] += z, where a and b overlap.
@programs(vector(3, 5), vector(3, 3), vector(3, 2), argnums=(0, 1, 2))
def overlapping_columns(x, y, z):
    x[:, 0:3] += y
    x[:, 2:4] += z * x[:, 0:2]
    return np.sum(x**2)


# tangent #64: two augmented assignments in succession.
@programs(vector(2), vector(4), argnums=(0, 1))
def two_in_succession(controls, t):
    power, ht_out = 0.0, 1.0
    for k in range(len(t)):
        power += controls[0] * t[k]
        ht_out *= power + controls[1]
    power += ht_out
    power *= 0.5
    return power * ht_out


# numba, silently other numbers than NumPy: an in-place operation whose operand overlaps its target.
@programs(vector(6), compiled=True)
def overlapping_operand(y):
    y[1:] += y[:-1]
    y[:-1] -= 0.5 * y[1:]
    return np.sum(y**2)


@programs(vector(3, 3))
def added_to_its_transpose(a):
    a += a.T
    a *= a.T
    return np.sum(a * np.arange(9.0).reshape(3, 3))


test_overwriting = programs.test()


def test_arguments_are_what_they_were():
    # warp #1350: what is mutated after the forward sweep.  Here value and gradient are one call.
    x = vector(4)
    before = x.copy()
    slope = dlsrc.grad(copied_then_read_again)(x)
    x[:] = 100.0
    assert_close(slope, dlsrc.grad(copied_then_read_again)(before), 1e-15)
