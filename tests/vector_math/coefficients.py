"""Where the coefficients of ``dlsrc.kernels.vector_math`` come from: ``python -m tests.vector_math.coefficients``.

Each polynomial is the best one of its degree (the largest error is as small as it can be), found by the
exchange algorithm of Remez in 60 digits (Muller, Elementary Functions, 3rd ed., section 3.6) and rounded.
``reduction`` are the parts of pi / 2 and the digits of 2 / pi.
"""

import sys

from mpmath import mp, mpf

mp.dps = 60


def horner(coefficients, x):
    """The value of a polynomial, its constant first."""
    value = mpf(0)
    for c in reversed(coefficients):
        value = value * x + c
    return value


def remez(function, low, high, degree, weight=lambda x: mpf(1), grid=1500, rounds=12):
    """The coefficients, constant first, and the largest weighted error."""
    low, high = mpf(low), mpf(high)
    middle, half = (low + high) / 2, (high - low) / 2
    points = [middle - half * mp.cos(mp.pi * k / (degree + 1)) for k in range(degree + 2)]
    points = [x if weight(x) > 1e-12 else x + half / 50 for x in points]  # nothing is asked of the error there
    places = [middle - half * mp.cos(mp.pi * k / grid) for k in range(grid + 1)]
    values = [(x, function(x), weight(x)) for x in places]
    for _ in range(rounds):
        system = mp.matrix(degree + 2, degree + 2)
        right = mp.matrix(degree + 2, 1)
        for row, x in enumerate(points):
            for column in range(degree + 1):
                system[row, column] = x**column
            system[row, degree + 1] = (-1) ** row / weight(x)
            right[row] = function(x)
        found = list(mp.lu_solve(system, right))[: degree + 1]
        errors = [w * (horner(found, x) - f) for x, f, w in values]
        # One extremum of each run of errors with the same sign.
        runs: list[int] = []
        for k, e in enumerate(errors):
            if runs and (e > 0) == (errors[runs[-1]] > 0):
                if abs(e) > abs(errors[runs[-1]]):
                    runs[-1] = k
            else:
                runs.append(k)
        while len(runs) > degree + 2:
            runs.pop(0 if abs(errors[runs[0]]) < abs(errors[runs[-1]]) else -1)
        if len(runs) < degree + 2:
            break
        points = [places[k] for k in runs]
        sizes = [abs(errors[k]) for k in runs]
        if max(sizes) < min(sizes) * mpf("1.01"):
            break
    return found, max(map(abs, errors))


def expm1_tail(r):
    """``(exp(r) - 1 - r) / r**2``."""
    if abs(r) < mpf(10) ** -12:
        return mpf(1) / 2 + r / 6 + r * r / 24
    return (mp.expm1(r) - r) / r**2


def log_tail(z):
    """``(log((1 + s) / (1 - s)) / s - 2) / z`` where ``z = s * s``."""
    if z < mpf(10) ** -12:
        return mpf(2) / 3 + 2 * z / 5 + 2 * z * z / 7
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) / s - 2) / z


def pow_tail(z):
    """``(2 * atanh(s) / s - 2 - 2 * z / 3) / z**2`` where ``z = s * s``."""
    if z < mpf(10) ** -9:
        return mpf(2) / 5 + 2 * z / 7 + 2 * z * z / 9
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) / s - 2 - 2 * z / 3) / z**2


def erf_ratio(z):
    """``erf(x) / x - 1`` where ``z = x * x``."""
    x = mp.sqrt(z)
    return (mp.erf(x) / x if x else 2 / mp.sqrt(mp.pi)) - 1


def scaled_erfc(t):
    """``erfc(x) * exp(x * x)`` where ``t = 1 / (x + 3)``."""
    x = 1 / t - 3
    return mp.erfc(x) * mp.exp(x * x)


def gauss(t):
    """``exp(-x * x)`` where ``t = 1 / (x + 3)``."""
    return mp.exp(-((1 / t - 3) ** 2))


