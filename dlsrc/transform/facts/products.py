"""The products that are added to an array without one in between, and what the kernels that do it are called.

    accumulate(dW, matmat_nt(dz, x))    →    accumulate_nt(dW, dz, x)        deduct(…)    →    deduct_nt(…)
"""

__all__ = ["ADDED"]

ADDED = {
    "outer_product": "outer", "matmat": "nn", "matmat_nt": "nt", "matmat_tn": "tn", "matvec": "matvec",
    "vecmat": "vecmat",
}  # fmt: skip
