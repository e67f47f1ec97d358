"""Programs that alone notice some mutant of what is kept (`tests.mutation`, dlsrc/transform/save.py)."""

import numpy as np

from dlsrc import adjoint_source, dlarray, dlgradient, explain, grad, stages, value_and_grad
from dlsrc.kernels.types import Tape
from tests.oracle import Programs, matrix, vector

programs = Programs()


def text_of(f, *args):
    return str(adjoint_source(value_and_grad(f), *args))


def tapes_of(f, *args):
    """The names of the tapes in the text, in the order in which they are made."""
    lines = [line.strip() for line in text_of(f, *args).splitlines()]
    return [line.partition(" = ")[0] for line in lines if "_kept" in line and line.endswith((" = []", "64)"))]


def types_of(f, *args):
    """The types of the values of the program with its sweep, by name."""
    return {repr(value): type_ for value, type_ in stages(value_and_grad(f), *args)["assemble"].program.types.items()}


# ---------------------------------------------------------------------------------- numbers


@programs(vector(4))
def the_test_of_an_inner_loop_is_computed_once(x):
    """It reads a whole array, once more than there are trips; the body reads its result."""
    s = 1.0
    a = np.sin(x) * 2.0
    for i in range(3):
        while np.dot(a, a) > 2.0:
            s = s * np.dot(a, a) + x[i]
            a *= 0.6
        a += x * 1.5
    return s


@programs(vector(4))
def bound_in_one_branch_of_a_branch(x):
    """The shadow of `a` is made where `a` may have no value."""
    s = 0.0
    if x[0] > 0.1:
        if x[1] > 5.0:
            a = np.sin(x)
        if x[1] > 5.0:
            s = a[0] * a[1]
    return s + x[2]


def left_early(x):
    s = x[0]
    for _ in range(5):
        s = s * np.sin(s + x[1])
        if s < 0.2:
            break
    return s


@programs(vector(2))
def the_square_of_a_slope_of_a_loop_that_is_left(x):
    """The trips that the first derivative counts are those of the second."""
    g = grad(left_early)(x)
    return np.sum(g * g)


@programs(vector(3), 2)
def memory_for_a_nest_of_which_one_bound_is_known(x, n):
    total = 0.0
    for i in range(len(x)):
        s = x[i]
        for _ in range(n):
            for _ in range(i + 1):
                s = np.sin(s * x[i])
        total += s
    return total


@programs(vector(4), 3)
def ranges_of_several_kinds(x, n):
    s = x[0]
    for i in range(n, 0, -1):
        s = s * np.sin(s * x[i])
        for j in range(n - 2, n):
            s = s * np.cos(s * x[j])
    for i in range(1, n, 2):
        s = s * np.sin(s * x[i])
    return s


@programs(matrix(3, 4), 0.9)
def shadows_of_columns_go_with_them(x, p):
    y = np.sin(x)
    s = 0.0
    for i in range(3):
        if x[i, 0] > p:
            z = y[:, i]
            w = z if x[i, 1] > p else x[:, i] * 2.0
            w[i] *= np.sum(w * z)
            y[i, 1] += w[2]
            s += np.sum(np.sin(w) * z)
    return s


test_mutants = programs.test()


def test_a_segment_that_keeps_what_it_finds():
    """Of what a segment finds there is no statement; it is copied before the trips write to it."""

    def f(x, n):
        a = np.sin(x)
        s = x[1]
        for _ in range(n):
            s = np.sin(s * np.sum(a * a))
            a *= s
            if s > 0.1:
                s = s * np.sum(a)
        return s + a[1]

    x = vector(4)
    in_segments = value_and_grad(f, checkpoint=2)
    assert "run again in segments" in str(explain(in_segments, x, 5).checkpoints)
    for found, whole in zip(in_segments(x, 5), value_and_grad(f)(x, 5), strict=True):
        np.testing.assert_array_equal(found, whole)


# ---------------------------------------------------------------------------------- what is in the text once


def test_what_leaves_a_branch_leaves_it_once():
    def f(x):
        s = 0.0
        if x[0] > 0.1:
            a = np.exp(x[1:])
            s = np.sum(a * np.exp(x[:-1]) * a)
        return s

    text = text_of(f, vector(4))
    assert " = a\n" not in text and "accumulate(dx[1:], da * a)" in text, text


def test_the_number_of_a_trip_is_computed_once():
    def f(x, n):
        s = x[0]
        for i in range(n, 0, -1):
            s = s * np.sin(s * x[i])
        return s

    form = stages(value_and_grad(f), vector(4), 3)["assemble"].text
    assert form.count("n - i") == 2, form  # forward and back


