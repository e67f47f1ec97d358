"""The text of one loop that calculates several arrays of one shape, and sums of them, element by element.

>>> print(joint_loops(Loop(
...     arrays=(("_x0", (("from", 0),)),), numbers=("_c0",), ndim=1,
...     lines=(("_e0", "_float64(_c0 * _x0)"), ("_e1", "_float64(_e0 + _x0)")),
...     sums=(("_e1", "float64"),), kept=(("_e0", "float64"),),
... )))
def joint(_c0, _a0):
    _n0 = _a0.shape[0]
    _k0 = _np.empty((_n0,), _float64)
    _s0 = _float64(0)
    for _i0 in range(_n0):
        _x0 = _a0[_i0]
        _e0 = _float64(_c0 * _x0)
        _e1 = _float64(_e0 + _x0)
        _k0[_i0] = _e0
        _s0 = _plus(_s0, _e1)
    return _s0, _k0

Arrays in order of C of more than one axis are gone through as vectors.
"""

from ...records import record

__all__ = ["Loop", "joint_loops"]


@record(frozen=True)
class Loop:
    """What a loop calculates.

    Attributes
    ----------
    arrays : tuple of (name of an element, axes)
        What is read.  Axes are ("from", k) where the array has the size of axis k of the results, and
        ("one", k) where it has a single element.
    numbers : tuple of str
    ndim : int
    lines : tuple of (name, expression)
        What a trip calculates, in this order.
    sums : tuple of (name, dtype)
    kept : tuple of (name, dtype)
        What arrays are made of.
    flat : bool
        Whether all arrays have the shape of the results, and are in order of C.
    """

    arrays: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    numbers: tuple[str, ...]
    ndim: int
    lines: tuple[tuple[str, str], ...]
    sums: tuple[tuple[str, str], ...]
    kept: tuple[tuple[str, str], ...]
    flat: bool = False


def joint_loops(loop: Loop) -> str:
    """The function ``joint`` of the numbers and the arrays; it gives the sums, then the arrays.

    Its names begin with an underscore, as no kernel's does: ``_plus`` adds in any order, ``_float64`` is
    NumPy's type.  Sizes that were proven to be equal are compared all the same: once a call.
    """
    flat = loop.flat and loop.ndim > 1
    names = [f"_a{k}" for k in range(len(loop.arrays))]
    lines = _sizes(loop)
    shape = ", ".join(f"_n{k}" for k in range(loop.ndim)) + "," * (loop.ndim == 1)
    for k, (_, dtype) in enumerate(loop.kept):
        lines.append(f"_k{k} = _np.empty(({shape}), _{dtype})")
    lines += [f"_s{k} = _{dtype}(0)" for k, (_, dtype) in enumerate(loop.sums)]
    depth, place = loop.ndim, ", ".join(f"_i{k}" for k in range(loop.ndim))
    kept = [f"_k{k}" for k in range(len(loop.kept))]
    if flat:
        lines += [f"_v{k} = {name}.ravel()" for k, name in enumerate(names)]
        lines += [f"_w{k} = {name}.reshape({name}.size)" for k, name in enumerate(kept)]
        lines.append(f"for _i0 in range({' * '.join(f'_n{k}' for k in range(loop.ndim))}):")
        depth, place = 1, "_i0"
    else:
        lines += [f"{'    ' * k}for _i{k} in range(_n{k}):" for k in range(loop.ndim)]
    trip = []
    for k, (element, axes) in enumerate(loop.arrays):
        index = ", ".join("0" if kind == "one" else f"_i{axis}" for kind, axis in axes)
        trip.append(f"{element} = _v{k}[_i0]" if flat else f"{element} = _a{k}[{index}]")
    trip += [f"{name} = {expression}" for name, expression in loop.lines]
    trip += [f"{'_w' if flat else '_k'}{k}[{place}] = {name}" for k, (name, _) in enumerate(loop.kept)]
    trip += [f"_s{k} = _plus(_s{k}, {name})" for k, (name, _) in enumerate(loop.sums)]
    lines += [f"{'    ' * depth}{line}" for line in trip]
    lines.append(f"return {', '.join([*(f'_s{k}' for k in range(len(loop.sums))), *kept])}")
    head = f"def joint({', '.join([*loop.numbers, *names])}):"
    return "\n".join([head, *(f"    {line}" for line in lines)])


def _sizes(loop: Loop) -> list[str]:
    """The sizes of the axes, and the comparison of all arrays with them."""
    lines: list[str] = []
    tests: list[str] = []
    known: set[int] = set()
    for k, (_, axes) in enumerate(loop.arrays):
        for own, (kind, axis) in enumerate(axes):
            size = f"_a{k}.shape[{own}]"
            if kind == "one":
                tests.append(f"{size} != 1")
            elif axis in known:
                tests.append(f"{size} != _n{axis}")
            else:
                known.add(axis)
                lines.append(f"_n{axis} = {size}")
    if tests:
        lines += [
            f"if {' or '.join(tests)}:",
            "    raise ValueError('operands could not be broadcast together')",
        ]
    return lines
