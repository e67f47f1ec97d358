"""Where the functions of ``dlsrc.kernels.vector_math`` are tried, and how far from the truth they are.

An error is counted in units in the last place of the true value: 0.5 is the best there is.  The true value
comes from mpmath, or, where that would take hours, from the C library's functions of ``long double``: they
are within 2 units of a last place 2**11 times smaller, which adds less than 0.01.  Of such a measurement
the worst points are calculated again by mpmath.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from mpmath import mp, mpf

mp.prec = 100
LONG = np.longdouble
# Elsewhere than on x86 it may be nothing more than a float64.
CIRCULAR = ("sin", "cos", "tan")
HAS_LONG = np.finfo(LONG).nmant >= 63


def _log1p_exp(x):
    return mp.log1p(mp.exp(x))


@dataclass(frozen=True)
class Function:
    """A function, what it is truly, where it is interesting, and where something changes."""

    name: str
    family: str
    exact: Callable
    long: Callable | None
    low: float
    high: float
    limit: float
    edges: tuple[float, ...] = ()
    step: float = 0.0  # something happens at its multiples

    @property
    def kernels(self):
        """Those of a float64 and of a float32."""
        found = importlib.import_module(f"dlsrc.kernels.vector_math.{self.family}")
        return getattr(found, f"{self.name}_double"), getattr(found, f"{self.name}_single")


EXP_EDGES = (709.782712893384, 710.0, -708.3964185322641, -745.1332191019412, -746.0, 88.72283905206835, 89.0,
             -87.33654475055310, -103.97207708399179, -104.0, 0.34657359027997264, -0.34657359027997264)  # fmt: skip
# The numbers nearest to multiples of pi / 2 (Muller, Elementary Functions, 3rd ed., section 11.3.2): of float64
# up to 2**23, of all of them, and of float32.
QUARTER_EDGES = (45.553093477052, 321307.9594422229, 1698673.2849629424, 6794693.139851769, 14461176.67027838,
                 5.319372648326541e255, 252.89820861816406, 52516.43359375, 21999384576.0, 7.729178919452902e28,
                 0.7853981633974483, 1.5707963267948966, 3.141592653589793, 8388608.0, 1e-9, 1e-5)  # fmt: skip
FUNCTIONS = {
    f.name: f
    for f in (
        Function("exp", "exponential", mp.exp, np.exp, -750, 715, 2, EXP_EDGES),
        Function("expm1", "exponential", mp.expm1, np.expm1, -50, 715, 2, (*EXP_EDGES, -40.0, 1e-17)),
        Function("log", "logarithm", mp.log, np.log, 0, 4, 2, (0.7071067811865476, 1.4142135623730951, 1.0)),
        Function("log1p", "logarithm", mp.log1p, np.log1p, -1, 3, 2,
                 (-0.2928932188134524, 0.41421356237309515, -1.0, 1e300, 1e-17, 1e-9)),
        Function("tanh", "hyperbolic", mp.tanh, np.tanh, -23, 23, 4, (22.0, 11.0, 1e-9, 1e-5, 0.17328679513998632)),
        Function("sigmoid", "hyperbolic", lambda x: 1 / (1 + mp.exp(-x)), lambda x: 1 / (1 + np.exp(-x)),
                 -750, 60, 2, EXP_EDGES),
        Function("softplus", "hyperbolic", _log1p_exp,
                 lambda x: np.maximum(x, LONG(0)) + np.log1p(np.exp(-abs(x))), -750, 60, 2,
                 (*EXP_EDGES, -0.881373587019543)),
        Function("sin", "trigonometric", mp.sin, np.sin, -100, 100, 2, QUARTER_EDGES, np.pi / 2),
        Function("cos", "trigonometric", mp.cos, np.cos, -100, 100, 2, QUARTER_EDGES, np.pi / 2),
        Function("tan", "trigonometric", mp.tan, np.tan, -100, 100, 4, QUARTER_EDGES, np.pi / 2),
        Function("erf", "error_function", mp.erf, None, -6.5, 6.5, 4, (1.0, 5.95, 6.0, 4.0)),
    )
}  # fmt: skip


def points(function, count, dtype, seed=0):
    """Numbers of the whole range, of the part that matters, and around every edge."""
    rng = np.random.default_rng(seed)
    info = np.finfo(dtype)
    bits = rng.integers(0, 2 ** (8 * info.dtype.itemsize), count // 3, dtype=f"uint{8 * info.dtype.itemsize}")
    everywhere = bits.view(dtype)
    inside = rng.uniform(function.low, function.high, count // 3).astype(dtype)
    small = np.exp2(rng.uniform(-40, 12, count - 2 * (count // 3))) * rng.choice([-1.0, 1.0], count - 2 * (count // 3))
    with np.errstate(all="ignore"):
        edges = np.array([*function.edges, 0, 1, 2, 0.5, 20, 40, float(info.max), float(info.tiny),
                          float(info.smallest_subnormal), 2.0**52, 2.0**53, 2.0**63], dtype)
        near = [edges]
        for _ in range(4):
            near.insert(0, np.nextafter(near[0], dtype(-np.inf)))
            near.append(np.nextafter(near[-1], dtype(np.inf)))
        near = np.concatenate(near)
        special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan], dtype)
        every = [near, -near, special, everywhere, inside, small.astype(dtype)]
        if function.step:
            multiples = (function.step * np.floor(np.exp2(rng.uniform(0, 60, count // 9)))).astype(dtype)
            every += [np.nextafter(multiples, dtype(0)), multiples, -np.nextafter(multiples, dtype(np.inf))]
    return np.concatenate(every)


def unit_of(true, dtype):
    """The unit in the last place of a value, as a power of two."""
    info = np.finfo(dtype)
    if true == 0:
        return mpf(2) ** (info.minexp - info.nmant)
    exponent = min(max(mp.frexp(true)[1] - 1, info.minexp), info.maxexp - 1)
    return mpf(2) ** (exponent - info.nmant)


def error_at(function, x, got):
    """The error of one value in units in the last place, by mpmath; 0 where a special value is right, else infinite."""
    dtype = type(got)
    if np.isnan(x):
        return 0.0 if np.isnan(got) else np.inf
    special = {
        "log": {0.0: -np.inf, np.inf: np.inf}, "log1p": {-1.0: -np.inf, np.inf: np.inf},
        "exp": {np.inf: np.inf, -np.inf: 0.0}, "expm1": {np.inf: np.inf, -np.inf: -1.0},
        "sigmoid": {np.inf: 1.0, -np.inf: 0.0}, "softplus": {np.inf: np.inf, -np.inf: 0.0},
        **dict.fromkeys(CIRCULAR, {}),
    }.get(function.name, {np.inf: 1.0, -np.inf: -1.0})  # fmt: skip
    if float(x) in special:
        return 0.0 if got == special[float(x)] else np.inf
    undefined = {"log": x < 0, "log1p": x < -1, **dict.fromkeys(CIRCULAR, np.isinf(x))}
    if undefined.get(function.name, False):
        return 0.0 if np.isnan(got) else np.inf
    if x == 0 and function.name in ("expm1", "log1p", "tanh", "erf", "sin", "tan"):
        return 0.0 if got == 0 and np.signbit(got) == np.signbit(x) else np.inf
    if np.isnan(got):
        return np.inf
    all_the_way = "log" in function.name or function.name in CIRCULAR
    true = function.exact(mpf(float(x))) if abs(float(x)) < 1e6 or all_the_way else _far(function, x)
    largest = mpf(2) ** np.finfo(dtype).maxexp
    if np.isinf(got):  # what comes next, if it is near
        value = largest if got > 0 else -largest
        if abs(true) > largest * (1 - mpf(2) ** (-np.finfo(dtype).nmant - 2)):
            return 0.0 if (got > 0) == (true > 0) else np.inf
    else:
        value = mpf(float(got))
    return float(abs(value - true) / unit_of(true, dtype))


def _far(function, x):
    """The value at a number so large that mpmath would take long, or all memory."""
    up = x > 0
    limits = {
        "exp": (mpf(2) ** 2000, mpf(0)), "expm1": (mpf(2) ** 2000, mpf(-1)), "sigmoid": (mpf(1), mpf(0)),
        "softplus": (mpf(float(x)), mpf(0)), "tanh": (mpf(1), mpf(-1)), "erf": (mpf(1), mpf(-1)),
    }  # fmt: skip
    return limits[function.name][0 if up else 1]


def errors(function, x, got):
    """The errors of many values: by ``long double``, then the worst thousand and all that is special by mpmath."""
    if function.long is None or not HAS_LONG or len(x) <= 10_000:
        return np.array([error_at(function, a, b) for a, b in zip(x, got, strict=True)])
    dtype = got.dtype
    info = np.finfo(dtype)
    with np.errstate(all="ignore"):
        true = function.long(x.astype(LONG))
        exponent = np.frexp(true)[1] - 1
        unit = np.ldexp(LONG(1), np.clip(exponent, info.minexp, info.maxexp - 1) - info.nmant)
        found = np.asarray(abs(got.astype(LONG) - true) / unit, float)
        both = np.isinf(got) & (abs(true) > LONG(info.max)) & (np.sign(got) == np.sign(true))
    found[both | (np.isnan(got) & np.isnan(true))] = 0.0
    found[~np.isfinite(found)] = np.inf
    worst = np.argsort(found)[-1000:]
    edges = np.flatnonzero((x == 0) | ~np.isfinite(x))[:200]
    for k in {*worst.tolist(), *edges.tolist(), *range(400)} & set(range(len(x))):
        found[k] = error_at(function, x[k], got[k])
    return found
