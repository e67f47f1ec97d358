"""Two fits with published answers, by Jacobians and a Hessian.

A curve by SciPy's curve_fit, and a line through points with errors in both coordinates by least_squares.

Misra1a (NIST, *Statistical Reference Datasets*, 1979): the volume that dental wax adsorbs at a pressure,
y = b1 (1 - exp(-b2 x)).  Certified: b1 = 238.942 with a standard deviation of 2.707, b2 = 0.000550156 with
0.00000726687.

Pearson's points with York's weights (York, *Canadian Journal of Physics* 44, 1966): both coordinates have
errors, so the weight of a point depends on the slope, and the line is a nonlinear fit.  Published:
intercept 5.47991, slope -0.480533 (Reed, *American Journal of Physics* 60, 1992).
"""

import numpy as np
from scipy.optimize import curve_fit, least_squares

from dlsrc import hessian, model_and_jacobian, residual_and_jacobian

PRESSURE = np.array([
    77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0,
])  # fmt: skip
VOLUME = np.array([
    10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78,
])  # fmt: skip

X = np.array([0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
Y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
WEIGHT_X = np.array([1000.0, 1000.0, 500.0, 800.0, 200.0, 80.0, 60.0, 20.0, 1.8, 1.0])
WEIGHT_Y = np.array([1.0, 1.8, 4.0, 8.0, 20.0, 20.0, 70.0, 70.0, 100.0, 500.0])


def adsorbed(pressure, b1, b2):
    return b1 * (1 - np.exp(-b2 * pressure))


def distances(line):
    """How far each point is from the line, in units of its error in that direction."""
    intercept, slope = line[0], line[1]
    error = np.sqrt(1 / WEIGHT_Y + slope**2 / WEIGHT_X)
    return (Y - intercept - slope * X) / error


def half_chi_squared(line):
    return 0.5 * np.sum(distances(line) ** 2)


def main():
    # SciPy asks for the model and for its Jacobian; both come from one compiled evaluation.
    model, jac = model_and_jacobian(adsorbed)
    b, covariance = curve_fit(model, PRESSURE, VOLUME, p0=(500.0, 1e-4), jac=jac)
    error = np.sqrt(np.diag(covariance))
    print(f"b1 = {b[0]:.3f} with standard deviation {error[0]:.3f}")
    # prints: b1 = 238.942 with standard deviation 2.707
    print(f"b2 = {b[1]:.4e} with standard deviation {error[1]:.3e}")
    # prints: b2 = 5.5016e-04 with standard deviation 7.267e-06

    fun, jac = residual_and_jacobian(distances)
    fit = least_squares(fun, np.array([5.0, -0.5]), jac=jac, xtol=1e-12, ftol=1e-12, gtol=1e-12)
    print(f"line: intercept {fit.x[0]:.5f}, slope {fit.x[1]:.6f}")
    # prints: line: intercept 5.47991, slope -0.480533

    # The Jacobian gives uncertainties to first order; the Hessian of chi squared has the curvature too.
    first = np.sqrt(np.diag(np.linalg.inv(fit.jac.T @ fit.jac)))
    second = np.sqrt(np.diag(np.linalg.inv(hessian(half_chi_squared)(fit.x))))
    print(f"uncertainties from the Jacobian: {first[0]:.4f}, {first[1]:.5f}")
    # prints: uncertainties from the Jacobian: 0.2950, 0.05799
    print(f"uncertainties from the Hessian:  {second[0]:.4f}, {second[1]:.5f}")
    # prints: uncertainties from the Hessian:  0.2924, 0.05757


if __name__ == "__main__":
    main()
