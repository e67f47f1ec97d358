"""What NumPy's functions do with formats: one table for values and for programs that are being built.

A rule says how the operands are laid out, calls the function on plain arrays, and labels what comes out:

    x + y       both in the union of their labels, new dimensions of length one where one lacks a label
    sum         a dimension that is summed over stays, with its label and length one
    transpose   only among dimensions of one label
    reshape     the result has no labels

What has no rule is refused, in both worlds alike.  `Arrays` is what a world must know: of values it is
`labelling.Values`, of programs `transform.labels.Traced`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..formats import arranged, merged, places, union

__all__ = ["OWN_LABELS", "Arrays", "elementwise", "fits", "indexed", "rule_of"]


class Arrays(Protocol):
    """A world of arrays: what the rules ask of it."""

    def labels_of(self, x: Any) -> str:
        """The format, "" where there is none."""

    def ndim_of(self, x: Any) -> int:
        """The number of dimensions; 0 for what is no array."""

    def items_of(self, x: Any) -> list:
        """The arrays of a list or tuple."""

    def sequence(self, items: list) -> Any:
        """A tuple of them."""

    def singletons(self, x: Any) -> tuple[int, ...]:
        """Which dimensions have the length one."""

    def laid(self, x: Any, places: tuple[int | None, ...]) -> Any:
        """The plain array with these of its dimensions, and new ones of length one."""

    def labelled(self, x: Any, labels: str) -> Any:
        """A dlarray of this format."""

    def static(self, x: Any, what: str) -> Any:
        """The value of an axis or option."""

    def given(self, value: Any) -> Any:
        """An axis or option as an argument."""

    def call(self, args: tuple, kwargs: dict) -> Any:
        """The function, on plain arrays."""

    def refuse(self, message: str) -> Exception:
        """The error with this message."""


Rule = Callable[[Arrays, str, tuple, dict], Any]

# Where the axis stands among the arguments.
REDUCTIONS = {
    "all": 1, "amax": 1, "amin": 1, "any": 1, "logsumexp": 1, "max": 1, "mean": 1, "median": 1, "min": 1,
    "nanmax": 1, "nanmean": 1, "nanmin": 1, "nanprod": 1, "nanstd": 1, "nansum": 1, "nanvar": 1, "norm": 2,
    "prod": 1, "ptp": 1, "std": 1, "sum": 1, "var": 1,
}  # fmt: skip
# The result has the dimensions of the array; some work on the elements in one row where no axis is given.
ALONG = {
    "broadcast_to": 9, "cumprod": 1, "cumsum": 1, "diff": 2, "flip": 1, "gradient": 9,
    "log_softmax": 1, "nancumprod": 1, "nancumsum": 1,
    "pad": 9, "repeat": 2, "roll": 2, "softmax": 1, "sort": 1, "take": 2, "take_axis": 2, "tile": 9,
    "tril": 9, "triu": 9,
}  # fmt: skip
IN_ONE_ROW = {"cumprod", "cumsum", "nancumprod", "nancumsum", "repeat", "take", "take_axis"}
ELEMENTWISE = {
    "around", "astype", "clip", "copied", "copied_in_order", "copy", "dropout", "empty_like", "fix",
    "float_power", "full_like", "gelu", "isclose", "leakyrelu", "nan_to_num", "new_zeros_like", "ones_like",
    "real", "real_part", "relu", "round", "sigmoid", "softplus", "swish", "where", "zeros_like",
}  # fmt: skip
# Positions, counts and single numbers: the labels say nothing of them.
PLAIN = {
    "argmax", "argmin", "argsort", "count_nonzero", "item", "item_of", "ndim", "ndim_of", "nonzero", "shape",
    "shape_of", "size", "size_of", "tolist",
}  # fmt: skip
WHOLE = {"allclose", "array_equal"}
UNLABELLED = {"flatten", "ravel", "reshape"}
# Functions of networks, which ask what the dimensions mean: the result has the dimensions of the array …
LAYERS = {
    "attention", "avgpool", "batchnorm", "crosschannelnorm", "dlconv", "dltranspconv", "embed", "groupnorm",
    "gru", "instancenorm", "layernorm", "lstm", "maxpool", "maxunpool",
}  # fmt: skip
# … or is a loss: a number, or one for each element.
LOSSES = {"crossentropy", "ctc", "huber_loss", "indexcrossentropy", "l1loss", "l2loss", "mse"}
PRODUCTS = {"dot", "einsum", "inner", "kron", "matmul", "outer", "tensordot", "vdot", "vecdot"}
# These are given arrays with labels as they come, and ask for the labels themselves.
OWN_LABELS = frozenset({"dlode45"})


def rule_of(name: str, is_elementwise: bool) -> Rule:
    """The rule of a function of this name."""
    found = RULES.get(name)
    if found is not None:
        return found
    if is_elementwise or name in ELEMENTWISE:
        return elementwise
    for names, rule in (
        (LAYERS | LOSSES, layered),
        (REDUCTIONS, reduced), (ALONG, along), (PLAIN, plain), (WHOLE, compared), (UNLABELLED, unlabelled),
    ):  # fmt: skip
        if name in names:
            return rule
    return refused


def refused(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    labels = ", ".join(repr(found) for found in _formats(arrays, args, kwargs))
    if name in PRODUCTS:
        raise arrays.refuse(
            f"{name} (the product of matrices) does not take dlarrays with labels, here {labels}: it is not "
            "known which dimensions are summed over; write stripdims(X) @ stripdims(Y), and dlarray(…, fmt) "
            "of the result, or multiply by a number"
        )
    raise arrays.refuse(
        f"{name} does not take dlarrays with labels, here {labels}; write {name}(stripdims(X)), and "
        "dlarray(…, fmt) of the result"
    )


def _formats(arrays: Arrays, args: tuple, kwargs: dict) -> list[str]:
    found: list[str] = []
    for x in (*args, *kwargs.values()):
        for item in (x, *arrays.items_of(x)):
            labels = arrays.labels_of(item)
            if labels and labels not in found:
                found.append(labels)
    return found


def elementwise(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    """All operands in the union of their labels; those without labels are broadcast as NumPy does it."""
    for option in ("out", "where"):
        if option in kwargs and arrays.labels_of(kwargs[option]) or option == "out" and "out" in kwargs:
            raise arrays.refuse(f"{name}({option}=…) does not go with labels; assign the result")
    whole = union(*(arrays.labels_of(x) for x in (*args, *kwargs.values())))
    args = tuple(_operand(arrays, name, x, whole) for x in args)
    kwargs = {key: _operand(arrays, name, x, whole) for key, x in kwargs.items()}
    return arrays.labelled(arrays.call(args, kwargs), whole)


def _operand(arrays: Arrays, name: str, x: Any, whole: str) -> Any:
    labels = arrays.labels_of(x)
    if not labels:
        ndim = arrays.ndim_of(x)
        if ndim > len(whole):
            raise arrays.refuse(
                f"{name}: an array without labels has {ndim} dimensions, and the format {whole!r} names "
                f"{len(whole)}; give it labels: dlarray(x, fmt)"
            )
        return x
    found = places(labels, whole)
    first = next(k for k, place in enumerate(found) if place is not None)
    return arrays.laid(x, found[first:])  # NumPy adds those in front


def reduced(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    """The dimensions that are summed over stay, with their labels and length one."""
    x, labels, axis, args, kwargs = _with_axis(arrays, name, args, kwargs, REDUCTIONS[name])
    keepdims = arrays.static(kwargs.pop("keepdims"), "keepdims") if "keepdims" in kwargs else None
    ndim = len(labels)
    axes = tuple(range(ndim)) if axis is None else axes_of(arrays, axis, ndim)
    if axis is not None:
        kwargs["axis"] = arrays.given(axes[0] if len(axes) == 1 else axes)
    left = [k for k in range(ndim) if k not in axes]
    drops = keepdims is None and axis is None or keepdims is False
    if not left and not drops:  # a number has no dimensions that could be labelled
        kwargs["keepdims"] = arrays.given(True)
    found = arrays.call((arrays.laid(x, tuple(range(ndim))), *args), kwargs)
    if not left and not drops:
        return arrays.labelled(found, labels)
    if drops:
        return arrays.labelled(found, "".join(labels[k] for k in left))
    at = tuple(left.index(k) if k in left else None for k in range(ndim))
    return arrays.labelled(arrays.laid(found, at), labels)


def axes_of(arrays: Arrays, axis: Any, ndim: int) -> tuple[int, ...]:
    """An axis or several, counted from the start."""
    found = axis if isinstance(axis, tuple | list) else (axis,)
    for k in found:
        if not isinstance(k, int) and not hasattr(k, "__index__") or not -ndim <= k < ndim:
            raise arrays.refuse(f"axis {k!r} does not exist in an array of {ndim} dimensions")
    return tuple(int(k) % ndim for k in found)


def _with_axis(
    arrays: Arrays, name: str, args: tuple, kwargs: dict, position: int
) -> tuple[Any, str, Any, tuple, dict]:
    """The array, its labels, the axis, and the other arguments."""
    x, *rest = args
    if not arrays.labels_of(x) or any(arrays.labels_of(a) for a in (*rest, *kwargs.values())):
        return refused(arrays, name, args, kwargs)
    axis = kwargs.get("axis")
    if "axis" not in kwargs and len(args) > position:
        axis = rest.pop(position - 1)
        if len(args) > position + 1:
            raise arrays.refuse(f"{name} of a dlarray with labels takes what comes after the axis by name")
    if "out" in kwargs:
        raise arrays.refuse(f"{name}(out=…) does not go with labels; assign the result")
    others = {key: value for key, value in kwargs.items() if key != "axis"}
    return x, arrays.labels_of(x), arrays.static(axis, "axis"), tuple(rest), others


def along(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    """The labels of the array, whose dimensions stay."""
    x, labels, axis, rest, others = _with_axis(arrays, name, args, kwargs, ALONG[name])
    if "axis" in kwargs or len(args) > ALONG[name]:
        others["axis"] = arrays.given(axis)
    found = arrays.call((arrays.laid(x, tuple(range(len(labels)))), *rest), others)
    in_one_row = axis is None and name in IN_ONE_ROW and len(labels) > 1
    return arrays.labelled(found, "" if in_one_row else labels)


def _stripped(arrays: Arrays, args: tuple, kwargs: dict) -> Any:
    """The function of the arrays without their labels."""
    def bare(x: Any) -> Any:
        labels = arrays.labels_of(x)
        return arrays.laid(x, tuple(range(len(labels)))) if labels else x

    return arrays.call(tuple(map(bare, args)), {key: bare(x) for key, x in kwargs.items()})


def plain(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    return _stripped(arrays, args, kwargs)


def unlabelled(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    """New dimensions have no labels."""
    return arrays.labelled(_stripped(arrays, args, kwargs), "")


def compared(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    """One truth value of two arrays, whose labels must be the same."""
    both = [arrays.labels_of(x) for x in args[:2]]
    if len({labels for labels in both if labels}) > 1:
        raise arrays.refuse(f"{name} compares arrays of one format, not of {both[0]!r} and {both[1]!r}")
    return _stripped(arrays, args, kwargs)


# ---------------------------------------------------------------------------------- dimensions


def _turned(arrays: Arrays, name: str, x: Any, order: tuple[int, ...]) -> Any:
    labels = arrays.labels_of(x)
    after = "".join(labels[k] for k in order)
    if after != labels:
        raise arrays.refuse(
            f"{name} would make the format {after!r} of {labels!r}, and dimensions stand in the order SCBTU; "
            f"only dimensions of one label change places: write stripdims(X, {after!r})"
        )
    return arrays.labelled(arrays.laid(x, order), labels)


def transpose(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    x, *rest = args
    ndim = len(arrays.labels_of(x))
    given = rest[0] if rest else kwargs.get("axes")
    axes = arrays.static(given, "axes")
    order = tuple(range(ndim))[::-1] if axes is None else axes_of(arrays, axes, ndim)
    if sorted(order) != list(range(ndim)):
        raise arrays.refuse(f"transpose: the axes {order} do not name each of {ndim} dimensions once")
    return _turned(arrays, name, x, order)


def swapaxes(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    x, *rest = args
    ndim = len(arrays.labels_of(x))
    names = [*rest, *kwargs.values()]
    a, b = axes_of(arrays, tuple(arrays.static(k, "an axis") for k in names), ndim)
    order = list(range(ndim))
    order[a], order[b] = b, a
    return _turned(arrays, name, x, tuple(order))


def moveaxis(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    x, *rest = args
    ndim = len(arrays.labels_of(x))
    source, destination = (
        axes_of(arrays, arrays.static(k, "an axis"), ndim) for k in (*rest, *kwargs.values())
    )
    order = [k for k in range(ndim) if k not in source]
    for to, k in sorted(zip(destination, source, strict=True)):
        order.insert(to, k)
    return _turned(arrays, name, x, tuple(order))


def squeeze(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    """Dimensions of length one go, and their labels with them."""
    x, labels, axis, _, _ = _with_axis(arrays, name, args, kwargs, 1)
    axes = arrays.singletons(x) if axis is None else axes_of(arrays, axis, len(labels))
    kept = "".join(label for k, label in enumerate(labels) if k not in axes)
    bare = arrays.laid(x, tuple(range(len(labels))))
    return arrays.labelled(arrays.call((bare,), {"axis": arrays.given(axes)}) if axes else bare, kept)


def expand_dims(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    """A new dimension has the label U, and so stands at the end."""
    x, labels, axis, _, _ = _with_axis(arrays, name, args, kwargs, 1)
    given = axis if isinstance(axis, tuple | list) else (axis,)
    new = axes_of(arrays, axis, len(labels) + len(given))
    old = iter(range(len(labels)))
    at = tuple(None if k in new else next(old) for k in range(len(labels) + len(new)))
    made = "".join("U" if k is None else labels[k] for k in at)
    return arrays.labelled(arrays.laid(x, at), sorted_or_refused(arrays, made, labels))


def sorted_or_refused(arrays: Arrays, made: str, labels: str) -> str:
    """Labels that must be in their order."""
    if arranged(made)[0] != made:
        raise arrays.refuse(
            f"a new dimension (U) of an array of format {labels!r} comes last; here the format would be "
            f"{made!r}: write dlarray(stripdims(X)[…], fmt) for another label"
        )
    return made


def concatenate(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    """Arrays of one format; those without labels have the same number of dimensions."""
    parts, *rest = args
    items = arrays.items_of(parts)
    try:
        labels = merged([arrays.labels_of(x) for x in items], name)
    except ValueError as error:
        raise arrays.refuse(str(error)) from None
    ndim = len(labels)
    for x in items:
        if arrays.ndim_of(x) != ndim:
            raise arrays.refuse(
                f"{name} joins arrays of one format: one has {labels!r}, and another has no labels and "
                f"{arrays.ndim_of(x)} dimensions; give it labels: dlarray(x, fmt)"
            )
    axis = arrays.static(rest[0] if rest else kwargs["axis"], "axis") if rest or "axis" in kwargs else 0
    bare = [arrays.laid(x, tuple(range(ndim))) if arrays.labels_of(x) else x for x in items]
    found = arrays.call((arrays.sequence(bare), *rest), kwargs)
    if name == "stack":
        new = axes_of(arrays, axis, ndim + 1)[0]
        labels = sorted_or_refused(arrays, labels[:new] + "U" + labels[new:], labels)
    elif axis is None or name in ("hstack", "vstack") and ndim < 2:
        labels = ""
    return arrays.labelled(found, labels)


# ---------------------------------------------------------------------------------- functions of networks


def layered(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    """The labels of the first array are its ``data_format``; other arrays are taken as they stand."""
    x, *rest = args
    labels = arrays.labels_of(x)
    if not labels:
        raise arrays.refuse(
            f"{name}: the first array has no labels, and another one has; give it some: dlarray(X, fmt)"
        )
    if "data_format" in kwargs:
        raise arrays.refuse(f"{name}: X has the format {labels!r}; data_format= is for arrays without labels")
    for other in (*rest, *kwargs.values()) if name in LOSSES or name == "attention" else ():
        if arrays.labels_of(other) not in ("", labels) and arrays.ndim_of(other) == len(labels):
            raise arrays.refuse(
                f"{name} takes arrays of one format, and these have {labels!r} and "
                f"{arrays.labels_of(other)!r}; relabel one with dlarray(stripdims(X, {labels!r}), {labels!r})"
            )
    found = _stripped(arrays, args, {**kwargs, "data_format": arrays.given(labels)})
    if name == "fullyconnect":
        made = "C" + "".join(label for label in labels if label not in "SC")
    elif name == "embed" and "C" not in labels:
        made = "C" + labels
    else:
        made = labels
    first, *others = arrays.items_of(found) or [found]
    if name == "indexcrossentropy" and arrays.ndim_of(first) == len(labels) - 1:
        made = labels.replace("C", "")
    if not others:
        return _named(arrays, first, made)
    # What comes beside the result, statistics or states, has dimensions of its own.
    return arrays.sequence([_named(arrays, first, made), *(arrays.labelled(x, "") for x in others)])


def _named(arrays: Arrays, x: Any, made: str) -> Any:
    """An array with these labels put in order; what has other dimensions has no labels."""
    if arrays.ndim_of(x) != len(made):
        return arrays.labelled(x, "")
    labels, order = arranged(made)
    return arrays.labelled(arrays.laid(x, order), labels)


def softmax(arrays: Arrays, name: str, args: tuple, kwargs: dict) -> Any:
    """Over the channels, if no axis is given."""
    return (along if len(args) > 1 or "axis" in kwargs else layered)(arrays, name, args, kwargs)


RULES: dict[str, Rule] = {
    "fullyconnect": layered, "softmax": softmax,
    "concatenate": concatenate, "expand_dims": expand_dims, "hstack": concatenate, "moveaxis": moveaxis,
    "permute_dims": transpose, "squeeze": squeeze, "stack": concatenate, "swapaxes": swapaxes,
    "transpose": transpose, "transposed": transpose, "vstack": concatenate,
}  # fmt: skip


# ---------------------------------------------------------------------------------- indices


def indexed(arrays: Arrays, labels: str, entries: Sequence[str]) -> str:
    """The labels of ``x[entries]``, with an entry for every dimension of ``x``.

    An entry is "i" for an integer, ":" for a slice, "n" for a new dimension, and "a" for an array of indices
    or a mask; "a2" is one of two dimensions.  A dimension that an integer picks from is gone, and so is its
    label.  One vector of indices among slices leaves the labels as they are; other index arrays make an array
    without labels.
    """
    if any(e.startswith("a") for e in entries):
        return labels if all(e in (":", "a") for e in entries) and entries.count("a") == 1 else ""
    rest = iter(labels)
    made = ""
    for entry in entries:
        label = "U" if entry == "n" else next(rest)
        if entry != "i":
            made += label
    return sorted_or_refused(arrays, made, labels)


def fits(arrays: Arrays, labels: str, value: str) -> None:
    """Refuse to store an array of another format."""
    if value and value != labels:
        raise arrays.refuse(
            f"an array of format {value!r} is stored where the format is {labels or 'none'!r}; "
            "write stripdims of it"
        )


