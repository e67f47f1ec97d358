"""Sums of products over any axes: tensordot, einsum, kron, cross and the products of stacks of vectors.

They are turned into transposes, reshapes and the products of ``linalg``.
"""

import numpy as np

from ..declaring.axes import axis_of
from ..primitive import Refusal, composite, folded, primitive, real, refuse, rejects, sample
from ..reduction import sum_
from ..types import Scalar
from .products import matmul

__all__ = [
    "cross", "einsum", "einsum_steps", "equal_size", "kron", "matvec_of_stacks", "tensordot", "vecdot",
    "vecmat_of_stacks",
]


@primitive()
def equal_size(n, m):
    """``n``, the size of an axis, which must be ``m``."""
    if n != m:
        raise ValueError("two axes that are summed over, or matched, have different sizes")
    return n


@equal_size.result
def equal_size_result(n, m):
    return Scalar("int64", weak=True)


equal_size.zero("n", "m")
equal_size.samples(sample(3, 3), rejects(3, 4, error=ValueError))


@composite()
def product_of_sizes(sizes):
    """The product of some sizes; one of none."""
    n = 1
    for size in sizes:
        n = n * size
    return n


# ---------------------------------------------------------------------------------- tensordot


@folded
def summed_axes(axes, a_ndim, b_ndim):
    """The axes of both that a tensordot sums over.

    >>> summed_axes(1, 2, 2), summed_axes(((0, 1), (1, 0)), 2, 2)
    (((1,), (0,)), ((0, 1), (1, 0)))
    """
    if isinstance(axes, int | np.integer):
        return tuple(range(a_ndim - axes, a_ndim)), tuple(range(axes))
    first, second = axes
    first = (first,) if isinstance(first, int | np.integer) else tuple(first)
    second = (second,) if isinstance(second, int | np.integer) else tuple(second)
    if len(first) != len(second):
        refuse(f"tensordot over {len(first)} axes of one array and {len(second)} of the other")
    return tuple(axis_of(a, a_ndim) for a in first), tuple(axis_of(b, b_ndim) for b in second)


@folded
def other_axes(axes, ndim):
    """The axes that are not among these."""
    return tuple(k for k in range(ndim) if k not in axes)


@composite()
def sizes_of(x, axes):
    """The sizes of some axes."""
    return tuple([x.shape[k] for k in axes])


@composite(np.tensordot, np.linalg.tensordot)
def tensordot(a, b, axes=2):
    """The sum of products over the last axes of ``a`` and the first of ``b``, or over given ones."""
    over = summed_axes(axes, a.ndim, b.ndim)
    a_over = over[0]
    b_over = over[1]
    rows = other_axes(a_over, a.ndim)
    columns = other_axes(b_over, b.ndim)
    n = product_of_sizes(
        tuple([equal_size(a.shape[j], b.shape[k]) for j, k in zip(a_over, b_over, strict=True)])
    )
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    left = np.transpose(a, (*rows, *a_over))
    right = np.transpose(b, (*b_over, *columns))
    if len(rows) == 1 and len(a_over) == 1:
        left2 = left
    elif len(rows) == 0:
        left2 = np.ravel(left)
    else:
        left2 = np.reshape(left, (product_of_sizes(sizes_of(a, rows)), n))
    if len(columns) == 1 and len(b_over) == 1:
        right2 = right
    elif len(columns) == 0:
        right2 = np.ravel(right)
    else:
        right2 = np.reshape(right, (n, product_of_sizes(sizes_of(b, columns))))
    y = matmul(left2, right2)
    if y.ndim == len(rows) + len(columns):
        return y
    return np.reshape(y, (*sizes_of(a, rows), *sizes_of(b, columns)))


tensordot.samples(
    sample(real(2, 3), real(3, 4), axes=1), sample(real(2, 3), real(2, 3)), sample(real(3), real(4), axes=0),
    sample(real(2, 3, 4), real(4, 3, 2), axes=((1, 2), (1, 0))), sample(real(2, 3, 4), real(3), axes=(1, 0)),
    sample(real(2, 3), real(4, 3), axes=([1], [1])), sample(real(3), real(3, 4), axes=1),
    sample(real(2, 2), real(2, 3), axes=0), sample(real(3, 2).T, real(2, 3, 2), axes=((0, 1), (2, 1))),
    sample(real(2, 0), real(0, 3), axes=1), rejects(real(2, 3), real(4, 2), axes=1, error=ValueError),
    rejects(real(2, 3), real(3), axes=((0, 1), (0,)), error=Refusal),
)

