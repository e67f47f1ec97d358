"""Sums of exponentials of vectors, and of many short ones at a time.

Subtracting the maximum keeps ``exp`` finite.  LLVM computes eight exponentials at once, so a row of ten takes
as long as one of sixteen, and is hardly entered before it ends.  So short rows are laid end to end, less
their maxima, in a block that stays in the processor's nearest cache, and the block is one long loop:

    for i in rows:                                for i in rows of a block:
        for k in columns:                  →          for k in columns: block[i, k] = x[i, k] - top[i]
            total[i] += exp(x[i, k] - top[i])     for k in block: block[k] = exp(block[k])
                                                  for i in rows of a block: total[i] = sum of block[i]
"""

import numpy as np

from ..primitive import kernel

__all__ = [
    "log_softmax_rows", "log_softmax_rows_dx", "log_total", "log_totals", "log_totals_dx", "rows_of",
    "softmax_rows",
]

BLOCK = 1024  # elements
FEW = 32


@kernel
def rows_of(x, axis):
    """``x`` as a matrix whose rows are what stands along its last axis."""
    return np.ascontiguousarray(x).reshape((x.size // x.shape[axis], x.shape[axis]))


@kernel
def largest_of(row):
    """The largest element; NaN where the first is, and others are not seen.

    Four at a time, as each comparison waits for the last.
    """
    n = row.shape[0] // 4
    first, second, third, fourth = row[:n], row[n : 2 * n], row[2 * n : 3 * n], row[3 * n :]
    a, b, c, d = row[0], row[0], row[0], row[0]
    for k in range(n):
        a = first[k] if first[k] > a else a
        b = second[k] if second[k] > b else b
        c = third[k] if third[k] > c else c
        d = fourth[k] if fourth[k] > d else d
    for k in range(n, fourth.shape[0]):
        d = fourth[k] if fourth[k] > d else d
    a = b if b > a else a
    c = d if d > c else c
    return c if c > a else a


@kernel(fastmath=("reassoc", "contract"))
def exp_total(row, largest):
    """The sum of the exponentials of a vector less a number."""
    total = row.dtype.type(0)
    for k in range(row.shape[0]):
        total += np.exp(row[k] - largest)
    return total


@kernel
def log_total(values):
    """The logarithm of the sum of exponentials of a vector."""
    largest = largest_of(values)
    if np.isinf(largest):
        for k in range(values.shape[0]):
            if values[k] != values[k]:
                return values[k]
        return largest
    return largest + np.log(exp_total(values, largest))


@kernel
def log_total_dx(dy, row, y, out):
    """Fills ``out`` with the derivative by a vector of the logarithm ``y`` of the sum of its exponentials."""
    if np.isinf(y):
        for k in range(row.shape[0]):
            out[k] = dy if y > 0 and row[k] == y else 0
    else:
        for k in range(row.shape[0]):
            out[k] = dy * np.exp(row[k] - y)


@kernel(fastmath=("reassoc", "contract"))
def softmax_row(row, out):
    """Fills ``out`` with the softmax of a vector."""
    largest = largest_of(row)
    total = row.dtype.type(0)
    for k in range(row.shape[0]):
        e = np.exp(row[k] - largest)
        out[k] = e
        total += e
    scale = 1 / total  # one at least
    for k in range(row.shape[0]):
        out[k] *= scale


@kernel
def rows_at_a_time(rows):
    """How many rows make a block, one at least."""
    return max(1, BLOCK // max(1, rows.shape[1]))


@kernel
def less_largest(rows, largest, out):
    """Fills ``out`` with the rows less their largest elements, and ``largest`` with those."""
    for i in range(rows.shape[0]):
        if rows.shape[1] < FEW:  # the processor goes on to the next row meanwhile
            top = rows[i, 0]
            for k in range(1, rows.shape[1]):
                top = rows[i, k] if rows[i, k] > top else top
        else:
            top = largest_of(rows[i])
        largest[i] = top
        for k in range(rows.shape[1]):
            out[i, k] = rows[i, k] - top


@kernel(fastmath=("reassoc", "contract"))
def exp_totals(rows, totals):
    """Each element becomes its exponential; fills ``totals`` with the sums of the rows of these."""
    flat = rows.reshape(rows.size)
    for k in range(flat.shape[0]):
        flat[k] = np.exp(flat[k])
    for i in range(rows.shape[0]):
        total = rows.dtype.type(0)
        for k in range(rows.shape[1]):
            total += rows[i, k]
        totals[i] = total


@kernel
def log_totals(rows, out):
    """Fills ``out`` with the logarithms of the sums of the exponentials of the rows."""
    step = rows_at_a_time(rows)
    if step == 1:
        for i in range(rows.shape[0]):
            out[i] = log_total(rows[i])
        return
    buffer = np.empty((step, rows.shape[1]), rows.dtype)
    largest, sums = np.empty(step, rows.dtype), np.empty(step, rows.dtype)
    for first in range(0, rows.shape[0], step):
        part = rows[first:first + step]
        totals = out[first:first + step]
        block = buffer[:part.shape[0]]
        less_largest(part, largest, block)
        exp_totals(block, sums)
        for i in range(part.shape[0]):
            totals[i] = largest[i] + np.log(sums[i])
        for i in range(part.shape[0]):
            if np.isinf(largest[i]):
                totals[i] = log_total(part[i])


@kernel
def log_totals_dx(dy, rows, y, out):
    """Fills ``out`` with the derivatives of ``y``, the logarithms of sums of exponentials, by the rows."""
    step = rows_at_a_time(rows)
    for first in range(0, rows.shape[0], step):
        part = rows[first:first + step]
        block = out[first:first + step]
        totals = y[first:first + step]
        cotangents = dy[first:first + step]
        for i in range(part.shape[0]):
            for k in range(part.shape[1]):
                block[i, k] = part[i, k] - totals[i]
        flat = block.reshape(block.size)
        for k in range(flat.shape[0]):
            flat[k] = np.exp(flat[k])
        for i in range(part.shape[0]):
            if np.isinf(totals[i]):
                log_total_dx(cotangents[i], part[i], totals[i], block[i])
            else:
                for k in range(part.shape[1]):
                    block[i, k] *= cotangents[i]


@kernel
def softmax_rows(rows, out):
    """Fills ``out`` with the softmax of each row."""
    step = rows_at_a_time(rows)
    if step == 1:
        for i in range(rows.shape[0]):
            softmax_row(rows[i], out[i])
        return
    largest, sums = np.empty(step, rows.dtype), np.empty(step, rows.dtype)
    for first in range(0, rows.shape[0], step):
        block = out[first:first + step]
        less_largest(rows[first:first + step], largest, block)
        exp_totals(block, sums)
        for i in range(block.shape[0]):
            scale = 1 / sums[i]  # one at least
            for k in range(block.shape[1]):
                block[i, k] *= scale


@kernel
def log_softmax_rows(rows, out):
    """Fills ``out`` with the logarithms of the softmax of each row.

    Not less the whole logarithm of the sum at once: beside a large maximum it would lose its digits.
    """
    step = rows_at_a_time(rows)
    buffer = np.empty((step, rows.shape[1]), rows.dtype)
    largest, sums = np.empty(step, rows.dtype), np.empty(step, rows.dtype)
    for first in range(0, rows.shape[0], step):
        block = out[first:first + step]
        held = buffer[:block.shape[0]]
        less_largest(rows[first:first + step], largest, held)
        for i in range(block.shape[0]):
            for k in range(block.shape[1]):
                block[i, k] = held[i, k]
        exp_totals(held, sums)
        for i in range(block.shape[0]):
            logarithm = np.log(sums[i])
            for k in range(block.shape[1]):
                block[i, k] -= logarithm


@kernel(fastmath=("reassoc", "contract"))
def log_softmax_rows_dx(dy, y, out):
    """Fills ``out`` with the derivatives by the rows of the logarithms ``y`` of their softmax."""
    flat, logs = out.reshape(out.size), y.reshape(y.size)
    for k in range(flat.shape[0]):
        flat[k] = np.exp(logs[k])
    for i in range(out.shape[0]):
        total = out.dtype.type(0)
        for k in range(out.shape[1]):
            total += dy[i, k]
        for k in range(out.shape[1]):
            out[i, k] = dy[i, k] - out[i, k] * total
