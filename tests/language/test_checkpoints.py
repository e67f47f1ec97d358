"""Checkpoints: a loop that is run again from them has the gradient of the loop that is kept whole, bit for bit."""

import pickle

import numba
import numpy as np
import pytest

from dlsrc import (
    adjoint_source, checkpointed, dlaccelerate, dlarray, dlgradient, explain, extractdata, grad, hvp,
    value_and_grad,
)
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import vector

PROGRAMS: list = []


def program(*args, argnums=0, segmented=True):
    def collect(f):
        PROGRAMS.append(pytest.param(f, args, argnums, segmented, id=f.__name__))
        return f

    return collect


def bits(tree):
    if isinstance(tree, dict):
        tree = list(tree.items())
    if isinstance(tree, tuple | list):
        return tuple(map(bits, tree))
    return tree if isinstance(tree, str) else np.asarray(tree).tobytes()


@program(vector(3), 10)
def a_recurrence(x, n):
    s = x[0]
    for _ in range(n):
        s = np.sin(s) * x[1] + x[2]
    return s


@program(vector(3), 0)
def no_trip(x, n):
    s = x[0]
    for _ in range(n):
        s = np.sin(s) * x[1]
    return s * s


@program(vector(3), 5)
def fewer_than_no_trips(x, n):
    s = x[0]
    for _ in range(n, 2):
        s = np.sin(s) * x[1]
    return s * s


@program(vector(11))
def ranges_of_all_kinds(x):
    s = 0.1
    for i in range(2, x.size):
        s = np.sin(s * x[i])
    for i in range(x.size - 1, -1, -1):
        s = np.cos(s * x[i])
    for i in range(1, x.size, 3):
        s = np.exp(-s * x[i])
    for i in range(x.size - 2, 0, -2):
        s = np.tanh(s + x[i]) * s
    return s


@program(vector(7), vector(7) + 0.5, argnums=(0, 1))
def over_pairs_of_elements(x, y):
    s, r = 1.0, 0.0
    for i, (a, b) in enumerate(zip(x, y)):
        s = np.sin(s * a) + b * i
        r += s * b
    return s * r


@program(vector(4), 9)
def arrays_that_are_bound_anew(x, n):
    h, c = np.sin(x), np.zeros(4)
    for _ in range(n):
        gate = 1.0 / (1.0 + np.exp(-h * x))
        c = gate * c + (1.0 - gate) * np.tanh(h)
        h = gate * np.tanh(c) + x
    return np.sum(h * c)


@program(vector(4), 9)
def an_array_written_in_place(x, n):
    u = x * 2.0
    for _ in range(n):
        for j in range(u.size):
            u[j] = np.sin(u[j]) * x[j] + u[j - 1]
    return np.sum(u * u)


@program(vector(6), 7)
def through_views(x, n):
    u = np.sin(x)
    left, right = u[:3], u[3:]
    for _ in range(n):
        left[1:] = np.sin(right[:-1] * left[1:])
        right *= x[1]
        right += left
    return np.sum(u * x)


@program(vector(5), 8)
def two_buffers_that_change_names(x, n):
    old, new = x * 1.0, np.zeros(5)
    for _ in range(n):
        for i in range(1, 4):
            new[i] = old[i] + 0.1 * (old[i - 1] * old[i + 1] - np.sin(old[i]))
        old, new = new, old
    return np.sum(old * x)


@program(vector(3), 20)
def a_loop_that_is_left(x, n):
    s = x[0]
    for i in range(n):
        s = s * s * x[1] + 1.0
        if s > 4.0:
            break
        if i == 3:
            continue
        s = np.sin(s) + x[2]
    return s


@program(vector(3), 20)
def a_function_that_returns_from_the_loop(x, n):
    s = x[0]
    for _ in range(n):
        s = s * x[1] + 1.0
        if s > 3.0:
            return s * x[2]
        s = np.sin(s) + x[2]
    return s


@program(vector(3), 12)
def a_while_loop_within(x, n):
    s = x[0]
    for _ in range(n):
        t = s
        while abs(t) < 2.0:
            t = t * t + x[1] + 1.0
        s = np.sin(t) * x[2]
    return s