# ---------------------------------------------------------------------------------- einsum


@folded
def labels_of(subscripts, ndims):
    """The labels of each operand and of the result; an ellipsis becomes capital letters from the end.

    >>> labels_of("ij,jk", (2, 2)), labels_of("...i,i->...", (3, 1))
    ((('ij', 'jk'), 'ik'), (('YZi', 'i'), 'YZ'))
    """
    given, arrow, out = subscripts.replace(" ", "").partition("->")
    terms = given.split(",")
    if len(terms) != len(ndims):
        refuse(f"einsum({subscripts!r}) names {len(terms)} arrays, and {len(ndims)} are given")
    dots, names = 0, []
    for term, ndim in zip(terms, ndims, strict=True):
        spare = ndim - len(term.replace("...", ""))
        if spare < 0 or (spare > 0 and "..." not in term):
            refuse(f"einsum({subscripts!r}): {term!r} must name the {ndim} axes of its array")
        dots = max(dots, spare)
        names.append(term.replace("...", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[26 - spare:]))
    ellipsis = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[26 - dots:]
    if not arrow:
        whole = "".join(names)
        single = sorted(c for c in set(whole) - set(ellipsis) if whole.count(c) == 1)
        out = ellipsis + "".join(single)
    out = out.replace("...", ellipsis)
    letters = set("".join(names))
    if not all(c.isalpha() for c in letters) or not set(out) <= letters or len(set(out)) < len(out):
        refuse(f"einsum({subscripts!r}): each label of the result must be a letter that stands in an operand")
    return tuple(names), out


@folded
def einsum_steps(names, out):
    """For each operand the labels that are needed after it: of later operands and of the result."""
    return tuple("".join(names[k + 1:]) + out for k in range(len(names)))


@folded
def common(a, b, among, inside):
    """The labels that stand in both, and stand (or not) among others."""
    return "".join(c for c in a if c in b and (c in among) == inside)


@folded
def without(a, b):
    """The labels of the first that do not stand in the second."""
    return "".join(c for c in a if c not in b)


@folded
def comes_last(labels, some, others):
    """Whether some of the labels come after all of the others.

    >>> comes_last("nki", "i", "n"), comes_last("bik", "i", "k"), comes_last("k", "", "k")
    (True, False, False)
    """
    return max(map(labels.find, some), default=-1) > max(map(labels.find, others), default=-1)


@folded
def axes_named(labels, wanted):
    """The axes that carry these labels, in the order in which they are wanted."""
    return tuple(labels.index(c) for c in wanted)


@folded
def twice(labels):
    """A label that stands twice, with its first two axes; nothing if there is none."""
    for c in labels:
        if labels.count(c) > 1:
            first = labels.index(c)
            return c, first, labels.index(c, first + 1)
    return ()


@composite()
def diagonal_over(x, first, second):
    """The elements with equal places on two axes, a view where NumPy's is; their common axis comes first."""
    n = equal_size(x.shape[first], x.shape[second])
    y = np.moveaxis(x, (first, second), (0, 1))
    rows = np.reshape(y, (n * n, *y.shape[2:]))
    return rows[:: n + 1]


@composite()
def one_operand(x, labels, needed):
    """An operand without repeated labels and without those that nothing else has; and its labels."""
    pair = twice(labels)
    if len(pair) > 0:
        x = diagonal_over(x, pair[1], pair[2])
        return one_operand(x, pair[0] + label_rest(labels, pair[1], pair[2]), needed)
    alone = without(labels, needed)
    if len(alone) > 0:
        x = sum_(x, axes_named(labels, alone))
    return x, without(labels, alone)


@folded
def label_rest(labels, first, second):
    """The labels without those of two axes."""
    return "".join(c for k, c in enumerate(labels) if k not in (first, second))