def sin_tail(z):
    """``(sin(r) / r - 1) / z`` where ``z = r * r``."""
    if z < mpf(10) ** -12:
        return -mpf(1) / 6 + z / 120 - z * z / 5040
    r = mp.sqrt(z)
    return (mp.sin(r) / r - 1) / z


def cos_tail(z):
    """``(cos(r) - 1 + z / 2) / z**2`` where ``z = r * r``."""
    if z < mpf(10) ** -9:
        return mpf(1) / 24 - z / 720 + z * z / 40320
    return (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2


HALF = mp.log(2) / 2 * mpf("1.0001")
S = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mpf("1.0001")
QUARTER = (mp.pi / 4) ** 2 * mpf("1.0001") ** 2

POLYNOMIALS = {
    "exp, expm1": (expm1_tail, -HALF, HALF, 9, lambda r: r * r),
    "exp of float32": (expm1_tail, -HALF, HALF, 4, lambda r: r * r),
    "log, log1p": (log_tail, 0, S, 6, lambda z: z),
    "log of float32": (log_tail, 0, S, 3, lambda z: z),
    "log1p of float32 in softplus": (log_tail, 0, mpf(1) / 9, 5, lambda z: z),
    "pow": (pow_tail, 0, S, 6, lambda z: z * z),
    "sin": (sin_tail, 0, QUARTER, 5, lambda z: z),
    "cos": (cos_tail, 0, QUARTER, 5, lambda z: z * z),
    "sin of float32": (sin_tail, 0, QUARTER, 2, lambda z: z),
    "cos of float32": (cos_tail, 0, QUARTER, 2, lambda z: z * z),
    "erf below 1": (erf_ratio, 0, 1, 12),
    "erf above 1": (scaled_erfc, mpf(1) / 9, mpf(1) / 4, 12, gauss),
    "erf below 1 of float32": (erf_ratio, 0, 1, 6),
    "erf above 1 of float32": (scaled_erfc, mpf(1) / 7, mpf(1) / 4, 5, gauss),
}  # fmt: skip


def parts(value, *last):
    """What a number is the sum of: its bits down to each power of two, and the rest."""
    found = []
    with mp.workprec(1500):
        for bit in last:
            found.append(mp.floor(value * mpf(2) ** -bit) * mpf(2) ** bit)
            value = value - found[-1]
        return [*map(float, found), float(value)]


def digits(value, bits, count):
    """The first digits of a number after the point, each of so many bits."""
    with mp.workprec(1500):
        return [int(mp.floor(value * mpf(2) ** (bits * k))) % 2**bits for k in range(1, count + 1)]


def reduction():
    """The numbers with which multiples of pi / 2 are taken away, by the names that they have."""
    with mp.workprec(1500):
        half_pi, quarters = mp.pi / 2, 2 / mp.pi
    first, second, third, fourth = parts(half_pi, -29, -53, -83)
    high, low = parts(half_pi, -25)
    return {
        "QUARTERS": float(quarters), "FIRST": first, "SECOND": second, "THIRD": third, "FOURTH": fourth,
        "AFTER_FIRST": parts(half_pi, -29)[1], "HALF_PI": float(half_pi), "HALF_PI_HIGH": high, "HALF_PI_LOW": low,
        "DIGITS": (0, 0, 0, *digits(quarters, 27, 44)),
    }  # fmt: skip


def main(names):
    if not names or "reduction" in names:
        for name, number in reduction().items():
            print(f"{name} = {number!r}")
    for name, (function, low, high, degree, *weight) in POLYNOMIALS.items():
        if names and not any(n in name for n in names):
            continue
        found, error = remez(function, low, high, degree, *weight)
        print(f"{name}: error 2**{float(mp.log(error, 2)):.1f}")
        for c in found:
            print(f"    {float(c)!r}")


if __name__ == "__main__":
    main(sys.argv[1:])
