"""Elements of an array less the mean of their group, over the standard deviation of the group.

The array has four axes; mean and variance are over the first and the third, for each place of the second and
the fourth.  Where the fourth has one element, neighbours in memory are along the third, and the loops say so.
"""

import numpy as np

from ..primitive import kernel, primitive, real, rejects, sample
from ..types import Array

__all__ = ["standardized"]

FREE_ORDER = {"reassoc", "contract"}


@kernel(fastmath=("reassoc", "contract"))
def means_over(x):
    """The means over the first and third axis, for each place of the others."""
    given = np.ascontiguousarray(x)
    out = np.zeros((x.shape[1], x.shape[3]), x.dtype)
    if x.shape[3] == 1:  # neighbours in memory are summed then
        rows = given.reshape(x.shape[:3])
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                total = x.dtype.type(0)
                for k in range(x.shape[2]):
                    total += rows[i, j, k]
                out[j, 0] += total
    else:
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                for k in range(x.shape[2]):
                    for m in range(x.shape[3]):
                        out[j, m] += given[i, j, k, m]
    return out / (x.shape[0] * x.shape[2])


@kernel(fastmath=("reassoc", "contract"))
def products_over(x, y):
    """The means of ``x * y`` over the first and third axis, for each place of the others."""
    left, right = np.ascontiguousarray(x), np.ascontiguousarray(y)
    out = np.zeros((x.shape[1], x.shape[3]), x.dtype)
    if x.shape[3] == 1:
        left_rows, right_rows = left.reshape(x.shape[:3]), right.reshape(x.shape[:3])
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                total = x.dtype.type(0)
                for k in range(x.shape[2]):
                    total += left_rows[i, j, k] * right_rows[i, j, k]
                out[j, 0] += total
    else:
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                for k in range(x.shape[2]):
                    for m in range(x.shape[3]):
                        out[j, m] += left[i, j, k, m] * right[i, j, k, m]
    return out / (x.shape[0] * x.shape[2])


@kernel(fastmath=("reassoc", "contract"))
def means_and_scales(x, epsilon):
    """The mean of each group, and one over the root of its variance plus ``epsilon``."""
    mean = means_over(x)
    scale = np.zeros((x.shape[1], x.shape[3]), x.dtype)
    if x.shape[3] == 1:
        rows = np.ascontiguousarray(x).reshape(x.shape[:3])
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                total = x.dtype.type(0)
                for k in range(x.shape[2]):
                    d = rows[i, j, k] - mean[j, 0]
                    total += d * d
                scale[j, 0] += total
    else:
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                for k in range(x.shape[2]):
                    for m in range(x.shape[3]):
                        d = x[i, j, k, m] - mean[j, m]
                        scale[j, m] += d * d
    for j in range(x.shape[1]):
        for m in range(x.shape[3]):
            scale[j, m] = 1 / np.sqrt(scale[j, m] / (x.shape[0] * x.shape[2]) + epsilon)
    return mean, scale


@kernel(fastmath=("reassoc", "contract"))
def combined(x, y, shift, slope, scale):
    """``(x - shift - y * slope) * scale``, with numbers for each place of the second and fourth axis."""
    left, right = np.ascontiguousarray(x), np.ascontiguousarray(y)
    out = np.empty(x.shape, x.dtype)
    if x.shape[3] == 1:
        rows, others, made = left.reshape(x.shape[:3]), right.reshape(x.shape[:3]), out.reshape(x.shape[:3])
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                a, b, c = shift[j, 0], slope[j, 0], scale[j, 0]
                for k in range(x.shape[2]):
                    made[i, j, k] = (rows[i, j, k] - a - others[i, j, k] * b) * c
    else:
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                for k in range(x.shape[2]):
                    for m in range(x.shape[3]):
                        out[i, j, k, m] = (
                            left[i, j, k, m] - shift[j, m] - right[i, j, k, m] * slope[j, m]
                        ) * scale[j, m]
    return out


@primitive()
def standardized(x, epsilon):
    """The elements of each group less their mean, over the root of their variance plus ``epsilon``."""
    if x.size == 0:
        raise ValueError("normalization: there is nothing to take a mean of")
    given = np.ascontiguousarray(x)
    mean, scale = means_and_scales(given, epsilon)
    return combined(given, given, mean, np.zeros_like(mean), scale)


@standardized.adjoint("x")
def standardized_dx(dy, x, y, epsilon):
    _, scale = means_and_scales(np.ascontiguousarray(x), epsilon)
    return combined(dy, y, means_over(dy), products_over(dy, y), scale)


@standardized.adjoint("epsilon")
def standardized_depsilon(dy, x, y, epsilon):
    _, scale = means_and_scales(np.ascontiguousarray(x), epsilon)
    along = products_over(dy, y)
    total = x.dtype.type(0)
    for j in range(x.shape[1]):
        for m in range(x.shape[3]):
            total -= 0.5 * along[j, m] * scale[j, m] * scale[j, m]
    return total * (x.shape[0] * x.shape[2])


@standardized.tangent("x")
def standardized_tx(tx, x, y, epsilon):
    return standardized_dx(tx, x, y, epsilon)  # the matrix of derivatives is symmetric


for _function in (standardized.body, standardized_dx, standardized_depsilon):
    _function.fastmath = FREE_ORDER  # type: ignore[union-attr]
standardized.result(lambda x, epsilon: Array(x.dtype, 4, "C", x.labels))
standardized.samples(
    sample(real(3, 2, 4, 1), 1e-2), sample(real(2, 3, 1, 2), 1e-5), sample(real(1, 2, 5, 2), 0.1),
    sample(real(2, 3, 2, 3).T, 1e-3), rejects(real(0, 2, 2, 1), 0.1, error=ValueError),
)
