"""Rosenbrock's function: its value and gradient at a point, and its minimum.

The gradient comes from code that dlsrc generates; this prints it:

    python -m dlsrc show examples/rosenbrock.py:rosenbrock "float64[:]"
"""

import numpy as np
from scipy.optimize import minimize

from dlsrc import dlarray, dlfeval, dlgradient, value_and_grad


def rosenbrock(x):
    f = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    grad = dlgradient(f, x)
    return f, grad


def valley(x):
    """The same function in any number of dimensions, on plain arrays."""
    total = 0.0
    for i in range(len(x) - 1):
        total += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def main():
    # As in MATLAB: dlfeval runs the function on dlarrays, dlgradient inside it gives the gradient.
    f, grad = dlfeval(rosenbrock, dlarray([-1, 2]))
    print("value at (-1, 2):", f.item())
    # prints: value at (-1, 2): 104.0
    print("gradient:", grad)
    # prints: gradient: 1x2 dlarray
    # prints:    396. 200.

    # As in SciPy: value_and_grad(f) gives what minimize(..., jac=True) asks for.
    result = minimize(value_and_grad(valley), np.zeros(10), jac=True, method="BFGS")
    print(f"distance of SciPy's minimum in 10 dimensions from (1, ..., 1): {np.max(abs(result.x - 1)):.4f}")
    # prints: distance of SciPy's minimum in 10 dimensions from (1, ..., 1): 0.0000
    print("found without a failure:", result.success)
    # prints: found without a failure: True


if __name__ == "__main__":
    main()
