"""The text of a loop that applies a function of numbers to the elements of arrays, which broadcast.

numba asks at every element whether an axis of an array has length one, and LLVM takes each of these questions
out of the loops: by two, for each axis of each array.  Here the loops are written for what occurs: arrays of
equal shapes; one array with a single element along the last axis, which is read before the loop over it; and,
for more than two arrays, any other way to broadcast.

>>> print(element_loops("g", ["a", "b"], [1, 1]))
def g(a, b):
    _n0 = a.shape[0]
    if _n0 == 1:
        _n0 = b.shape[0]
    elif b.shape[0] != 1 and b.shape[0] != _n0:
        raise ValueError('operands could not be broadcast together')
    _out = _np.empty((_n0,), _result)
    if a.shape[0] == _n0 and b.shape[0] == _n0:
        for _i0 in range(_n0):
            _out[_i0] = _element(a[_i0], b[_i0])
    elif a.shape[0] != _n0:
        _a = a[0]
        for _i0 in range(_n0):
            _out[_i0] = _element(_a, b[_i0])
    else:
        _b = b[0]
        for _i0 in range(_n0):
            _out[_i0] = _element(a[_i0], _b)
    return _out
"""

__all__ = ["element_loops"]


def element_loops(name: str, names: list[str], ndims: list[int | None], in_order: bool = False) -> str:
    """The function of arguments with these numbers of dimensions, None for a number.

    ``in_order`` says that all arrays are in order of C: equal shapes are gone through as vectors.

    Its own names begin with an underscore, as no parameter does: ``_element`` is the function of numbers,
    ``_result`` the dtype of what it gives, ``_np`` is NumPy.

    >>> print(element_loops("relu", ["x"], [1]))
    def relu(x):
        _n0 = x.shape[0]
        _out = _np.empty((_n0,), _result)
        for _i0 in range(_n0):
            _out[_i0] = _element(x[_i0])
        return _out
    >>> print(element_loops("relu", ["x"], [2], in_order=True))
    def relu(x):
        _n0 = x.shape[0]
        _n1 = x.shape[1]
        _out = _np.empty((_n0, _n1), _result)
        _v0 = x.ravel()
        _w = _out.reshape(_out.size)
        for _i in range(_out.size):
            _w[_i] = _element(_v0[_i])
        return _out
    """
    head = f"def {name}({', '.join(names)}):"
    if not any(ndims):
        return f"{head}\n    return _result(_element({', '.join(names)}))"
    loops = _Loops(names, ndims, in_order)
    return "\n".join([head, *(f"    {line}" for line in [*loops.shape(), *loops.all(), "return _out"])])


