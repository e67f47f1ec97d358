"""Arguments far from zero, for which there is another kernel."""

from typing import Any

__all__ = ["FAR", "if_far"]

FAR = 8388608.0  # 2**23


def if_far(kernel: Any, x: Any, y: Any) -> Any:
    """``y``, or where ``abs(x)`` is above ``FAR`` what the kernel gives for ``x``; of float64.

    It is no choice between two numbers that are both there: a vector of numbers is tested at once, and the
    kernel, which may look into tables, is called for those that are far, one by one
    (``transform.machine.far_calls``).  The rest of a loop is as it were without.

    >>> if_far(lambda x: "another", 1.0, "calculated"), if_far(lambda x: "another", -1e9, "calculated")
    ('calculated', 'another')
    """
    return kernel(x) if abs(x) > FAR else y