@composite()
def two_operands(a, a_labels, b, b_labels, needed):
    """The product of two operands, summed over the labels that nothing else needs; and its labels."""
    stack = common(a_labels, b_labels, needed, True)
    over = common(a_labels, b_labels, needed, False)
    rows = without(a_labels, b_labels)
    columns = without(b_labels, a_labels)
    if len(stack) * len(over) * len(columns) > 0 and comes_last(needed, rows, columns):
        # so the last axis of the result runs fastest in memory, too
        return two_operands(b, b_labels, a, a_labels, needed)
    if len(over) == 0:
        a = in_order(a, a_labels, stack + rows)
        b = in_order(b, b_labels, stack + columns)
        for _ in columns:
            a = np.expand_dims(a, -1) if a.ndim > 0 else a
        for _ in rows:
            b = np.expand_dims(b, len(stack)) if b.ndim > 0 else b
        return a * b, stack + rows + columns
    if len(stack) == 0:
        axes = (axes_named(a_labels, over), axes_named(b_labels, over))
        return tensordot(a, b, axes), rows + columns
    left = in_order(a, a_labels, stack + rows + over)
    right = in_order(b, b_labels, stack + over + columns)
    if len(stack) == 1 and len(rows) == 1 and len(columns) == 1 and len(over) == 1:
        return matmul(left, right), stack + rows + columns
    s, i, j = len(stack), len(stack) + len(rows), len(stack) + len(over)
    checked = tuple(
        [equal_size(a.shape[p], b.shape[q]) for p, q in zip(
            axes_named(a_labels, stack + over), axes_named(b_labels, stack + over), strict=True)]
    )
    lead, n = product_of_sizes(checked[:s]), product_of_sizes(checked[s:])
    y = matmul(
        np.reshape(left, (lead, product_of_sizes(left.shape[s:i]), n)),
        np.reshape(right, (lead, n, product_of_sizes(right.shape[j:]))),
    )
    return np.reshape(y, (*left.shape[:i], *right.shape[j:])), stack + rows + columns


@composite()
def in_order(x, labels, wanted):
    """An operand with its axes in the order of these labels."""
    if x.ndim < 2:
        return x
    return np.transpose(x, axes_named(labels, wanted))


@composite(np.einsum)
def einsum(subscripts, *operands, optimize=False, out=None):
    """Sums of products as Einstein writes them, in a string that must be known: ``"ij,jk->ik"``."""
    if not isinstance(subscripts, str):
        refuse("einsum takes the subscripts first, as a string: np.einsum('ij,jk->ik', a, b)")
    if out is not None:
        refuse("einsum(out=…): assign the result instead, out[...] = np.einsum(…)")
    arrays = tuple([np.asarray(x) for x in operands])
    found = labels_of(subscripts, tuple([x.ndim for x in arrays]))
    names = found[0]
    last = found[1]
    steps = einsum_steps(names, last)
    y, labels = one_operand(arrays[0], names[0], steps[0])
    for x, name, needed in zip(arrays[1:], names[1:], steps[1:], strict=True):
        b, b_labels = one_operand(x, name, labels + needed)
        y, labels = two_operands(y, labels, b, b_labels, needed)
    return in_order(y, labels, last)


einsum.samples(
    sample("ij,jk->ik", real(2, 3), real(3, 4)), sample("ij,jk", real(2, 3), real(3, 4)),
    sample("ii", real(3, 3)), sample("ii->i", real(3, 3)), sample("ij->ji", real(2, 3)),
    sample("ij->", real(2, 3)), sample("i,i", real(3), real(3)), sample("i,j->ij", real(3), real(2)),
    sample("bij,bjk->bik", real(2, 3, 4), real(2, 4, 2)), sample("bij,bj->bi", real(2, 3, 4), real(2, 4)),
    sample("i,ij,j", real(3), real(3, 2), real(2)), sample("...ij,...j->...i", real(2, 3, 4), real(2, 4)),
    sample("ij,kj->ik", real(2, 3), real(4, 3)), sample("ij,ij->i", real(2, 3), real(2, 3)),
    sample("ijk,k->ij", real(2, 3, 4), real(4)), sample("i->", real(0)), sample("iij->ji", real(3, 3, 2)),
    sample("ij,j->ij", real(2, 3), real(3)), sample(",i->i", np.float64(2.0), real(3)),
    rejects("ij,jk->ik", real(2, 3), real(4, 2), error=ValueError), rejects("ij", real(3), error=Refusal),
    rejects("i->ij", real(3), error=Refusal),
)