@program(vector(4), 6)
def a_loop_within_another(x, n):
    total = 0.0
    for i in range(x.size):
        s = x[i]
        for _ in range(n):
            s = np.sin(s) * x[1] + x[i]
        total += s * s
    return total


@program(vector(4), 5)
def recurrences_at_two_depths(x, n):
    s = x[0]
    for i in range(n):
        v = s
        for k in range(i + 1):
            v = np.tanh(v * x[k % 4]) + x[1]
        s = v * x[2] + np.sin(s)
    return s


@program(vector(3), 9)
def values_that_are_used_after(x, n):
    s, last, before = x[0], 0.0, x[1]
    for i in range(n):
        before = s
        last = np.exp(-s * s)
        s = np.sin(s + last) * x[2]
    return s * last + before * i


@program(vector(3), 9)
def elements_that_nobody_reads(x, n):
    seen = np.zeros(n)
    s = x[0]
    for i in range(n):
        s = np.sin(s) * x[1] + x[2]
        seen[i] = s * s
    return s + np.sum(seen * seen)


@program(vector(3), 9)
def branches_that_bind_arrays(x, n):
    h = x * 1.0
    for i in range(n):
        if h[0] * np.cos(i) > 0.1:
            h = np.sin(h) * x
        elif i % 3:
            h = h + x[1]
    return np.sum(h)


def helper(s, x, n):
    for _ in range(n):
        s = np.sin(s) * x[0] + x[1]
    return s


@program(vector(3), 7)
def loops_in_calls(x, n):
    s = helper(x[2], x, n)
    return helper(s * s, x[1:], n)


@program(np.linspace(0.1, 0.9, 3, dtype=np.float32), 9)
def in_single_precision(x, n):
    s = x[0]
    for _ in range(n):
        s = np.sin(s) * x[1] + x[2]
    return s


@program({"w": vector(4), "b": [vector(2), 0.3]}, 6)
def parameters_in_containers(p, n):
    s = p["b"][1]
    for i in range(n):
        s = np.tanh(s * p["w"][i % 4] + p["b"][0][i % 2])
    return s


@program(vector(4), 6)
def integers_and_draws_by_hand(x, n):
    seed, s = 12345, x[0]
    for _ in range(n):
        seed = (1103515245 * seed + 12345) % 2147483648
        s = np.sin(s + seed / 2147483648.0) * x[seed % 4]
    return s


@program(vector(3), 7)
def where_a_square_root_is_zero(x, n):
    s = x[0]
    for i in range(n):
        d = np.where(s > 0.2, np.sqrt(np.abs(s - s * (i % 2))), x[1])
        s = np.sin(d) * x[2] + 0.1
    return s


@program(vector(5))
def an_operand_shares_its_cotangent_with_what_the_loop_left(x):
    q = np.sin(x)
    r = x.copy()
    for _ in range(5):
        r = r * x
        r[0] = r[0] * 2.0
    c = r + q
    return c[0] * 3.0 + c[1]


@program(vector(6), segmented=False)
def a_sum_keeps_nothing_anyway(x):
    total = 0.0
    for i in range(x.size):
        total += np.exp(np.sin(x[i]))
    return total


@program(vector(3), 9)
def an_array_with_a_place_for_each_trip(x, n):
    path = np.zeros(n + 1)
    path[0] = x[0]
    for i in range(n):
        path[i + 1] = np.sin(path[i]) * x[1] + x[2]
    return np.sum(path * path)


@program(vector(3), 9)
def rows_of_a_path(x, n):
    path = np.zeros((n + 2, 3))
    path[0] = x
    path[1] = np.sin(x)
    for i in range(2, n + 2):
        path[i] = np.tanh(path[i - 1] * x) + path[i - 2]
        path[i, 1] += x[0]
        for j in range(3):
            if path[i - 1, j] > 0.3:
                path[i, j] += np.exp(-path[i - 1, j])
    return np.sum(path[n]) + path[n + 1, 2]


