"""What Python writes in many ways: walrus, match, with, imports inside, unpacking, iteration of every kind."""

import functools
import itertools
import math
import warnings

import numba
import numpy as np

from tests.oracle import Programs, matrix, vector

programs = Programs()


@programs(vector(4), compiled=True)
def walrus_in_a_while(x):
    s, k = 0.0, 0
    while (t := s * s + x[k]) < 3.0 and k < 3:
        s += t
        k += 1
    return s * t


@programs(0.3)
def walrus_alone_in_a_while(a):
    s = 1.0
    while (t := s * a) > 0.01:
        s = t
    return s + t


@programs(vector(3))
def walrus_in_an_if_and_an_expression(x):
    if (v := 2.0 * x[0]) > 0.1:
        v = v * x[1]
    return v + (w := x[2] ** 2) * w


@programs(vector(3))
def walrus_in_a_comprehension(x):
    y = [last := a * x[0] for a in (1.0, 2.0)]
    return sum(y) * last


@programs(vector(3))
def starred_targets(x):
    a, *b = x[0], x[1], x[2]
    *c, d = b
    e, *f, g = a, d
    return a * b[0] + c[0] * d + e * g + len(f)


@programs(vector(4), compiled=True)
def break_out_of_a_tuple(x):
    s = 0.0
    for w in (1.0, 2.0, 3.0):
        if s > 2.0 * x[3]:
            break
        s += w * x[0]
    return s * x[1]


@programs(vector(4))
def return_out_of_a_list(x):
    for k, w in enumerate([0.1, 2.0, 30.0]):
        if w * x[k] > 1.0:
            return w * x[k] ** 2
    return x[3]


@programs(vector(4))
def continue_and_break_in_a_dictionary(x):
    s = x[0]
    for name, w in {"a": 1.0, "b": 2.0, "c": 3.0}.items():
        if name == "a":
            continue
        s = s * w
        if s > x[1]:
            break
    else:
        s = s + x[2]
    return s


@programs(vector(7), 2, compiled=True)
def step_that_is_an_argument(x, k):
    s = 0.0
    for i in range(0, len(x), k):
        s += x[i] ** 2
    for i in range(len(x) - 1, 0, -k):
        s *= x[i]
    return s


@programs(vector(9))
def step_that_is_computed(x):
    s, step = 0.0, 1
    while step < len(x):
        for i in range(0, len(x) - step, 2 * step):
            s += x[i] * x[i + step] * step
        step *= 2
    return s


@programs(vector(5), 3)
def reversed_range_with_a_step(x, k):
    s = 0.0
    for i in reversed(range(0, len(x), k)):
        s = s * 0.5 + x[i] ** 2
    return s * len(range(1, 10, k))


@programs(vector(3))
def zip_of_an_array_and_a_tuple(x):
    s = 0.0
    for a, w in zip(x, (1.0, 2.0, 3.0, 4.0)):
        s += w * a**2
    for a, w in zip(x, (1.0, 2.0)):
        s *= a + w
    return s


@programs(matrix(3, 4), compiled=True)
def places_and_elements(m):
    s = 0.0
    for i, j in np.ndindex(m.shape):
        s += m[i, j] ** 2 * (i + 2 * j)
    for (i, j), v in np.ndenumerate(m):
        s += v * i
    return s


@programs(vector(4))
def product_and_combinations(x):
    s = 0.0
    for i, j in itertools.product(range(len(x)), range(2)):
        s += x[i] * x[j] * (i + 1)
    for i, j in itertools.combinations(range(4), 2):
        s *= x[i] + j
    return s


@programs(vector(4))
def mapped_reduced_and_sorted(x):
    s = sum(map(lambda v: v * v, (x[0], x[1])))
    for v in map(math.sin, x):
        s += v
    s += functools.reduce(lambda a, b: a * b, (x[0], x[1], x[2]))
    low, high = sorted((x[2], x[3]))
    return s * low - sum(itertools.accumulate((x[0], x[1]))) * sorted(x)[0] + high


@programs(vector(3), "b")
def match_on_a_string(x, kind):
    match kind:
        case "a":
            return x[0]
        case "b" | "c":
            y = x[1] ** 2
        case _:
            raise ValueError(kind)
    return y * x[2]


