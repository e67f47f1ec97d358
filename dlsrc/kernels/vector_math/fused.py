"""``a * b + c``, in one instruction where the processor has it."""

__all__ = ["multiply_add"]


def multiply_add(a, b, c):
    """``a * b + c``; whether the product is rounded is left to the processor.

    So it may not stand where the rounding matters: in a difference that gives the error of a sum or product.
    Compiled it is ``llvm.fmuladd`` (``transform.fused``), which is never slower than the two operations.
    """
    return a * b + c


multiply_add.is_kernel = True  # type: ignore[attr-defined]