@program(vector(8))
def a_path_from_the_end(x):
    y = np.zeros(8)
    y[7] = x[7]
    for i in range(6, -1, -1):
        y[i] = np.sin(y[i + 1] * x[i]) + x[i]
    return np.sum(y * x)


@program(vector(8))
def a_row_written_through_a_view(x):
    y = np.zeros((8, 3))
    y[0] += x[1]
    for i in range(1, 8):
        row = y[i]
        before = y[i - 1]
        for j in range(3):
            row[j] = np.sin(before[j] * x[i]) + x[j]
    return np.sum(y * y)


@program(vector(6), segmented=False)
def a_place_from_the_end_is_not_a_trip_before(x):
    """At the first trip `y[i - 1]` is the last element, which a later trip writes to."""
    y = np.ones(6)
    for i in range(6):
        y[i] = np.sin(y[i - 1]) * x[i]
    return np.sum(y * x)


@program(vector(6), segmented=False)
def a_place_that_is_written_later(x):
    y = x * x
    for i in range(5):
        y[i] = np.sin(y[i + 1]) * y[i]
    return np.sum(y * x)


@program(vector(6), segmented=False)
def a_path_that_is_written_over_afterwards(x):
    y = np.ones(6)
    for i in range(1, 6):
        y[i] = np.sin(y[i - 1]) * x[i]
    s = np.sum(y * x)
    y[2] = 5.0
    return s * y[3]


@program(vector(6), segmented=False)
def a_path_that_is_also_read_whole(x):
    y = np.ones(6)
    for i in range(1, 6):
        y[i] = np.sin(y[i - 1]) * x[i] + np.sum(y)
    return np.sum(y * x)


@program(vector(3), segmented=False)
def a_while_loop(x):
    s = x[0]
    while s < 3.0:
        s = s * s + x[1]
    return s


@program(vector(3), 4, segmented=False)
def a_list_that_grows(x, n):
    path = [x[0]]
    for _ in range(n):
        path.append(np.sin(path[-1]) * x[1])
    return path[-1]


@pytest.mark.parametrize("checkpoint", [1, 3, "sqrt"])
@pytest.mark.parametrize(("f", "args", "argnums", "segmented"), PROGRAMS)
def test_the_same_bits(f, args, argnums, segmented, checkpoint):
    derived = value_and_grad(f, argnums, checkpoint=checkpoint)
    assert bits(derived(*args)) == bits(value_and_grad(f, argnums)(*args))
    told = explain(derived, *args).checkpoints
    assert any("run again" in text for text in told) == segmented


@pytest.mark.compiled
@pytest.mark.parametrize("f", [arrays_that_are_bound_anew, a_function_that_returns_from_the_loop])
def test_the_same_bits_compiled(f):
    args = (vector(4), 20)
    assert bits(value_and_grad(f, checkpoint="sqrt")(*args)) == bits(value_and_grad(f)(*args))


# ---------------------------------------------------------------------------------- asked for


def spelled(x, n):
    s = x[0]
    for _ in checkpointed(range(n), 4):
        s = np.sin(s) * x[1] + x[2]
    return s


def test_a_loop_may_ask_for_itself():
    x = vector(3)
    assert spelled(x, 10) == a_recurrence(x, 10)
    assert bits(value_and_grad(spelled)(x, 10)) == bits(value_and_grad(a_recurrence)(x, 10))
    assert "run again in segments of 4 trips" in str(explain(spelled, x, 10))
    assert explain(a_recurrence, x, 10).checkpoints == ()


@pytest.mark.compiled
def test_the_user_compiles_a_loop_that_asks():
    x = vector(3)
    compiled = numba.njit(spelled)
    assert compiled(x, 10) == pytest.approx(a_recurrence(x, 10), rel=1e-14)
    assert bits(value_and_grad(compiled)(x, 10)[1]) == bits(value_and_grad(a_recurrence)(x, 10)[1])