@programs(vector(3), compiled=True)
def match_on_a_number(x):
    s = 0.0
    for k in range(3):
        match k % 3:
            case 0:
                s += x[k]
            case other if other > 1:
                s *= x[k] + other
            case _:
                s += x[k] ** 2
    return s


@programs(vector(3))
def imports_inside(x):
    import math as m
    from numpy import sin
    import numpy.linalg as la

    return m.exp(x[0]) + sin(x[1]) * la.norm(x)


@programs(vector(3), compiled=True)
def harmless_contexts(x):
    with np.errstate(divide="ignore"), warnings.catch_warnings():
        if x[0] > 100.0:
            return x[0]
        y = np.log(x)
    return np.sum(y)


@programs(vector(3))
def numbers_joined_by_or(x):
    n = len(x) or 1
    a = x[0] or 2.0
    b = x[1] and x[2]
    c = (x[0] > 0.0 and x[1]) or x[2]
    if n and x[0] > 0.0 and not (len(x) < 2 or x[1] < 0.0):
        a = a * 2.0
    return a * b * c / n


@programs(vector(3))
def a_chain_is_looked_at_in_order(x):
    n = len(x)
    s = 0.0
    for i in range(n + 2):
        if 0 <= i < n and 0.0 < x[i] < 5.0:
            s += x[i] ** 2
        if i >= 1 < n <= i or x[min(i, 2)] > 100.0:
            s *= 1.5
    return s


@programs(vector(4))
def strings_that_are_known(x):
    d = {f"w{k}": x[k] for k in range(3)}
    name = "_".join(["w", "1"]).replace("_", "") if "w0".startswith("w") else str(3)
    third = d["w{}".format(2)]  # noqa: UP032
    return d["w" + str(0)] * d[name] + third * len("abc".upper())


@programs(vector(4))
def sets_that_are_known(x):
    known = {1, 2} | set([3])
    s = x[0] * len(known)
    for k in sorted(known):
        s += x[k] if k in {1, 3} else 0.0
    return s + x[0] * len({k % 2 for k in range(4)})


@programs(vector(4))
def lists_that_change(x):
    q = [x[0], x[1]]
    q.insert(0, x[2])
    q.extend([x[3], 2.0 * x[0]])
    q.reverse()
    last = q.pop()
    first = q.pop(0)
    del q[0]
    q.append(first * last)
    q += [x[1]]
    return q[0] * q[1] + q[-1] * last + [3, 5].index(5) + q.pop()


@programs(vector(4))
def dictionaries_that_change(x):
    d = dict([("a", x[0]), ("b", x[1])])
    d.update({"c": x[2]}, e=x[3])
    d.setdefault("a", 3.0)
    v = d.pop("b")
    del d["e"]
    return v * d["a"] * d["c"] + len(d) * d.get("z", x[1])


@programs(vector(3))
def types_and_attributes_by_name(x):
    s = 0.0
    if type(x) is np.ndarray and hasattr(x, "shape") and callable(math.sin):
        s = getattr(math, "sin")(x[0]) * pow(x[1], 3)
    part = slice(1, None)
    return s + np.sum(x[part]) + getattr(x, "nothing", 2.0) * x[0]


@programs(vector(3))
def any_and_all(x):
    s = x[0]
    if any(x > 100.0) or all([x[0] > 0.0, x[1] > 0.0]):
        s = s * x[1]
    return s + max((), default=x[2])


@programs(vector(4))
def prange_and_literal_unroll(x):
    s = 0.0
    for i in numba.prange(len(x)):
        s += x[i] ** 2
    for w in numba.literal_unroll((1.0, 2)):
        s += w * x[0]
    return s


@programs(vector(4))
def where_of_a_condition(x):
    places = np.where(x > 1.0)[0]
    (others,) = np.where(x <= 1.0)
    return np.sum(x[places] ** 2) + np.prod(x[others])


def power(n, v):
    return 1.0 if n == 0 else v * power(n - 1, v)


def total(tree):
    if isinstance(tree, list):
        return sum([total(part) for part in tree])
    return np.sum(tree**2)


@programs(vector(4))
def recursion_of_known_depth(x):
    return power(3, x[0]) + total([x[0], [x[1:], [x[2] * x[3]]]])


test_python_forms = programs.test()