class _Loops:
    def __init__(self, names: list[str], ndims: list[int | None], in_order: bool):
        self.names = names
        self.ndims = {n: d for n, d in zip(names, ndims, strict=True) if d is not None}
        self.ndim = max(self.ndims.values())
        self.arrays = [n for n, d in self.ndims.items() if d]
        self.flat = in_order and self.ndim > 1 and all(self.ndims[n] == self.ndim for n in self.arrays)
        # Axes along which more than one array lies, the only ones along which one of them is repeated.
        self.shared = [k for k in range(self.ndim) if len(self.along(k)) > 1]

    def along(self, axis: int) -> list[str]:
        return [n for n in self.arrays if axis >= self.ndim - self.ndims[n]]

    def size(self, name: str, axis: int) -> str:
        return f"{name}.shape[{axis - (self.ndim - self.ndims[name])}]"

    def shape(self) -> list[str]:
        """The shape of the result, and the result."""
        lines = []
        for axis in range(self.ndim):
            first, *others = (self.size(n, axis) for n in self.along(axis))
            lines.append(f"_n{axis} = {first}")
            for size in others:
                lines += [
                    f"if _n{axis} == 1:", f"    _n{axis} = {size}",
                    f"elif {size} != 1 and {size} != _n{axis}:",
                    "    raise ValueError('operands could not be broadcast together')",
                ]
        sizes = ", ".join(f"_n{k}" for k in range(self.ndim))
        return [*lines, f"_out = _np.empty(({sizes}{',' * (self.ndim == 1)}), _result)"]

    def all(self) -> list[str]:
        """The loops for equal shapes, and those for others."""
        last = self.ndim - 1
        outer = [k for k in self.shared if k != last]
        plain = self.vectors() if self.flat else [*self.nest(), *_deeper(self.inner(repeats=False), last)]
        if not self.shared:
            return plain
        equal = " and ".join(f"{self.size(n, k)} == _n{k}" for k in self.shared for n in self.along(k))
        others = self.branches()
        if self.ndim == 1:
            return [f"if {equal}:", *_deeper(plain), f"el{others[0]}", *others[1:]]
        steps = [
            f"_{n}_{k} = 0 if {self.size(n, k)} == 1 else 1" for k in outer for n in self.along(k)
        ]  # fmt: skip
        return [
            f"if {equal}:", *_deeper(plain),
            "else:", *_deeper([*steps, *self.nest(), *_deeper(others, last)]),
        ]  # fmt: skip

    def vectors(self) -> list[str]:
        """One loop over all elements."""
        views = {n: f"_v{k}" for k, n in enumerate(self.arrays)}
        operands = [
            f"{views[n]}[_i]" if n in views else f"{n}[()]" if n in self.ndims else n for n in self.names
        ]
        return [
            *(f"{view} = {n}.ravel()" for n, view in views.items()), "_w = _out.reshape(_out.size)",
            "for _i in range(_out.size):", f"    _w[_i] = _element({', '.join(operands)})",
        ]  # fmt: skip

    def branches(self) -> list[str]:
        """The loop over the last axis, for each of the arrays that may be repeated along it."""
        last = self.ndim - 1
        if last not in self.shared:
            return self.inner(repeats=True)
        cases = []
        if len(self.shared) > 1:
            full = " and ".join(f"{self.size(n, last)} == _n{last}" for n in self.arrays)
            cases.append((full, self.inner(repeats=True)))
        for name in self.arrays:
            others = [f"{self.size(n, last)} == _n{last}" for n in self.arrays if n != name]
            alone = [f"{self.size(name, last)} != _n{last}", *(others if len(others) > 1 else [])]
            cases.append((" and ".join(alone), self.inner(repeats=True, single=name)))
        if len(self.arrays) > 2:
            steps = [f"_{n}_{last} = 0 if {self.size(n, last)} == 1 else 1" for n in self.arrays]
            cases.append(("", [*steps, *self.inner(repeats=True, strided=True)]))
        lines: list[str] = []
        for k, (test, body) in enumerate(cases):
            word = "else:" if k == len(cases) - 1 else f"{'el' if k else ''}if {test}:"
            lines += [word, *_deeper(body)]
        return lines

    def nest(self) -> list[str]:
        """The heads of the loops over all axes but the last."""
        return [f"{'    ' * k}for _i{k} in range(_n{k}):" for k in range(self.ndim - 1)]

    def inner(self, *, repeats: bool, single: str = "", strided: bool = False) -> list[str]:
        """The loop over the last axis.

        ``repeats`` says whether an array may be repeated along another axis, ``single`` which one has a
        single element along this one, ``strided`` that any of them may.
        """
        last = self.ndim - 1

        def item(name: str, end: str) -> str:
            first = self.ndim - self.ndims[name]
            index = [
                f"_i{k} * _{name}_{k}" if repeats and k in self.shared else f"_i{k}"
                for k in range(first, last)
            ]  # fmt: skip
            return f"{name}[{', '.join([*index, end])}]"

        operands = [
            n if n not in self.ndims else f"_{n}" if n == single else f"{n}[()]" if not self.ndims[n]
            else item(n, f"_i{last} * _{n}_{last}" if strided else f"_i{last}")
            for n in self.names
        ]  # fmt: skip
        place = ", ".join(f"_i{k}" for k in range(self.ndim))
        return [
            *([f"_{single} = {item(single, '0')}"] if single else []),
            f"for _i{last} in range(_n{last}):",
            f"    _out[{place}] = _element({', '.join(operands)})",
        ]


def _deeper(lines: list[str], levels: int = 1) -> list[str]:
    return [f"{'    ' * levels}{line}" for line in lines]
