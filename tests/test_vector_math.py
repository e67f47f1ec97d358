"""The functions that LLVM vectorizes: how near they are to the truth, plain and compiled.

At more points: ``python -m tests.ulps --points 1000000``.
"""

import numpy as np
import pytest
from mpmath import mp, mpf

from dlsrc import jvp, value_and_grad
from dlsrc.kernels.vector_math import reduction as far_reduction
from dlsrc.kernels.vector_math import trigonometric
from dlsrc.kernels.vector_math.far import FAR
from dlsrc.lazy import jit_enabled, numba
from dlsrc.transform.machine.branchless import inlined
from dlsrc.transform.machine.pipeline import pipeline_class
from dlsrc.transform.machine.vectors import exchange
from tests.ulps import over_arrays, over_pairs, widest
from tests.vector_math import powers
from tests.vector_math.coefficients import reduction, remez
from tests.vector_math.measure import FUNCTIONS, error_at, points

needs_compiler = pytest.mark.skipif(not jit_enabled(), reason="it is about what LLVM makes")
CASES = [(name, dtype) for name in FUNCTIONS for dtype in (np.float64, np.float32)]


@pytest.mark.parametrize(("name", "dtype"), CASES, ids=lambda v: getattr(v, "__name__", v))
def test_plain(name, dtype):
    function = FUNCTIONS[name]
    call = function.kernels[dtype is np.float32]
    with np.errstate(all="ignore"):
        for x in points(function, 150, dtype):
            y = call(x)
            assert type(y) is dtype or (dtype is np.float64 and type(y) is float)
            assert error_at(function, x, dtype(y)) <= function.limit, f"{name}({x!r}) is not {y!r}"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_plain_powers(dtype):
    call = powers.KERNELS[dtype is np.float32]
    x, y = powers.points(100, dtype)
    with np.errstate(all="ignore"):
        got = np.array([call(a, b) for a, b in zip(x, y, strict=True)], dtype)
    assert max(powers.errors(x, y, got)) <= powers.LIMIT


@pytest.mark.compiled
@needs_compiler
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_compiled_powers(dtype):
    x, y = powers.points(20_000, dtype)
    got = np.empty_like(x)
    over_pairs(inlined(*powers.KERNELS))(x, y, got)
    assert max(powers.errors(x, y, got)) <= powers.LIMIT


@pytest.mark.compiled
@needs_compiler
def test_compiled():
    """All in one function, as a program has them: compiling each alone takes longer."""
    names = [f"{name}_{'single' if dtype is np.float32 else 'double'}" for name, dtype in CASES]
    namespace = {f"f{k}": inlined(*FUNCTIONS[name].kernels) for k, (name, dtype) in enumerate(CASES)}
    loops = [f"    for i in range(x{k}.shape[0]):\n        y{k}[i] = f{k}(x{k}[i])" for k in range(len(CASES))]
    parameters = ", ".join(f"x{k}, y{k}" for k in range(len(CASES)))
    exec("\n".join([f"def every({parameters}):", *loops]), namespace)
    given = [points(FUNCTIONS[name], 300, dtype) for name, dtype in CASES]
    got = [np.empty_like(x) for x in given]
    numba().njit(error_model="numpy")(namespace["every"])(*[a for pair in zip(given, got, strict=True) for a in pair])
    for (name, _), what, x, y in zip(CASES, names, given, got, strict=True):
        errors = [error_at(FUNCTIONS[name], a, b) for a, b in zip(x, y, strict=True)]
        worst = int(np.argmax(errors))
        assert errors[worst] <= FUNCTIONS[name].limit, f"{what}({x[worst]!r}) is not {y[worst]!r}"


@pytest.mark.compiled
@needs_compiler
@pytest.mark.parametrize("name", ["exp", "tanh", "sin", "cos"])
def test_vector_instructions(name):
    x = np.linspace(-3.0, 3.0, 50)
    loop = over_arrays(inlined(*FUNCTIONS[name].kernels))
    loop(x, np.empty_like(x))
    assert widest(loop) in ("ymm", "zmm") or "vfmadd" not in "".join(loop.inspect_asm().values())


