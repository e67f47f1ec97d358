"""Cotangents and how they add up: as values, or in shadows.

    y = a * x; z = y + x      dx = dz + dy * a            x is only computed with: a value
    s = x[i] + x[j]           dx[i] += ds; dx[j] += ds    x is indexed: a shadow, memory of its shape
    v = x[1:]                 dv is dx[1:]                a view's shadow is that view of the shadow

Broadcasting is undone here, for all rules.
"""

from typing import Any

from ...errors import InternalError
from ...kernels.types import Array, Scalar, Tape, is_float
from ..facts.outline import is_loop
from ..facts.regions import may_share
from ..ir import (
    ELLIPSIS, NEWAXIS, Assign, Atom, Const, For, If, Index, Read, Span, Statement, Store, Value, While,
    literal, walk,
)
from .fetch import Fetching
from .masks import Masks

__all__ = ["Cotangents", "full_index", "shows_all"]

# Views that are one only of an array in C order.
IN_ORDER = frozenset({"raveled", "view1", "view2", "view3", "view4", "view5"})


def full_index(type_: Array) -> Index:
    """All of an array."""
    return Index((Span(),) * type_.ndim)


def shows_all(index: Index) -> bool:
    """Whether an index picks every element: ``x[:, np.newaxis]``."""
    return all(e in (Span(), NEWAXIS, ELLIPSIS) for e in index.entries)