def test_the_decorator_asks_for_all_loops():
    x = vector(11)
    decorated = dlaccelerate(checkpoint=4)(ranges_of_all_kinds)
    assert bits(value_and_grad(decorated)(x)) == bits(value_and_grad(ranges_of_all_kinds)(x))
    assert len(explain(decorated, x).checkpoints) == 4


def test_a_gradient_in_the_function():
    @dlaccelerate(checkpoint="sqrt")
    def f(x, n):
        s = x[0]
        for _ in range(n):
            s = np.sin(s) * x[1] + x[2]
        return s, dlgradient(s, x)

    value, slope = f(dlarray(vector(3)), 10)
    assert bits((float(extractdata(value)), extractdata(slope))) == bits(value_and_grad(a_recurrence)(vector(3), 10))


def seen(x):
    out = np.zeros(len(x))
    c = 0.1
    for i in range(len(x)):
        c = 0.4 * c + np.sin(x[i])
        out[i] = c
    return out


def gradients_in_a_loop(x):
    by = np.zeros(5)
    for k in range(3):
        s = np.sum(seen(x) * k)
        by = by + dlgradient(s, x)
    return by


def test_gradients_in_a_loop():
    """On the way back through earlier trips an array that is not read is of the shape of `x`, and is not `x`."""
    found = [dlaccelerate(gradients_in_a_loop, checkpoint=c)(dlarray(vector(5))) for c in (None, 1, 2, "sqrt")]
    assert len({bits(extractdata(g)) for g in found}) == 1


def test_the_option_is_kept_and_checked():
    derived = pickle.loads(pickle.dumps(grad(a_recurrence, checkpoint=7)))
    assert repr(derived) == "grad(a_recurrence, checkpoint=7)"
    assert "segment * 7" in adjoint_source(derived, vector(3), 10)
    for wrong in (0, -1, True, 2.0, "log"):
        with pytest.raises(ValueError, match="checkpoint is"):
            grad(a_recurrence, checkpoint=wrong)


@pytest.mark.parametrize("f", [a_recurrence, arrays_that_are_bound_anew, an_array_written_in_place])
def test_second_derivatives(f):
    x, v = vector(4), np.array([0.3, -1.0, 2.0, 0.5])
    assert np.array_equal(hvp(dlaccelerate(checkpoint=3)(f))(x, 8, v), hvp(f)(x, 8, v))

    def slope(x, g):
        return np.sum(g(x, 8) ** 2)

    one, other = grad(f, checkpoint=3), grad(f)
    assert np.array_equal(grad(lambda x: slope(x, one))(x), grad(lambda x: slope(x, other))(x))


# ---------------------------------------------------------------------------------- a limit of memory


@pytest.mark.parametrize("limit", [300, 3000, 10**6])
@pytest.mark.parametrize("f", [
    a_recurrence, no_trip, arrays_that_are_bound_anew, an_array_written_in_place, through_views, a_loop_that_is_left,
    two_buffers_that_change_names, values_that_are_used_after, elements_that_nobody_reads, branches_that_bind_arrays,
    loops_in_calls, in_single_precision, recurrences_at_two_depths,
])  # fmt: skip
def test_the_same_bits_under_a_limit(f, limit):
    [(args, argnums)] = [param.values[1:3] for param in PROGRAMS if param.values[0] is f]
    sparing = dlaccelerate(f, memory_limit=limit)
    for n in (args[1], 0, 1, 40):
        given = (args[0], n)
        try:
            whole = value_and_grad(f, argnums)(*given)
        except UnboundLocalError:
            continue
        assert bits(value_and_grad(sparing, argnums)(*given)) == bits(whole)


def test_ranges_under_a_limit():
    for n in range(12):
        for limit in (16, 60, 10_000):
            sparing = value_and_grad(dlaccelerate(ranges_of_all_kinds, memory_limit=limit))
            x = vector(n + 2)
            assert bits(sparing(x)) == bits(value_and_grad(ranges_of_all_kinds)(x))


def an_array_bound_anew(x, n):
    h = x * 1.0
    for _ in range(n):
        h = np.sin(h) * x + x[1]
    return np.sum(h)


