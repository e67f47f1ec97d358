"""Swapped names and elements, double buffers, scratch arrays that are used again."""

import numpy as np

from tests.oracle import Programs, vector

programs = Programs()


@programs(vector(3), compiled=True)
def an_inner_loop_begins_with_what_the_outer_one_was_given(x):
    """No statement of a trip reads the array; the inner loop begins with it, each time."""
    s = 0.0
    for _ in range(3):
        y = x
        for _ in range(2):
            y = np.sin(y)
        s += y[0]
    return s * np.sum(y)



@programs(vector(4), compiled=True)
def scalars_swapped(x):
    a, b = x[0], x[1]
    a, b = b * x[2], a
    b, a = a, b
    return a**2 * b + x[3] * b


@programs(vector(4), compiled=True)
def elements_swapped(x):
    x[0], x[2] = x[2], x[0]
    return x[0] ** 2 * x[1] + x[2] ** 3


@programs(vector(5))
def elements_rotated(x):
    x[0], x[1], x[2] = x[1], x[2], x[0] * x[3]
    return x[0] + 2.0 * x[1] ** 2 + 3.0 * x[2] ** 2


@programs(vector(5))
def swapped_in_a_loop(x):
    for i in range(4):
        x[i], x[i + 1] = x[i + 1], x[i]
    return np.sum(x * x * np.arange(5.0))


@programs(vector(5))
def reversed_by_swaps(x):
    i, j = 0, x.size - 1
    while i < j:
        x[i], x[j] = x[j] * 2.0, x[i]
        i += 1
        j -= 1
    return np.sum(x * np.arange(5.0) ** 2 * x)


@programs(vector(4, 3))
def rows_swapped_by_copies(x):
    A = x.copy()
    t = A[0].copy()
    A[0] = A[2]
    A[2] = t
    return np.sum(A * A * np.arange(3.0)) + A[0, 0] * A[2, 1] * A[0, 1]


@programs(vector(4, 3))
def rows_swapped_by_fancy_index(x):
    A = x.copy()
    A[[0, 2]] = A[[2, 0]]
    return np.sum(A[0] ** 3) + np.sum(A[2] * A[1])


@programs(vector(6), 3, compiled=True)
def ping_pong(x, n):
    a = x.copy()
    b = np.zeros(6)
    for _ in range(n):
        for i in range(1, 5):
            b[i] = a[i - 1] * a[i + 1] + 0.1 * a[i]
        a, b = b, a
    return np.sum(a * a) + np.sum(b)


@programs(vector(6), 2)
@programs(vector(6), 3)
def ping_pong_whole_arrays(x, n):
    a = x
    b = x * 2.0
    for _ in range(n):
        a, b = b * x, a + b
    return np.sum(a * b)


@programs(vector(6), 2)
@programs(vector(6), 3)
def ping_pong_with_the_argument(u, steps):
    w = np.zeros(u.size)
    for t in range(steps):
        for i in range(1, u.size - 1):
            w[i] = u[i] + 0.1 * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        u, w = w, u
    return np.sum(u**2)


@programs(vector(4), True)
@programs(vector(4), False)
def the_argument_or_a_new_array_is_written(x, c):
    a = x if c else x * 2.0
    a[0] = a[1] * a[0]
    return np.sum(a)


@programs(vector(6), 4)
def double_buffer_by_rows(x, n):
    u = np.zeros((2, 6))
    u[0] = x
    now = 0
    for _ in range(n):
        nxt = 1 - now
        for i in range(6):
            u[nxt, i] = np.sin(u[now, i]) * u[now, (i + 1) % 6]
        now = nxt
    return np.sum(u[now])


@programs(vector(6), compiled=True)
def scratch_used_again(x):
    w = np.empty(2)
    s = 0.0
    for i in range(3):
        w[0] = x[2 * i] ** 2
        w[1] = x[2 * i + 1] * w[0]
        s += w[0] * w[1]
    return s


