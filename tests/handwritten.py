"""Adjoints written by hand in numba, as an expert would, to measure dlsrc's against.

``python -m tests.handwritten`` times both, interleaved in one run, and prints the ratios: of the least
processor times, since what other work on the machine adds has nothing to do with either.  Flags are the same
for both: IEEE arithmetic, ``error_model="numpy"``; the hand-written ones check no bounds.
"""

from functools import partial

import numba
import numpy as np

from tests.benchmarks.measure import interleaved

compiled = numba.njit(error_model="numpy")


def plain(f):
    """The Python function of a compiled one; with NUMBA_DISABLE_JIT it is one already."""
    return getattr(f, "py_func", f)


# ---------------------------------------------------------------------------------- GARCH(1,1)


def garch(theta, returns):
    omega, alpha, beta = theta[0], theta[1], theta[2]
    variance = omega / (1 - alpha - beta)
    total = 0.0
    for t in range(len(returns)):
        total += np.log(variance) + returns[t] ** 2 / variance
        variance = omega + alpha * returns[t] ** 2 + beta * variance
    return 0.5 * total


@compiled
def garch_by_hand(theta, returns):
    omega, alpha, beta = theta[0], theta[1], theta[2]
    rest = 1 - alpha - beta
    n = len(returns)
    kept = np.empty(n)
    variance = omega / rest
    total = 0.0
    for t in range(n):
        kept[t] = variance
        square = returns[t] * returns[t]
        total += np.log(variance) + square / variance
        variance = omega + alpha * square + beta * variance
    d_omega, d_alpha, d_beta, d_variance = 0.0, 0.0, 0.0, 0.0
    for t in range(n - 1, -1, -1):
        variance = kept[t]
        square = returns[t] * returns[t]
        d_omega += d_variance
        d_alpha += d_variance * square
        d_beta += d_variance * variance
        inverse = 1 / variance
        d_variance = d_variance * beta + 0.5 * inverse * (1 - square * inverse)
    d_omega += d_variance / rest
    d_rest = -d_variance * omega / (rest * rest)
    return 0.5 * total, np.array([d_omega, d_alpha - d_rest, d_beta - d_rest])


# ---------------------------------------------------------------------------------- Newton in a while loop


def newton(x, means):
    """Kepler's equation, solved for each mean anomaly; x is (eccentricity, weight)."""
    e, weight = x[0], x[1]
    total = 0.0
    for k in range(len(means)):
        E = means[k] + e * np.sin(means[k])
        step = 1.0
        while abs(step) > 1e-12:
            step = (E - e * np.sin(E) - means[k]) / (1 - e * np.cos(E))
            E -= step
        total += weight * np.cos(E) ** 2
    return total


@compiled
def newton_by_hand(x, means):
    # Differentiates the iteration itself, as dlsrc does; the iterates, their sines and cosines are kept.
    e, weight = x[0], x[1]
    kept = np.empty((64, 3))
    total, d_e, d_weight = 0.0, 0.0, 0.0
    for k in range(len(means)):
        mean = means[k]
        first_sine = np.sin(mean)
        E = mean + e * first_sine
        step, trips = 1.0, 0
        while abs(step) > 1e-12:
            if trips == kept.shape[0]:
                larger = np.empty((2 * trips, 3))
                larger[:trips] = kept
                kept = larger
            sine, cosine = np.sin(E), np.cos(E)
            kept[trips, 0], kept[trips, 1], kept[trips, 2] = E, sine, cosine
            trips += 1
            step = (E - e * sine - mean) / (1 - e * cosine)
            E -= step
        cosine = np.cos(E)
        total += weight * cosine * cosine
        d_weight += cosine * cosine
        d_E = -2 * weight * cosine * np.sin(E)
        for trip in range(trips - 1, -1, -1):
            E, sine, cosine = kept[trip, 0], kept[trip, 1], kept[trip, 2]
            below = 1 - e * cosine
            above = E - e * sine - mean
            d_above = -d_E / below
            d_below = -d_above * above / below
            d_e -= d_above * sine + d_below * cosine
            d_E += d_above * below + d_below * e * sine
        d_e += d_E * first_sine
    return total, np.array([d_e, d_weight])


# ---------------------------------------------------------------------------------- heat on a line


def heat(u, steps):
    """Half the square of the temperature after some explicit steps, ends held at zero."""
    n = len(u)
    old = u.copy()
    new = np.zeros(n)
    for _ in range(steps):
        for i in range(1, n - 1):
            new[i] = old[i] + 0.2 * (old[i - 1] - 2 * old[i] + old[i + 1])
        for i in range(1, n - 1):
            old[i] = new[i]
    total = 0.0
    for i in range(n):
        total += 0.5 * old[i] * old[i]
    return total


@compiled
def heat_by_hand(u, steps):
    # Linear in u: nothing is kept.  The transpose of the stencil is a gather; the ends are apart.
    n = len(u)
    old = u.copy()
    new = np.zeros(n)
    for _ in range(steps):
        left, middle, right, target = old[: n - 2], old[1 : n - 1], old[2:], new[1 : n - 1]
        for i in range(n - 2):
            target[i] = middle[i] + 0.2 * (left[i] - 2 * middle[i] + right[i])
        for i in range(n - 2):
            middle[i] = target[i]
    total = 0.0
    for i in range(n):
        total += 0.5 * old[i] * old[i]
    d_old = old
    d_new = new
    for _ in range(steps):
        inner, d_inner = d_new[1 : n - 1], d_old[1 : n - 1]
        for i in range(n - 2):
            inner[i] = d_inner[i]
        m = n - 2
        d_old[0] += 0.2 * inner[0]
        d_old[n - 1] += 0.2 * inner[m - 1]
        if m == 1:
            d_inner[0] = 0.6 * inner[0]
        else:
            d_inner[0] = 0.6 * inner[0] + 0.2 * inner[1]
            d_inner[m - 1] = 0.6 * inner[m - 1] + 0.2 * inner[m - 2]
            left, middle, right, target = inner[: m - 2], inner[1 : m - 1], inner[2:], d_inner[1 : m - 1]
            for i in range(m - 2):
                target[i] = 0.6 * middle[i] + 0.2 * (left[i] + right[i])
    return total, d_old


# ---------------------------------------------------------------------------------- the comparison


def cases():
    """Name, objective, adjoint by hand, arguments (the first is differentiated)."""
    rng = np.random.default_rng(1)
    return (
        ("GARCH", garch, garch_by_hand, (np.array([0.05, 0.1, 0.85]), rng.standard_normal(2000))),
        ("Newton", newton, newton_by_hand, (np.array([0.4, 1.5]), rng.uniform(0, 6, 200))),
        ("heat", heat, heat_by_hand, (rng.standard_normal(1000), 100)),
    )


def main():
    from dlsrc import value_and_grad

    print(f"{'':8} {'primal':>10} {'by hand':>10} {'dlsrc':>10}   dlsrc / by hand")
    for name, objective, by_hand, args in cases():
        derived = value_and_grad(objective)
        value, gradient = derived(*args)
        expected, expected_gradient = by_hand(*args)
        np.testing.assert_allclose(value, expected, rtol=1e-10)
        np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-8, atol=1e-10)
        primal = compiled(objective)
        primal(*args)
        calls = {"primal": primal, "by hand": by_hand, "dlsrc": derived}
        taken = interleaved({who: partial(f, *args) for who, f in calls.items()}, 40, 0.005, min)
        alone, theirs, ours = taken.values()
        print(f"{name:8} {alone * 1e6:7.1f} µs {theirs * 1e6:7.1f} µs {ours * 1e6:7.1f} µs   {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
