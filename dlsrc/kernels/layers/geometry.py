"""Where windows lie on one to three axes: for convolutions and pools."""

import numpy as np

from ..primitive import primitive, rejects, sample
from ..types import Array

__all__ = ["window_geometry"]


@primitive()
def window_geometry(
    depth, height, width, taps_d, taps_h, taps_w, stride_d, stride_h, stride_w, gap_d, gap_h, gap_w,
    before_d, before_h, before_w, after_d, after_h, after_w, last, same,
):
    """Sizes of the input, of the windows, strides, distances of taps, margins before, places; and ``last``.

    Three numbers each.  With ``same`` the margins are those that give ``ceil(size / stride)`` places, the
    larger one after.
    """
    out = np.array((
        depth, height, width, taps_d, taps_h, taps_w, stride_d, stride_h, stride_w, gap_d, gap_h, gap_w,
        before_d, before_h, before_w, after_d, after_h, after_w, last,
    ))
    for k in range(3):
        size, taps, stride, gap = out[k], out[3 + k], out[6 + k], out[9 + k]
        if stride < 1 or gap < 1:
            raise ValueError("windows: strides and dilation factors are at least one")
        reach = (taps - 1) * gap + 1
        if same:
            total = max(((size + stride - 1) // stride - 1) * stride + reach - size, 0)
            out[12 + k] = total // 2
            out[15 + k] = total - total // 2
        room = size + out[12 + k] + out[15 + k] - reach
        if size < 1 or taps < 1 or room < 0:
            raise ValueError("windows: a window is larger than the padded input, or has nothing in it")
        out[15 + k] = room // stride + 1
    return out


window_geometry.result(lambda *sizes, **named: Array("int64", 1))
window_geometry.zero(*window_geometry.arguments)
window_geometry.samples(
    sample(1, 4, 5, 1, 3, 2, 1, 2, 1, 1, 1, 2, 0, 1, 0, 0, 0, 3, 1, 0),
    sample(1, 4, 5, 1, 3, 2, 1, 2, 1, 1, 1, 2, 0, 0, 0, 0, 0, 0, 1, 1),
    rejects(1, 4, 5, 1, 5, 2, 1, 2, 1, 1, 1, 2, 0, 0, 0, 0, 0, 0, 1, 0, error=ValueError),
    rejects(1, 4, 5, 1, 3, 2, 1, 0, 1, 1, 1, 2, 0, 0, 0, 0, 0, 0, 1, 0, error=ValueError),
)