@pytest.mark.compiled
@needs_compiler
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_far_numbers_among_near_ones(name):
    """At every place of a vector, in what is left of the array after the last, alone and many."""
    function = FUNCTIONS[name]
    kernel = function.kernels[0]
    loop = over_arrays(inlined(*function.kernels))
    far = np.array([1e22, -8388608.0, np.nextafter(FAR, np.inf), np.inf, -5.319372648326541e255, np.nan, 1e300])
    for count in (1, 2, 3, 7, 37):
        near = np.linspace(-7.0, 9.0, count)
        for k in range(min(count, 17)):
            for some in (far[:1], far[: count - k], far[::-1][: count - k]):
                x = near.copy()
                x[k : k + len(some)] = some
                got = np.empty_like(x)
                loop(x, got)
                with np.errstate(invalid="ignore"):
                    assert max(error_at(function, a, b) for a, b in zip(x, got, strict=True)) <= function.limit
                    same = np.array([kernel(v) for v in near])
                loop(near, got)
                assert np.allclose(got, same, rtol=1e-15, atol=0)


@pytest.mark.compiled
@needs_compiler
@pytest.mark.parametrize("name", ["sin", "log1p"])
def test_the_same_bits_alone_and_in_a_vector(name):
    """A loop that runs again in parts, as between checkpoints, has other elements in its last vector."""
    loop = over_arrays(inlined(*FUNCTIONS[name].kernels))
    x = np.abs(points(FUNCTIONS[name], 300, np.float64))
    together, alone = np.empty_like(x), np.empty_like(x)
    loop(x, together)
    for k in range(x.size):
        loop(x[k : k + 1], alone[k : k + 1])
    assert together.tobytes() == alone.tobytes()


@pytest.mark.compiled
@needs_compiler
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sine_and_cosine_of_one_number(dtype):
    """In one loop, where what both need is calculated once, beside far numbers."""

    @numba().njit(error_model="numpy", pipeline_class=pipeline_class())
    def both(x, sines, cosines):
        for i in range(x.shape[0]):
            sines[i] = np.sin(x[i])
            cosines[i] = np.cos(x[i])

    x = points(FUNCTIONS["sin"], 300, dtype)
    sines, cosines = np.empty_like(x), np.empty_like(x)
    both(x, sines, cosines)
    for name, got in (("sin", sines), ("cos", cosines)):
        assert max(error_at(FUNCTIONS[name], a, b) for a, b in zip(x, got, strict=True)) <= FUNCTIONS[name].limit


def waves(x):
    return np.sum(np.sin(x) * np.cos(2 * x))


def waves_in_a_loop(x):
    total = 0.0
    for i in range(len(x)):
        if x[i] < 1e15:
            total += np.sin(x[i]) * np.cos(2 * x[i])
    return total


@pytest.mark.compiled
@pytest.mark.parametrize("function", [waves, waves_in_a_loop])
def test_gradients_through_sines(function):
    """Reverse and forward mode beside the truth, far from zero, too."""
    x = np.concatenate([np.linspace(-20, 20, 41), [1e9, -3e12, 8388609.0]])
    value, gradient = value_and_grad(function)(x)
    exact = [mpf(float(v)) for v in x]
    slopes = [mp.cos(v) * mp.cos(2 * v) - 2 * mp.sin(v) * mp.sin(2 * v) for v in exact]
    assert abs(value - float(sum(mp.sin(v) * mp.cos(2 * v) for v in exact))) < 1e-13
    assert max(abs(float(a - b)) for a, b in zip(gradient, slopes, strict=True)) < 2e-15
    direction = np.cos(np.arange(x.size))
    _, tangent = jvp(function, (x,), (direction,))
    assert abs(tangent - float(sum(a * b for a, b in zip(slopes, direction.tolist(), strict=True)))) < 1e-13


