"""What concerns the trace and not the numbers: cutting it, and giving a value its labels."""

import numpy as np

from ...records import replace
from ..primitive import primitive, real, sample
from ..types import Array

__all__ = ["detach", "itself", "relabel"]


@primitive(inline=True, detached=True, static=("keep_labels",))
def detach(x, keep_labels):
    """The value itself; no derivative passes."""
    return x


@detach.result
def detach_result(x, keep_labels):
    return x if keep_labels else replace(x, labels=None)


detach.zero("x")
detach.samples(sample(real(3), keep_labels=True), sample(real(2, 3), keep_labels=False))


@primitive(inline=True, static=("copies", "labels"))
def relabel(x, labels, copies):
    """The value itself as a dlarray of this format; its derivative passes unchanged.

    With ``copies`` it has memory of its own, if it or x is written to.
    """
    return x


@relabel.result
def relabel_result(x, labels, copies):
    # The data of a dlarray is floating point, and never a weak Python number.
    dtype = x.dtype if x.dtype in ("float32", "bool") else "float64"
    return (
        replace(x, labels=labels, dtype=dtype)
        if isinstance(x, Array)
        else replace(x, labels=labels, dtype=dtype, weak=False)
    )


@relabel.adjoint("x")
def relabel_dx(dy):
    return dy


relabel.linear("x")
relabel.samples(sample(real(3), labels="", copies=True), sample(np.float64(0.5), labels="", copies=True))


@primitive(inline=True)
def itself(x):
    """The number itself, as a variable of its own: a derivative by it is by nothing else of that value."""
    return x


@itself.result
def itself_result(x):
    return x


@itself.adjoint("x")
def itself_dx(dy):
    return dy


itself.samples(sample(0.5))
