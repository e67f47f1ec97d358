"""Functions and methods without a derivative here, named where they are called on active values."""

# ruff: noqa

import json
import math

import numpy as np
import scipy.integrate
import scipy.linalg
import scipy.special as sp


def fourier_transform(x):
    y = np.fft.fft(x)  # refused: fft
    return y[0].real


def eigenvalues(A):
    w = np.linalg.eigvals(A)  # refused: no derivative is known for `np.linalg.eigvals` (eigenvalues are complex in
    return w[0]


def draw_by_a_parameter(x):
    return x[0] * np.random.standard_t(x[1])  # refused: no derivative is known for `np.random.standard_t`: write it


def order_of_a_bessel_function(x):
    return sp.jv(x[0], 2.0)  # refused: no derivative of `jv` by its order is known: keep the order fixed


def opening_a_file(x):
    f = open("data.txt")  # refused: open
    return x[0]


def quadrature(a):
    y, _ = scipy.integrate.quad(lambda t: t * a, 0.0, 1.0)  # refused: quad
    return y


def scipy_linalg(A):
    return np.sum(scipy.linalg.sqrtm(A))  # refused: sqrtm


def histogram(x):
    h = np.histogram(x, 3)  # refused: histogram
    return x[0]


def vectorized(x):
    f = np.vectorize(np.sum, signature="(n)->()")  # refused: signature
    return f(x)


def an_iterator_of_numpys(A):
    s = 0.0
    for v in np.nditer(A):  # refused: nditer
        s += v**2
    return s


def an_unknown_method(x):
    y = x.byteswap()  # refused: byteswap
    return x[0]


def a_method_that_no_array_has(x):
    return x.unsqueeze(0)[0, 0]  # refused: unsqueeze


def an_attribute_that_no_array_has(x):
    return x[0] * x.length  # refused: length


def matrix_to_lists(A):
    values = A.tolist()  # refused: tolist
    return values[0][0]


def number_to_string(x):
    s = str(x[0])
    return x[0] * len(s)  # refused: text


def string_of_a_value(x):
    s = "value: " + x[0]  # refused: is a text, and no number
    return x[0]


def parsing(x):
    return x[0] * json.loads("3")  # refused: loads


def printing_to_a_file(x):
    import io
    print("objective evaluated", file=io.StringIO)  # refused: print
    return x[0]


def printing_in_a_computed_width(x):
    width = int(x[0])
    print(f"{x[1]:{width}d}")  # refused: format
    return x[0]


def raising_with_names(x):
    if x[0] < 0.0:
        raise OSError(errno=3)  # refused: exception
    return x[0]


def evaluating(x):
    return eval("x[0]")  # refused: eval


def user_input(x):
    return x[0] * float(input())  # refused: input


def unknown_function_of_numpy(x):
    return np.polydiv(x, x)[0]  # refused: polydiv


def wrong_number_of_arguments(x):
    return helper(x[0], x[1])  # refused: helper


def helper(v):
    return v * v


def unknown_keyword(x):
    return helper(w=x[0])  # refused: helper


def calling_a_number(x):
    return x[0](2.0)  # refused: call


def bad_axis(x):
    return np.sum(x, axis=3)  # refused: axis


def squeeze_without_an_axis(A):
    return np.squeeze(A[:1])[0]  # refused: axis


def least_by_a_key_of_nothing(x):
    return min(x, key=abs, default=0.0)  # refused: key


def repeat_without_end(x):
    from itertools import repeat
    return sum(a for a, _ in zip(repeat(x[0]), (1, 2)))  # refused: repeat


def recursion_on_parts(x):
    if len(x) == 1:
        return x[0]
    y = x * 2.0
    return x[0] * recursion_on_parts(y[1:])  # refused: hand on the whole array


def recursion_with_other_functions(a):
    def deeper(g, b):
        if b > 1.0:
            return g(b)
        t = deeper(lambda t: g(t) + 1.0, b * 2.0)  # refused: hand functions, texts
        return t * g(b)

    return deeper(math.sin, a)


def recursion_in_a_comprehension(a):
    if a > 1.0:
        return a
    return max([recursion_in_a_comprehension(a * k) for k in (2.0, 3.0)])  # refused: write the loop out


def recursion_without_end(a):
    return a * recursion_without_end(a * 2.0)  # refused: so it never ends


def sum_to_an_axis_that_is_computed(A):
    k = int(A[0, 0])
    return np.sum(np.sum(A, axis=k))  # refused: axis
