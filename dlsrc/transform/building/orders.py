"""Whether NumPy's array certainly lies in memory as the one here does.

    b = np.roll(x.T, 1)        NumPy keeps the order of x.T, the kernel gives C order
    b.ravel()[0] = 1.0         so this changes b here, and a copy of it in NumPy: refused

Of arrays in C order NumPy makes arrays in C order.  Where an operand is in another order, the order of the
result is known of views, element-wise operations and those named here; of any other it is not *sure*
(`Array.sure`).  What is not sure has no contiguous memory for `ravel` and `reshape` to share.
"""

from collections.abc import Iterable
from typing import Any

from ...kernels.primitive import Primitive
from ...kernels.types import Array, Type
from ...records import replace

__all__ = ["by_operands", "of_elements", "settled"]

# In C order whatever the order of the operands.
ALWAYS_C = frozenset({
    "contiguous", "copy", "corrcoef", "cov", "flattened", "grid", "indices", "ix", "kron", "meshgrid",
    "outer", "outer_product", "powers", "repeat", "repeat_axis", "reshaped1", "reshaped2", "reshaped3",
    "reshaped4", "reshaped5", "straightened", "take_along", "take_along_axis", "tensordot",
    "tile", "tile_axis", "vander",
})  # fmt: skip

# The same, of matrices; stacks of them keep their order.
ALWAYS_C_OF_MATRICES = frozenset({
    "cholesky", "cholesky_lower", "cofactors", "det", "dot", "eigenvectors", "eigh", "inner", "inv",
    "left_vectors", "lstsq", "lu_inverse", "lu_solve", "lu_solve_t", "matmat", "matmat_int", "matmat_nt",
    "matmat_tn", "matmul", "matrix_exponential", "multi_dot", "orthonormal", "pinv", "pseudo_inverse", "qr",
    "right_vectors", "solve", "svd", "triangular_matrix", "upper_triangular",
})  # fmt: skip

# SciPy's wrappers of LAPACK, which works in Fortran order; what NumPy turns at the end; read-only views.
NEVER_SURE = frozenset({
    "argwhere", "block_diag", "broadcast_arrays", "broadcast_to", "cho_factor", "cho_solve", "circulant",
    "cross", "cross_of", "expm", "scipy_cholesky", "scipy_eigh", "scipy_pinv", "scipy_qr", "scipy_solve",
    "scipy_svd", "sliding_window_view", "solve_triangular", "toeplitz", "windows",
})  # fmt: skip

# In the order of the operand where that is C or Fortran order.
KEPT = frozenset({"new_zeros_like", "zeros_like"})


def settled(op: Primitive, operands: Iterable[Any], result: Type) -> Type:
    """The type of a primitive's result, with what is known of its order."""
    if not isinstance(result, Array) or result.ndim < 2:
        return result
    arrays = [t for t in operands if isinstance(t, Array) and t.ndim > 1]
    if op.elementwise:
        sure = of_elements(arrays, result.layout)
    elif op.view:
        sure = all(t.sure for t in arrays) and (result.layout != "A" or op.name == "relabel")
    else:
        sure = by_operands(op.name, arrays, result)
    return result if sure == result.sure else replace(result, sure=sure)


def by_operands(name: str, arrays: list[Array], result: Array) -> bool:
    """Whether the order of a result is known, of what is neither a view nor element-wise.

    >>> by_operands("roll", [Array("float64", 2, "F")], Array("float64", 2))
    False
    """
    if name in NEVER_SURE:
        return False
    if name in ALWAYS_C or name in ALWAYS_C_OF_MATRICES and all(t.ndim == 2 for t in (*arrays, result)):
        return result.layout == "C"
    if name in KEPT:
        return of_elements(arrays, result.layout)
    return result.layout == "C" and of_elements(arrays, "C")


def of_elements(arrays: list[Array], layout: str) -> bool:
    """Whether the axes of an element-wise result are certainly in this order; in C order for "A"."""
    return all(t.sure and (t.layout == "F") == (layout == "F") for t in arrays)