class Cotangents(Fetching):
    """A reverse sweep as far as it keeps the cotangents of values."""

    def __init__(self, *facts: Any):
        super().__init__(*facts)
        self.twins = self.memory.twins.get(id(self.gradient), {})
        for value, twin in self.twins.items():
            self.shapes.equate(twin, value)
        self.own: set[Atom] = set()                   # cotangents that are memory which nothing else holds
        self.shared: set[Atom] = set()                # cotangents that others may hold too
        self.in_memory = self._in_memory()
        self.masks = Masks(self.outline, self.memory)

    # ------------------------------------------------------------------ which cotangents are memory

    def _in_memory(self) -> set[Value]:
        """The arrays whose cotangent is a shadow."""
        found: set[Value] = set()
        types = self.ctx.types
        for statement in self.outline.statements:
            if (
                isinstance(statement, Read) and statement.target in self.active
                and isinstance(types[statement.base], Array)
            ):
                found.add(statement.base)
            elif isinstance(statement, Store):
                found.add(statement.base)
            elif (
                isinstance(statement, Assign) and statement.op.writes and statement.args
                and isinstance(statement.args[0], Value)
            ):
                found.add(statement.args[0])
            elif isinstance(statement, Assign) and statement.op.part and isinstance(statement.target, Value):
                if statement.target in self.active:
                    found.add(statement.target)  # its base is found below
        # The versions of a column that grows hand one shadow on, also those that nothing reads or writes.
        found.update(v for v, root in self.memory.root.items() if root in self.memory.grown)
        for statement in self.outline.statements:
            if is_loop(statement):
                # A use inside a loop adds to what is outside: in place.
                for inner in walk((statement,)):
                    for atom in self._operands(inner, inside=inner is not statement):
                        if not any(s is statement for s, _ in self.outline.home[atom]):
                            found.add(atom)
        # A view of what is written anywhere is a view of a shadow, also where its own base is not written.
        for view, seen in self.memory.base.items():
            if view in self.active and self.memory.written(self.memory.root[view]):
                found.add(seen)
        # What a loop hands on between trips is one memory where any of it is, with what views are taken from;
        # what a loop around hands to it, too, or every trip of that one would need a copy.
        headers = {
            c.header for s in self.outline.statements if isinstance(s, For | While) for c in s.carries
        }  # fmt: skip
        before = -1
        while len(found) != before:
            before = len(found)
            for value in list(found):
                while (base := self.memory.base.get(value)) is not None and base not in found:
                    found.add(base)
                    value = base
            for statement in self.outline.statements:
                for carry in statement.carries if isinstance(statement, For | While) else ():
                    group = [
                        a
                        for a in (carry.header, carry.out, carry.init)
                        if isinstance(a, Value) and isinstance(types[a], Array)
                        and (a is not carry.init or a in headers)
                    ]
                    if any(a in found for a in group):
                        found.update(group)
        return {v for v in found if isinstance(types[v], Array | Tape) and v not in self.twins}

    def _operands(self, statement: Statement, inside: bool) -> list[Value]:
        """The active arrays that a statement's reversal adds to."""
        atoms: tuple[Atom, ...] = ()
        match statement:
            case Assign(target=Value() as target, args=args) if target in self.active:
                atoms = args
            case Store(value=value):
                atoms = (value,)
            case If(merges=merges):
                atoms = tuple(a for m in merges for a in (m.then, m.orelse))
            case For() | While():
                # What a loop begins with is added to once it is swept: in each trip of a loop around.
                atoms = tuple(a for c in statement.carries for a in ((c.out, c.init) if inside else (c.out,)))
        return [
            a
            for a in atoms
            if isinstance(a, Value) and a in self.active and isinstance(self.ctx.types[a], Array)
        ]

    def is_alias(self, value: Value) -> bool:
        """Whether the value's cotangent is a view of its base's."""
        if value not in self.memory.base or value in self.targets or value in self.twins:
            return False
        return value in self.in_memory or self.memory.written(self.memory.root[value])

    def holder(self, value: Value) -> Value:
        while self.is_alias(value):
            value = self.memory.base[value]
        return value

    def is_own(self, cotangent: Atom, dy: Atom, dy_is_own: bool) -> bool:
        """Whether a rule's result is memory that nothing else holds: new, or ``dy`` if only this gets it."""
        while isinstance(cotangent, Value) and cotangent != dy:
            made = self.ctx.origin.get(cotangent)
            if not isinstance(made, Assign):
                return False
            if not may_share(made.op):
                return True
            cotangent = made.args[0]
        return dy_is_own

    # ------------------------------------------------------------------ adding cotangents

    def _is_all_of(self, view: Value, holder: Value) -> bool:
        """Whether a view shows every element of what it looks at, in another order or shape."""
        while view is not holder:
            made = self.outline.defined[view]
            if isinstance(made, Read):
                if not shows_all(made.index):
                    return False
            elif not isinstance(made, Assign) or not made.op.view or made.op.name[:4] in ("item", "part"):
                return False
            view = self.memory.base[view]
        return True

    def take(self, value: Value | None) -> Atom | None:
        """The finished cotangent of a value, which is not needed any more; of a view it is its base's."""
        if value in self.twins:
            if value in self.memory.base or value not in self.active:
                return None
            assert value is not None
            found = self.shadow(value)
            self.masks.note(found, True)  # parts of it may never have been added to
            return found
        return self.cot.pop(value, None)

    def contribute(self, atom: Atom, cotangent: Atom, *, owned: bool = False) -> None:
        """Add to the cotangent of a value; ``owned`` gives up the memory of an array."""
        if not isinstance(atom, Value) or atom not in self.active or not is_float(self.ctx.types[atom]):
            return
        masked = cotangent in self.masks
        cotangent = self.fit(atom, cotangent)
        self.masks.note(cotangent, masked)
        holder = self.holder(atom)
        if atom in self.twins:
            self._store_into(self.shadow(atom), cotangent)
            return
        if holder in self.in_memory:
            whole = isinstance(cotangent, Value) and isinstance(self.ctx.types[cotangent], Array | Tape)
            first = atom is holder and holder not in self.cot
            if first and owned and whole and self._fits_views(holder, cotangent):
                self.cot[holder] = cotangent
                self.own.add(cotangent)
                return
            if atom is holder and holder not in self.cot and not whole:
                self.cot[holder] = self.whole(holder, cotangent)
                return
            new = holder not in self.cot
            shadow = self.shadow(atom)
            if whole and atom is holder and self.memory.root.get(holder) in self.memory.grown:
                cotangent = self._of_places_there(shadow, cotangent)
            self._store_into(shadow, cotangent)
            if not self._is_all_of(atom, holder):
                self.masks.pick(self.cot[holder], new)
            else:
                self.masks.added(self.cot[holder], masked)
                self.masks.note(self.cot[holder], masked and new)
            return
        if holder is not atom:  # a view of an array that is never indexed: only through rules
            raise InternalError(f"{atom!r} is a view of {holder!r}, which has no shadow")
        old = self.cot.get(atom)
        if old is None:
            self.cot[atom] = self.named(cotangent, atom)
            (self.own if owned else self.shared).add(cotangent)
            return
        type_ = self._cotangent_type(atom)
        if isinstance(type_, Array) and any(
            getattr(self.ctx.type_of(c), "layout", "C") != "C" for c in (old, cotangent)
        ):
            type_ = Array(type_.dtype, type_.ndim, "A")
        if isinstance(type_, Array) and all(
            isinstance(self.ctx.type_of(c), Scalar) for c in (old, cotangent)
        ):
            type_ = Scalar(type_.dtype)
        target = self.ctx.value(type_, base=atom, form=self.ctx.form)
        self.cot[atom] = self.ctx.op("add", old, cotangent, target=target)
        self.masks.note(target, masked and old in self.masks)
        if isinstance(type_, Array):
            self.shapes.equate(target, atom)
            self.saver.edits.sums.add(target)

    def whole(self, value: Any, cotangent: Atom) -> Atom:
        """A cotangent as an array: one that is the same for every element is written out."""
        if not isinstance(self.ctx.types.get(value), Array) or isinstance(self.ctx.type_of(cotangent), Array):
            return cotangent
        made = self.zeros(value)
        self.ctx.store(made, full_index(self.ctx.types[made]), cotangent)
        self.masks.note(made, cotangent in self.masks)
        return made

    def _cotangent_type(self, value: Value) -> Any:
        type_ = self.ctx.types[value]
        return (
            Scalar(type_.dtype)
            if isinstance(type_, Scalar)
            else Array(type_.dtype, type_.ndim, "A" if type_.layout == "A" else "C")
        )

    def named(self, cotangent: Atom, value: Value) -> Atom:
        """The cotangent under its own name, where it has none yet."""
        if (
            isinstance(cotangent, Value) and not cotangent.hint and cotangent.base is None
            and cotangent not in self.ctx.renamed
        ):
            made = self.ctx.origin.get(cotangent)
            if made is not None and made in self.ctx.block[-1:]:
                self.ctx.renamed[cotangent] = Value(cotangent.number, "", value, self.ctx.form)
        return cotangent

    def _of_places_there(self, shadow: Value, cotangent: Value) -> Value:
        """The part of the cotangent of a later version of a column that an earlier one has places for."""
        rest = (Span(),) * (self.ctx.type_of(shadow).ndim - 1)
        return self.ctx.read(cotangent, Index((Span(None, self.ctx.dim(shadow, 0)), *rest)))

    def fit(self, atom: Value, cotangent: Atom) -> Atom:
        """The cotangent in the shape and precision of the value."""
        type_, have = self.ctx.types[atom], self.ctx.type_of(cotangent)
        grown = self.memory.root.get(atom) in self.memory.grown and atom is self.holder(atom)
        if isinstance(type_, Tape) or grown:
            return cotangent  # of the versions of a column that grows, the last is the longest
        if isinstance(type_, Scalar):
            if isinstance(have, Array):
                cotangent = self.ctx.op("sum_all", cotangent)
        elif isinstance(have, Scalar):
            pass  # the same for every element
        elif isinstance(have, Array) and not self.same_shape(cotangent, atom):
            cotangent = self.ctx.op("sum_to", cotangent, self.fetch_shape(atom))
            self.shapes.equate(cotangent, atom)  # it may be the same memory: see is_own
        have = self.ctx.type_of(cotangent)
        if have.dtype != type_.dtype and is_float(type_):
            if isinstance(cotangent, Const):
                return literal(cotangent.value, type_.dtype)
            cotangent = self.ctx.op("cast", cotangent, dtype=type_.dtype)
        return cotangent

    def _store_into(self, shadow: Value, cotangent: Atom) -> None:
        # A sum with -c becomes a difference when the whole sweep is known: c may have other uses until then.
        self.ctx.store(shadow, full_index(self.ctx.types[shadow]), cotangent, "add")

    # ------------------------------------------------------------------ shadows

    def shadow(self, value: Value) -> Value:
        """The memory that holds the cotangent of an array."""
        if value in self.twins:
            twin = self.fetch(self.twins[value], self.outline.defined[value] or self.gradient)
            assert isinstance(twin, Value)
            return twin
        if self.is_alias(value):
            return self._view_of_shadow(value)
        found = self.cot.get(value)
        if found is None:
            found = self.zeros(value)
        elif not isinstance(self.ctx.type_of(found), Array):
            found = self.whole(value, found)
        self.cot[value] = found
        assert isinstance(found, Value)
        return found

    def _view_of_shadow(self, value: Value) -> Value:
        statement = self.outline.defined[value]
        if isinstance(statement, Assign) and statement.op.name in IN_ORDER:
            self._in_order(self.holder(value))
        base = self.shadow(self.memory.base[value])
        type_ = self.ctx.types[value]
        target = self.ctx.value(Array(type_.dtype, type_.ndim, type_.layout), base=value, form=self.ctx.form)
        if isinstance(statement, Read):
            index = statement.index.replaced(lambda a: self.fetch(a, statement))
            self.ctx.add(Read(target, base, index, self.ctx.loc))
        else:
            assert isinstance(statement, Assign)
            if statement.op.name in ("relabel", "detach"):
                return base
            args = (base, *(self.fetch(a, statement) for a in statement.args[1:]))
            self.ctx.add(Assign(target, statement.op, args, statement.static, self.ctx.loc))
        self.shapes.equate(target, value)
        return target

    def _fits_views(self, holder: Value, cotangent: Atom) -> bool:
        """Whether the views of an array that need its elements in order are views of this cotangent, too.

        The cotangent of ``x.T`` turned back is no shadow for ``x.reshape(…)``: that would be a copy, and a
        loop would add to a copy of its own.
        """
        if getattr(self.ctx.type_of(cotangent), "layout", "C") == "C":
            return True
        defined = self.outline.defined
        return not any(
            isinstance(made := defined.get(view), Assign) and made.op.name in IN_ORDER
            and self.holder(view) is holder
            for view in self.memory.base
        )

    def _in_order(self, holder: Value) -> None:
        """Have a shadow in the value's own order: the elements of another in order would be a copy."""
        found, want = self.shadow(holder), getattr(self.ctx.types[holder], "layout", "A")
        born = self.ctx.origin.get(found)
        like = isinstance(born, Assign) and born.op.name == "zeros_like"
        if want == "A" or like or getattr(self.ctx.type_of(found), "layout", want) == want:
            return
        made: Atom = found
        for name in ("contiguous",) if want == "C" else ("transposed", "contiguous", "transposed"):
            made = self.ctx.op(name, made)
        assert isinstance(made, Value)
        self.cot[holder] = made
        self.own.add(made)
        self.masks.move(found, made)
        self.shapes.equate(made, holder)

    def zeros(self, value: Value) -> Value:
        """A fresh shadow."""
        type_ = self.ctx.types[value]
        if isinstance(type_, Tape):
            zeros = self.ctx.value(type_, base=value, form=self.ctx.form)
            kept = self.saver.export(value, self.here)
            self.saver.bind_first(kept)
            self.ctx.op("zeros_list", kept, target=zeros)
            return zeros
        like = self.visible_like(value)
        if like is not None:
            self.saver.bind_first(like)  # it, or a tape of an order below, may be there on one way only
        target = self.ctx.value(Array(type_.dtype, type_.ndim), base=value, form=self.ctx.form)
        if like is not None:
            made = self.ctx.op("zeros_like", like, target=target)
        else:
            made = self.ctx.op("zeros_of", self.fetch_shape(value), dtype=type_.dtype, target=target)
        assert isinstance(made, Value)
        self.shapes.equate(made, value)
        return made