@pytest.mark.parametrize("f", [a_recurrence, an_array_written_in_place, an_array_bound_anew])
def test_what_is_kept_is_within_the_limit(f):
    """And nothing is run again where all fits."""
    x = vector(4)
    sparing = value_and_grad(dlaccelerate(f, memory_limit="200 kB"))
    assert explain(value_and_grad(f), x, 100_000).predicted_bytes > 10**6
    assert 100_000 < explain(sparing, x, 100_000).predicted_bytes < 203_000
    few = explain(sparing, x, 100)
    assert few.predicted_bytes == pytest.approx(explain(value_and_grad(f), x, 100).predicted_bytes, abs=300)
    assert "run again in segments of as many trips as 200,000 bytes allow" in str(few)


def test_a_limit_is_a_number_of_bytes():
    assert dlaccelerate(a_recurrence, memory_limit="1.5 MiB").__dlsrc_accelerated__[0].memory_limit == 3 * 2**19
    for wrong in (0, True, 2.5, "16", "16 miles", "-1 MB"):
        with pytest.raises(ValueError, match="memory_limit is"):
            dlaccelerate(a_recurrence, memory_limit=wrong)
    with pytest.raises(ValueError, match="not both"):
        dlaccelerate(a_recurrence, memory_limit=1000, checkpoint=3)


# ---------------------------------------------------------------------------------- what is not run again


def printing(x, n):
    s = x[0]
    for i in checkpointed(range(n)):
        s = np.sin(s) * x[1]
        if i % 2:
            print("trip", i)
    return s


def test_what_a_loop_prints_is_printed_once(capsys):
    grad(printing)(vector(3), 4)
    assert capsys.readouterr().out == "trip 1\ntrip 3\n"


def drawing(x, n):
    s = x[0]
    for _ in range(n):
        s = s * x[1] + np.random.random()
    return s


def refused_draw(x, n):
    s = x[0]
    for _ in checkpointed(range(n)):
        s = s * x[1] + np.random.random()
    return s


def refused_path(x, n):
    path = np.zeros(n + 1)
    for i in checkpointed(range(n)):
        path[i] = np.sin(path[i - 1]) * x[1]
    return path[n]


def refused_list(x, n):
    path = [x[0]]
    for _ in checkpointed(range(n)):
        path.append(np.sin(path[-1]) * x[1])
    return path[-1]


def refused_items(x, n):
    s = x[0]
    for a in checkpointed([x, x * 2.0]):
        s = np.sin(s * a[0])
    return s


def refused_place(x, n):
    trips = checkpointed(range(n))
    s = x[0]
    for _ in trips:
        s = np.sin(s)
    return s


def refused_number(x, n):
    s = x[0]
    for _ in checkpointed(range(n), n):
        s = np.sin(s)
    return s


def test_draws_are_not_repeated():
    assert "kept whole: it draws random numbers" in str(explain(grad(drawing, checkpoint=2), vector(3), 4))


@pytest.mark.parametrize(("f", "message"), [
    (refused_draw, "it draws random numbers"), (refused_path, "place by place"), (refused_list, "place by place"),
    (refused_items, "is written out"), (refused_place, "in the head of a loop"), (refused_number, "written out"),
])  # fmt: skip
def test_a_loop_that_asks_and_cannot_is_refused(f, message):
    with pytest.raises(UnsupportedSyntax, match=message):
        grad(f)(vector(3), 4)


# ---------------------------------------------------------------------------------- memory


def test_explain_tells_what_a_checkpoint_holds():
    told = explain(value_and_grad(an_array_written_in_place, checkpoint=100), vector(4), 10_000)
    [snapshot] = [k for k in told.kept if k.each == "segment"]
    assert (snapshot.name, snapshot.bytes, snapshot.total) == ("u", 32, 3200)
    assert told.is_complete
    whole = explain(value_and_grad(an_array_written_in_place), vector(4), 10_000)
    assert told.predicted_bytes < whole.predicted_bytes / 10
    assert "32 bytes a segment, in an array: 3,200 bytes" in str(told)
