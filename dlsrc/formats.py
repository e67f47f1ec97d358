"""Formats: what the labels of an array's dimensions are, and what becomes of them.

A format names each dimension by one letter: **S** spatial, **C** channel, **B** batch, **T** time, **U**
unspecified.  S and U may occur several times.  The dimensions of a dlarray stand in this order, so that two
arrays with the same labels have them in the same places.

A format is a string.  It is known before a program runs, and no array knows of it while the program runs.
The functions here know strings and numbers only, so that values (`labelling`) and programs that are being
built (`transform.labels`) follow the same rules.

>>> arranged("TCB")
('CBT', (1, 2, 0))
>>> union("SCB", "C"), places("C", "SCB")
('SCB', (None, 0, None))
"""

from typing import Any

__all__ = [
    "CLASSES", "LABELS", "arranged", "checked", "find", "given", "merged", "permutation", "places", "shown",
    "stripped", "union",
]  # fmt: skip

LABELS = "SCBTU"
# The class ``dlarray``, which enters itself here: the kernels make some of it, and do not import it.
CLASSES: dict[str, Any] = {}
NAMES = {"S": "spatial", "C": "channel", "B": "batch", "T": "time", "U": "unspecified"}


def checked(fmt: object, what: str = "the format") -> str:
    """A format as a string of known labels.

    Raises
    ------
    TypeError
        If it is no string.
    ValueError
        If it has a letter that is no label, or C, B or T more than once.
    """
    if not isinstance(fmt, str):
        raise TypeError(f"{what} is a string of the labels S, C, B, T and U, not {type(fmt).__name__}")
    for label in fmt:
        if label not in LABELS:
            raise ValueError(
                f"{what} {fmt!r} has the label {label!r}; the labels are S (spatial), C (channel), "
                "B (batch), T (time) and U (unspecified)"
            )
    for label in "CBT":
        if fmt.count(label) > 1:
            raise ValueError(
                f"{what} {fmt!r} has the label {label} ({NAMES[label]}) more than once; only S and U may be "
                "repeated"
            )
    return fmt


def arranged(fmt: str) -> tuple[str, tuple[int, ...]]:
    """The labels in their order, and which dimension comes where: a stable sort.

    >>> arranged("TSSU")
    ('SSTU', (1, 2, 0, 3))
    """
    order = tuple(sorted(range(len(fmt)), key=lambda k: LABELS.index(fmt[k])))
    return "".join(fmt[k] for k in order), order


def permutation(fmt: str, order: str) -> tuple[int, ...]:
    """Which dimensions of an array of format ``fmt`` give it the format ``order``.

    Of several dimensions with one label the first comes first.

    >>> permutation("SSCB", "BSSC")
    (3, 0, 1, 2)
    """
    if sorted(fmt) != sorted(order):
        raise ValueError(
            f"an array of format {fmt!r} cannot be given the format {order!r}: not the same labels"
        )
    found = []
    for k, label in enumerate(order):
        nth = order[:k].count(label)
        found.append([n for n, other in enumerate(fmt) if other == label][nth])
    return tuple(found)


def find(labels: str, label: str) -> tuple[int, ...]:
    """Where a label stands.

    >>> find("SSCB", "S"), find("SSCB", "T")
    ((0, 1), ())
    """
    return tuple(k for k, other in enumerate(labels) if other == label)


def given(fmt: str, ndim: int) -> tuple[str, int]:
    """The labels of an array of ``ndim`` dimensions, and how many dimensions of length one it needs more.

    Labels beyond the last dimension stand for dimensions of length one; of those a U that would be the third
    dimension or a later one says nothing, and is left out.

    >>> given("SCB", 2), given("SCUU", 2)
    (('SCB', 1), ('SC', 0))

    Raises
    ------
    ValueError
        If there are fewer labels than dimensions.
    """
    if len(fmt) < ndim:
        noun = "dimension" if ndim == 1 else "dimensions"
        raise ValueError(
            f"the format {fmt!r} has {len(fmt)} labels, and the array {ndim} {noun}; give each a label, "
            f"U for one without a meaning: {fmt + 'U' * (ndim - len(fmt))!r}"
        )
    while len(fmt) > max(ndim, 2) and fmt[-1] == "U":
        fmt = fmt[:-1]
    return fmt, len(fmt) - ndim


def stripped(labels: str, fmt: str) -> tuple[str, tuple[int | None, ...]]:
    """How data with these labels is laid out as ``fmt``: for each place the dimension, None for a new one.

    >>> stripped("SCB", "BCS"), stripped("CB", "SCB")
    (('BCS', (2, 1, 0)), ('SCB', (None, 0, 1)))

    Raises
    ------
    ValueError
        If ``fmt`` lacks a label that the data has.
    """
    found: list[int | None] = []
    for k, label in enumerate(fmt):
        here = find(labels, label)
        nth = fmt[:k].count(label)
        found.append(here[nth] if nth < len(here) else None)
    missing = [label for k, label in enumerate(labels) if k not in found]
    if missing:
        raise ValueError(
            f"stripdims(X, {fmt!r}): X has the format {labels!r}, and {fmt!r} has no place for its "
            f"{missing[0]} ({NAMES[missing[0]]}); name every label of X"
        )
    return fmt, tuple(found)


def union(*formats: str) -> str:
    """The labels of an element-wise operation on arrays of these formats: of each as many as one has most.

    >>> union("SC", "SSB", "")
    'SSCB'
    """
    return "".join(label * max(fmt.count(label) for fmt in formats) for label in LABELS)


def places(labels: str, whole: str) -> tuple[int | None, ...]:
    """Where the dimensions of an array go in one of format ``whole``: None for a new one of length one.

    What an array has too few of is added after those it has.

    >>> places("SB", "SSCB")
    (0, None, None, 1)
    """
    found: list[int | None] = []
    for k, label in enumerate(whole):
        here = find(labels, label)
        nth = whole[:k].count(label)
        found.append(here[nth] if nth < len(here) else None)
    return tuple(found)


def merged(formats: list[str], what: str) -> str:
    """The one format of arrays that must agree; "" if none of them has any.

    Raises
    ------
    ValueError
        If two differ.
    """
    first = ""
    for fmt in formats:
        if fmt and first and fmt != first:
            raise ValueError(
                f"{what} joins arrays of one format, and these have the formats {first!r} and {fmt!r}; "
                f"relabel one with dlarray(stripdims(x), {first!r})"
            )
        first = first or fmt
    return first


def shown(shape: tuple[int, ...], labels: str) -> str:
    """The sizes as they are printed.

    >>> shown((4, 3), "SC"), shown((4,), "")
    ('4(S) x 3(C)', '1x4')
    """
    if labels:
        return " x ".join(f"{size}({label})" for size, label in zip(shape, labels, strict=True))
    return "x".join(map(str, (1,) * (2 - len(shape)) + shape))