def test_numbers_of_the_reduction():
    """The parts of pi / 2 are as short as they have to be, and they and the digits of 2 / pi are the true ones."""
    made = reduction()
    for name, number in made.items():
        assert getattr(trigonometric, name, None) == number or getattr(far_reduction, name) == number, name
    for name, bits in (("FIRST", 30), ("SECOND", 30), ("THIRD", 30), ("HALF_PI_HIGH", 26)):
        assert (made[name].as_integer_ratio()[0]).bit_length() <= bits, name
    mp_total = sum(mpf(d) * mpf(2) ** (-27 * k) for k, d in enumerate(made["DIGITS"][2:]))
    assert abs(mp_total * mpf(np.pi) / 2 - 1) < 1e-16


def test_an_error_is_noticed():
    """Of a thousandth of what is allowed more than is allowed, and of a wrong special value."""
    exp = FUNCTIONS["exp"]
    x = np.float64(0.7)
    y = np.exp(x)
    assert error_at(exp, x, y) < 1
    assert error_at(exp, x, y * (1 + 3 * 2.0**-52)) > 2
    assert error_at(exp, np.float64(np.inf), np.float64(1.0)) == np.inf
    assert error_at(FUNCTIONS["tanh"], np.float64(-0.0), np.float64(0.0)) == np.inf
    assert error_at(FUNCTIONS["sin"], np.float64(-0.0), np.float64(0.0)) == np.inf
    assert error_at(FUNCTIONS["cos"], np.float64(np.inf), np.float64(1.0)) == np.inf
    assert error_at(FUNCTIONS["cos"], np.float64(1e300), np.cos(1e300)) < 1
    assert error_at(FUNCTIONS["sin"], np.float64(np.pi), np.float64(1.2246467991473515e-16)) > 2
    x, y = np.array([0.3, -1.0, -2.0]), np.array([7.7, np.inf, 0.5])
    assert max(powers.errors(x, y, np.array([0.3**7.7, 1.0, np.nan]))) < 1
    assert min(powers.errors(x, y, np.array([0.3**7.7 * (1 + 2.0**-50), -1.0, 1.4]))) > 3


def test_best_polynomial():
    """A polynomial of degree n - 1 is off by 2**(1 - 2 n) from x**n on [0, 1] at best (Chebyshev)."""
    found, error = remez(lambda x: x**4, 0, 1, 3, grid=400)
    assert abs(error - 2.0**-7) < 1e-6
    assert max(abs(c - d) for c, d in zip(found, [-1 / 128, 1 / 4, -5 / 4, 2], strict=True)) < 1e-5


DECLARED = """
declare double @llvm.exp.f64(double)
declare double @tanh(double)
declare double @llvm.cos.f64(double)
define double @f(double %x) {
  %a = call double @llvm.exp.f64(double %x)
  %b = call double @tanh(double %a)
  %c = call double @llvm.cos.f64(double %b)
  ret double %c
}
"""


@pytest.mark.parametrize("in_loops", [True, False])
def test_what_is_exchanged(in_loops):
    """In kernels of arrays all functions, elsewhere those that are faster alone."""
    module = numba("core.codegen").ll.parse_assembly(DECLARED)
    exchange(module, in_loops)
    module.verify()
    defined = {f.name for f in module.functions if not f.is_declaration}
    far = {f"dlsrc.{what}.cos_far.{n}" for what in ("if_far", "each") for n in (2, 4, 8)}
    cosine = {"dlsrc.cos_double", "dlsrc.if_far.cos_far", "dlsrc.cos_far", *far}
    assert defined == {"f", "dlsrc.tanh_double", *cosine} | ({"dlsrc.exp_double"} if in_loops else set())
    assert ("@llvm.exp.f64(" in str(module)) is not in_loops
    assert "@tanh(" not in str(module)
    assert "@llvm.cos.f64(" not in str(module)
