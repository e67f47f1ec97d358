"""What NumPy gives back as the same memory is the same memory here, and what it copies is another array.

Seen by a write: to the array after the operation, and through its result.  Where it depends on how an array
lies in memory, or where there can be no view, a write that would show is refused.
"""

import numpy as np
import pytest

from dlsrc import value_and_grad
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import assert_gradient, matrix, vector

V, M = vector(6), matrix(3, 3)
I6 = np.arange(6)

OPERATIONS = {
    "itself": (V, lambda y: y), "[:]": (V, lambda y: y[:]), "[...]": (M, lambda y: y[...]),
    "copy": (V, lambda y: y.copy()), "np.copy": (V, lambda y: np.copy(y)), "+": (V, lambda y: +y),
    "abs": (V, lambda y: abs(y)), "+ 0": (V, lambda y: y + 0.0), "np.array": (V, lambda y: np.array(y)),
    "np.asarray": (V, lambda y: np.asarray(y)), "ascontiguousarray": (M, lambda y: np.ascontiguousarray(y)),
    
    "astype": (V, lambda y: y.astype(np.float64)),
    "astype without a copy": (V, lambda y: y.astype(np.float64, copy=False)),
    "np.float64": (V, lambda y: np.float64(y)),
    "T": (M, lambda y: y.T), "transpose": (M, lambda y: np.transpose(y)),
    "swapaxes": (M, lambda y: np.swapaxes(y, 0, 1)), "moveaxis": (M, lambda y: np.moveaxis(y, 0, 1)),
    "ravel": (M, lambda y: y.ravel()), 
    "flatten": (M, lambda y: y.flatten()), "reshape": (V, lambda y: y.reshape(2, 3)),
    "np.reshape": (V, lambda y: np.reshape(y, (3, 2))), 
    "squeeze": (V.reshape(6, 1), lambda y: np.squeeze(y, axis=1)), "expand_dims": (V, lambda y: np.expand_dims(y, 0)),
    "newaxis": (V, lambda y: y[:, np.newaxis]), "atleast_1d": (V, lambda y: np.atleast_1d(y)),
    "atleast_2d": (V, lambda y: np.atleast_2d(y)), "flip": (V, lambda y: np.flip(y)),
    "[::-1]": (V, lambda y: y[::-1]), "[::2]": (V, lambda y: y[::2]), "roll": (V, lambda y: np.roll(y, 1)),
    "real": (V, lambda y: y.real), "np.real": (V, lambda y: np.real(y)), "conj": (V, lambda y: np.conj(y)),
    "take": (M, lambda y: np.take(y, 1, axis=0)), "take of indices": (V, lambda y: np.take(y, I6)),
    "[1]": (M, lambda y: y[1]), "[:, 1]": (M, lambda y: y[:, 1]), "[indices]": (V, lambda y: y[I6]),
    "[mask]": (V, lambda y: y[y > 0.0]), "where": (V, lambda y: np.where(y > 0.0, y, 1.0)),
    "clip": (V, lambda y: np.clip(y, 0.0, 9.0)), "nan_to_num": (V, lambda y: np.nan_to_num(y)),
    "maximum": (V, lambda y: np.maximum(y, 0.0)), "round": (V, lambda y: y * np.round(y)),
    "split": (V, lambda y: np.split(y, 2)[0]), "concatenate": (V, lambda y: np.concatenate((y,))),
    "stack": (V, lambda y: np.stack((y,))), "vstack": (M, lambda y: np.vstack((y,))),
    "repeat": (V, lambda y: np.repeat(y, 1)), "tile": (V, lambda y: np.tile(y, 1)),
    "sort": (V, lambda y: np.sort(y)), "cumsum": (V, lambda y: np.cumsum(y)),
    "triu": (M, lambda y: np.triu(y)), "matrix_power 1": (M, lambda y: np.linalg.matrix_power(y, 1)),
    "matrix_power 2": (M, lambda y: np.linalg.matrix_power(y, 2)),
    "einsum ij": (M, lambda y: np.einsum("ij->ij", y)), "einsum ji": (M, lambda y: np.einsum("ij->ji", y)),
    "einsum ii": (M, lambda y: np.einsum("ii->i", y)), "einsum i": (M, lambda y: np.einsum("ij->i", y)),
    "sum of one": (V, lambda y: sum([y])), "sum of no axes": (V, lambda y: np.sum(y, axis=())),
    "np.multiply": (V, lambda y: np.multiply(y, 1.0)), "np.positive": (V, lambda y: np.positive(y)),
    "a conditional": (V, lambda y: y if len(y) > 2 else y.copy()), "max of one": (V, lambda y: max([y], key=len)),
}  # fmt: skip


def written_afterwards(op):
    def f(x):
        y = x * 1.5
        z = op(y)
        y *= y
        return np.sum(z * z) + np.sum(y)

    return f


def written_through(op):
    def f(x):
        y = x * 1.5
        z = op(y)
        z *= 2.0
        return np.sum(y * y) + np.sum(z)

    return f


@pytest.mark.parametrize("write", [written_afterwards, written_through])
@pytest.mark.parametrize("name", OPERATIONS)
def test_memory_is_shared_where_numpy_shares_it(name, write):
    x, op = OPERATIONS[name]
    assert_gradient(write(op), x)


UNDECIDED = {
    "ascontiguousarray of T": (M, lambda y: np.ascontiguousarray(y.T)), "ravel of T": (M, lambda y: y.T.ravel()),
    "reshape of T": (M, lambda y: y.T.reshape(9)),
    "row of a list": (M, lambda y: list(y)[1]), "a loop's row": (M, lambda y: [r for r in y][2]),
}
READ_ONLY = {  # NumPy's are views that nobody may write to
    "diagonal": (M, lambda y: np.diagonal(y)), "diag": (M, lambda y: np.diag(y)),
    "broadcast_to": (V, lambda y: np.broadcast_to(y, (2, 6))),
}  # fmt: skip


@pytest.mark.parametrize("name, write", [
    *((name, write) for name in UNDECIDED for write in (written_afterwards, written_through)),
    *((name, written_afterwards) for name in READ_ONLY),
])  # fmt: skip
def test_a_write_that_would_show_is_refused(name, write):
    x, op = (UNDECIDED | READ_ONLY)[name]
    with pytest.raises(UnsupportedSyntax, match=r"copy\(\)|write before it is appended"):
        value_and_grad(write(op))(x)