def written(x):
    a = np.sin(x)
    s = 1.0
    for i in range(3):
        s = s * np.sum(a * a)
        a[i] = s
    return s


def test_an_array_that_is_written_to_is_copied_once_a_trip_before_it_is_read():
    text = text_of(written, vector(4))
    assert tapes_of(written, vector(4)) == ["v2_kept", "s_kept", "a_kept"], text
    kept = "assign(a_kept[i, :], a)"
    assert text.count(kept) == 1 and text.index(kept) < text.index("= sum_all("), text
    assert ".copy()" not in text


def test_an_array_that_is_written_to_later_is_copied_once():
    def f(x):
        a = np.sin(x)
        s = np.sum(a * a)
        a[0] = s
        return s * np.sum(a)

    text = text_of(f, vector(4))
    assert text.count("a_kept = a.copy()") == text.count(".copy()") == 1, text


def test_a_copy_has_the_name_of_the_array():
    assert "a  32 bytes a trip, in an array: 96 bytes" in str(explain(value_and_grad(written), vector(4)))


def two_gradients(x):
    s, t = 1.0, 1.0
    for i in range(3):
        a = x[x > 0.3 * i]
        b = x[x > 0.2 * i]
        b = b[b > 0.3 * i]
        if i != 1:
            c = np.sum(a * b)
            s = s * np.sin(c)
            t = t * np.cos(c) + s
    return dlgradient(s, x), dlgradient(t, x)


def test_two_gradients_keep_a_shape_once():
    text = str(adjoint_source(two_gradients, dlarray(vector(4))))
    assert text.count(".shape\n") == text.count("replace_last(v3_shape_kept, v3_shape)") == 1, text
    assert text.count("v3_shape_kept.append((0,))") == 1, text


# ---------------------------------------------------------------------------------- what is kept, and as what


def in_a_while_loop(x):
    s, k = x[0], 0
    while k < 3:
        t = np.sin(s)
        s = t * np.exp(-s) * x[k]
        k += 1
    return s


def test_what_is_computed_from_what_is_kept_is_not_kept():
    """`t * np.exp(-s)` is a product of two values that are kept anyway, as the second plan knows."""
    assert tapes_of(in_a_while_loop, vector(3)) == ["t_kept", "v2_kept", "s_kept"]


def test_explain_knows_the_arrays_that_grow():
    report = str(explain(value_and_grad(in_a_while_loop), vector(3)))
    assert "other arrays" not in report and "8 bytes a trip each, in an array that grows\n" in report, report


def test_a_length_is_that_of_a_list_that_is_kept_anyway():
    def f(x):
        s = 1.0
        for i in range(3):
            h = np.sin(x[x > 0.3 * i] * s)
            s = s + np.sum(h) + h[0]
        return s

    text = text_of(f, vector(4))
    assert "v1 = nonzero_flat(" in text and "dh = np.zeros((v1.shape[0],), np.float64)" in text, text


def turned(x):
    h, k = np.sin(x.T), 0
    while k < 3:
        h = np.sin(h * 0.5)
        k += 1
    return np.sum(h * x)


def test_lists_hold_arrays_of_one_layout():
    """In C order; shadows that go with their arrays are kept themselves, in any."""
    types = types_of(turned, matrix(3, 3))
    assert [t.item.layout for t in types.values() if isinstance(t, Tape)] == ["C"], types
    text = text_of(turned, matrix(3, 3))
    assert "v2_kept.append(v2.copy())" in text, text

    args = matrix(3, 4), 0.9
    found = stages(value_and_grad(shadows_of_columns_go_with_them), *args)["assemble"]
    types = {repr(v): t for v, t in found.program.types.items() if isinstance(t, Tape)}
    assert {name for name, t in types.items() if t.item.layout == "A"} == {"dw_kept"}, types
    for line in (
        "dw_kept.append(np.empty(0, np.float64)[::1])", "replace_last(dw_kept, dw[::1])",
        "dw_kept_2.append(np.empty(0, np.float64))", "replace_last(dw_kept_2, dw)\n",
    ):  # fmt: skip
        assert line in found.text, found.text


def test_what_is_kept_in_vain_is_no_reason_to_compute_from_it():
    """Of sine and cosine each is the other's derivative: the second plan knows that `u` is not read."""

    def f(x):
        s = x[0]
        for _ in range(3):
            u = np.log(s)
            w = u * 2.0 + 1.0
            s = np.sin(u) * np.cos(u) * np.sin(w) + 1.5
        return s

    tapes = tapes_of(f, vector(3))
    assert "w_kept" in tapes and "u_kept" not in tapes, text_of(f, vector(3))