@programs(vector(6))
def scratch_for_two_jobs(x):
    w = np.zeros(6)
    w[:] = x**2
    s = np.sum(w * x)
    w[:] = np.sin(x)
    return s * np.sum(w)


@programs(vector(6), np.zeros(6))
def a_work_buffer_argument(x, work):
    for i in range(6):
        work[i] = x[i] ** 2
    return np.sum(work * x)


@programs(vector(4), np.zeros((4, 4)), compiled=True)
def a_work_matrix_argument(x, work):
    for i in range(4):
        for j in range(4):
            work[i, j] = x[i] * x[j]
    s = 0.0
    for i in range(4):
        s += work[i, (i + 1) % 4] ** 2
    return s


@programs(vector(5))
def ring_buffer(x):
    ring = np.zeros(3)
    s = 0.0
    for t in range(5):
        ring[t % 3] = x[t] ** 2
        s += ring[0] * ring[1] + ring[2]
    return s


@programs(vector(5))
def stack_by_hand(x):
    stack = np.empty(5)
    top = 0
    for v in x:
        stack[top] = v * v
        top += 1
        if top == 3:
            top -= 1
            stack[top - 1] = stack[top - 1] * stack[top]
    s = 1.0
    while top > 0:
        top -= 1
        s *= stack[top]
    return s


@programs(vector(3))
def names_chase_each_other(x):
    a = b = x[0]
    a = a * x[1]
    c = b
    b = a * x[2]
    return a * b * c


@programs(vector(4))
def tuple_assignment_reads_first(x):
    i = 0
    i, x[i] = 1, x[3] * x[2]
    x[i], i = x[0] ** 2, 2
    return x[0] * x[1] * x[i]


@programs(vector(5), 3, compiled=True)
def named_in_a_loop_and_used_after_it(x, n):
    # A trip never reads the name that the trip before bound: at the write, v is no second name of y.
    y = x * 1.0
    for i in range(n):
        y[i] = np.sin(y[i] * y[i + 1])
        v = y
    return np.sum(v * v) * y[0]


@programs(vector(5), 0)
@programs(vector(5), 3)
def named_in_a_loop_that_may_make_no_trip(x, n):
    y = x * 1.0
    v = x * 0.3
    for i in range(n):
        y[i] = np.sin(y[i] + x[i + 1])
        v = y[::-1]
    return np.sum(v * v) + np.sum(y)


@programs(vector(4))
def chained_assignment_shares(x):
    a = b = np.zeros(4)
    a[:] = x
    b[0] = x[1] * x[2]
    return np.sum(a * b)


@programs(vector(4), 3)
def leapfrog(x, n):
    q, p = x[0], x[1]
    for _ in range(n):
        p -= 0.05 * q * x[2]
        q += 0.1 * p * x[3]
        p -= 0.05 * q * x[2]
    return q * q + p


@programs(vector(6), 2)
def wave_with_three_buffers(x, n):
    old, now = x.copy(), x * 1.1
    for _ in range(n):
        new = np.zeros(6)
        for i in range(1, 5):
            new[i] = 2.0 * now[i] - old[i] + 0.2 * (now[i - 1] - 2.0 * now[i] + now[i + 1]) * now[i]
        old, now = now, new
    return np.sum(now * now) + np.sum(old)


# Forward mode had no tangent for the array that is written to, as nothing in the loop depends on x.
@programs(vector(4), 0, compiled=True)
@programs(vector(4), 3)
def a_buffer_that_a_loop_makes_anew(x, n):
    k, r = np.zeros(4), np.ones(4)
    for t in range(n):
        if t % 2:
            k = np.zeros(4)
        for _ in range(2):
            r = np.full(4, 0.5)
    for i in range(4):
        k[i] = x[i] * r[0]
    r[1:] *= x[1:]
    return np.sum(k * k * r)


test_swaps_and_buffers = programs.test()
