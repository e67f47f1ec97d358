"""What the dimensions of a plain array mean: S spatial, C channel, B batch, T time, U unspecified.

``data_format="SSCB"`` has a letter for each axis, in the order in which the axes stand.  It is known while
the program is built, so it costs nothing when it runs.
"""

from ...formats import CLASSES, arranged
from ..primitive import folded, refuse

__all__ = [
    "axes_labelled", "axis_labelled", "format_of", "format_with", "in_order", "labelled", "labels_of",
    "places_of", "undone", "unlabelled", "with_label", "without_label",
]

MEANINGS = {"S": "spatial", "C": "channel", "B": "batch", "T": "time", "U": "unspecified"}


@folded
def format_of(data_format, ndim, function):
    """The letters of a format, tested against the number of axes.

    >>> format_of("SSCB", 4, "dlconv")
    'SSCB'
    """
    if data_format is None:
        refuse(
            f"{function} must know what the axes of its array mean: write data_format='SSCB', say, a letter "
            f"for each of the {ndim} axes: S spatial, C channel, B batch, T time, U unspecified"
        )
    if not isinstance(data_format, str) or not set(data_format) <= set(MEANINGS):
        refuse(f"{function}(data_format={data_format!r}): use the letters S, C, B, T, U, one for each axis")
    if len(data_format) != ndim:
        refuse(
            f"{function}(data_format={data_format!r}) names {len(data_format)} axes, and the array has {ndim}"
        )
    for letter in "CBT":
        if data_format.count(letter) > 1:
            refuse(f"{function}(data_format={data_format!r}): only one axis is {MEANINGS[letter]}, {letter}")
    return data_format


@folded
def axes_labelled(data_format, *groups):
    """The axes with these letters, group by group.

    >>> axes_labelled("BSSC", "S", "C", "B")
    (1, 2, 3, 0)
    """
    return tuple(k for group in groups for k, letter in enumerate(data_format) if letter in group)


@folded
def axis_labelled(data_format, letter, function):
    """The one axis with this letter.

    >>> axis_labelled("SSCB", "C", "softmax")
    2
    """
    if letter not in data_format:
        refuse(f"{function} needs an axis that is {MEANINGS[letter]}: {data_format!r} has no {letter}")
    return data_format.index(letter)


@folded
def without_label(data_format, letters):
    """The format without the axes of some letters.

    >>> without_label("SSCB", "S")
    'CB'
    """
    return "".join(letter for letter in data_format if letter not in letters)


@folded
def format_with(data_format, letter, axes):
    """The format with the axes ``axes`` replaced by one, where the last of them stood.

    >>> format_with("BSSC", "C", (1, 2, 3)), format_with("SSB", "C", (0, 1))
    ('BC', 'CB')
    """
    kept = [letter if k == max(axes) else found for k, found in enumerate(data_format) if k not in axes[:-1]]
    return "".join(kept)


@folded
def places_of(wanted, given):
    """The permutation that turns axes labelled ``given`` into the order ``wanted``.

    >>> places_of("BSSC", "SSCB")
    (3, 0, 1, 2)
    """
    left = list(enumerate(given))
    found = []
    for letter in wanted:
        place = next(pair for pair in left if pair[1] == letter)
        left.remove(place)
        found.append(place[0])
    return tuple(found)


@folded
def undone(axes):
    """The permutation that undoes another.

    >>> undone((1, 2, 0))
    (2, 0, 1)
    """
    return tuple(axes.index(k) for k in range(len(axes)))


# ---------------------------------------------------------------------------------- arrays with labels


def labels_of(x):
    """The format of a dlarray, "" of any other array."""
    return getattr(x, "labels", "")


def labelled(x, fmt):
    """An array with axes in this order as a dlarray."""
    return CLASSES["dlarray"](x, fmt)


def unlabelled(x, fmt=""):
    """The plain array, with axes in this order."""
    if not hasattr(x, "labels"):
        return x
    return x.data.transpose(places_of(fmt, x.labels)) if fmt and x.labels else x.data


# While a program is built, labels are a fact of the type.
labels_of.__dlsrc_special__ = "dims"  # type: ignore[attr-defined]
labelled.__dlsrc_special__ = "dlarray"  # type: ignore[attr-defined]
unlabelled.__dlsrc_special__ = "stripdims"  # type: ignore[attr-defined]


@folded
def in_order(data_format):
    """Whether a dlarray of this format has its axes in this order.

    >>> in_order("CB"), in_order("BC")
    (True, False)
    """
    return arranged(data_format)[0] == data_format


@folded
def with_label(data_format, letter, function):
    """The format with another axis at its end.

    >>> with_label("CB", "T", "dlode45")
    'CBT'
    """
    if letter in data_format and letter in "CBT":
        refuse(
            f"{function} adds an axis that is {MEANINGS[letter]}, {letter}, and {data_format!r} has one: "
            "call it with stripdims(X) and data_format="
        )
    return data_format + letter