# ---------------------------------------------------------------------------------- products of stacks


@composite(np.kron)
def kron(a, b):
    """All products of an element of ``a`` and an element of ``b``, a block for each element of ``a``."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.ndim > 2 or b.ndim > 2:
        refuse("kron of arrays of more than two dimensions: write np.einsum, and reshape")
    if a.ndim == 1 and b.ndim == 1:
        return np.ravel(a[:, np.newaxis] * b)
    left, right = np.atleast_2d(a), np.atleast_2d(b)
    blocks = left[:, np.newaxis, :, np.newaxis] * right[np.newaxis, :, np.newaxis, :]
    return np.reshape(blocks, (left.shape[0] * right.shape[0], left.shape[1] * right.shape[1]))


@composite(np.cross)
def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """The vector product of vectors of three components."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a = np.moveaxis(a, axisa, 0) if a.ndim > 1 else a
    b = np.moveaxis(b, axisb, 0) if b.ndim > 1 else b
    three = equal_size(a.shape[0], 3) + equal_size(b.shape[0], 3)
    a0, a1, a2 = a[0], a[1], a[three - 4]
    b0, b1, b2 = b[0], b[1], b[2]
    parts = (a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0)
    return np.stack(parts, axis=axisc if parts[0].ndim > 0 else 0)


@composite(np.linalg.cross)
def cross_of(x1, x2, axis=-1):
    """The vector product of vectors of three components."""
    return cross(x1, x2, axis=axis)


cross_of.samples(sample(real(3), real(3)), sample(real(3, 4), real(3, 4), axis=0))


@composite(np.vecdot, np.linalg.vecdot)
def vecdot(x1, x2, axis=-1):
    """The sums of products along an axis."""
    if x1.ndim == 1 and x2.ndim == 1:
        return matmul(x1, x2)
    if axis_of(axis, max(x1.ndim, x2.ndim)) != max(x1.ndim, x2.ndim) - 1:
        return sum_(x1 * x2, axis)
    y = x1 * x2
    return sum_(y, y.ndim - 1)


@composite(np.matvec)
def matvec_of_stacks(x1, x2):
    """The products of matrices and vectors, the last axes of two stacks."""
    if x1.ndim == 2 and x2.ndim == 1:
        return matmul(x1, x2)
    y = x1 * np.expand_dims(x2, -2)
    return sum_(y, y.ndim - 1)


@composite(np.vecmat)
def vecmat_of_stacks(x1, x2):
    """The products of vectors and matrices, the last axes of two stacks."""
    if x1.ndim == 1 and x2.ndim == 2:
        return matmul(x1, x2)
    y = np.expand_dims(x1, -1) * x2
    return sum_(y, y.ndim - 2)


kron.samples(
    sample(real(2), real(3)), sample(real(2, 3), real(3, 2)), sample(real(2, 2), real(3)),
    sample(np.float64(2.0), real(3)), sample(real(3), real(2, 2)),
    rejects(real(2, 2, 2), real(2), error=Refusal),
)
cross.samples(
    sample(real(3), real(3)), sample(real(4, 3), real(4, 3)), sample(real(3), real(4, 3)),
    sample(real(3, 4), real(3, 4), axis=0), sample(real(2, 3, 4), real(2, 3, 4), axisa=1, axisb=1, axisc=0),
    rejects(real(4), real(4), error=ValueError),
)
vecdot.samples(sample(real(3), real(3)), sample(real(2, 3), real(2, 3)), sample(real(2, 3), real(3)),
               sample(real(3, 2), real(3, 2), axis=0))
matvec_of_stacks.samples(
    sample(real(2, 3), real(3)), sample(real(4, 2, 3), real(4, 3)), sample(real(2, 3), real(4, 3)),
)
vecmat_of_stacks.samples(
    sample(real(2), real(2, 3)), sample(real(4, 2), real(4, 2, 3)), sample(real(4, 2), real(2, 3)),
)
