"""Which arrays certainly have the same shape, so that no test and no summing back is needed.

A shape is a tuple of keys, one a dimension; equal keys mean equal sizes.  ``np.sin(x)`` has the keys of
``x``; ``x[1:-1]`` has the key ("span", key of x, 1, -1); a size that nothing is known about gets a key of
its own.

    y = np.sin(x) * 2.0 + x        all three have the shape of x: dx += dy * ... needs no sum_to
"""

from collections.abc import Iterable

from ...kernels.types import Array
from ..building.context import Context
from ..ir import (
    NEWAXIS, UNBOUND, Assign, Atom, Block, Const, Fancy, For, Gradient, If, Index, Read, Span, Statement,
    Value, While,
)
from .signatures import SIGNATURES, result_key

__all__ = ["Shapes"]

SAME_AS_FIRST = {
    "copy", "cast", "zeros_like", "softmax_axis", "log_softmax_axis", "relabel", "detach", "running_sum",
    "running_product", "contiguous", "roll_axis", "argsort_axis", "custom_rule",
}


TO_A_SHAPE = {"sum_to", "expand", "spread", "zeros_of", "empty_of"}


class Shapes:
    """The keys of every array's dimensions."""

    def __init__(self, ctx: Context):
        self.ctx = ctx
        self.keys: dict[Value, tuple] = {}

    # ------------------------------------------------------------------ questions

    def same(self, a: Atom, b: Atom) -> bool:
        """Whether two arrays certainly have one shape."""
        return isinstance(a, Value) and isinstance(b, Value) and self.key(a) == self.key(b)

    def like(self, value: Value) -> Iterable[Value]:
        """Other arrays of the same shape."""
        key = self.key(value)
        return [v for v, k in self.keys.items() if k == key and v != value]

    def key(self, value: Value) -> tuple:
        found = self.keys.get(value)
        if found is None:
            ndim = getattr(self.ctx.types.get(value), "ndim", 0)
            found = self.keys[value] = tuple(("dim", value, k) for k in range(ndim))
        return found

    def equate(self, new: Atom, old: Value) -> None:
        """Note that a new array has the shape of an old one."""
        if isinstance(new, Value) and isinstance(self.ctx.types.get(new), Array):
            self.keys[new] = self.key(old)

    # ------------------------------------------------------------------ the forward program

    def block(self, block: Block) -> None:
        """Note the shapes of a block's arrays."""
        for statement in block:
            self.visit(statement)

    def visit(self, statement: Statement) -> None:
        match statement:
            case Assign(target=Value() as target) if isinstance(self.ctx.types[target], Array):
                self._assign(statement, target)
            case Read(target=target, base=base, index=index) if isinstance(self.ctx.types[target], Array):
                self.derive(target, index, base)
            case If(then=then, orelse=orelse, merges=merges):
                self.block(then)
                self.block(orelse)
                for merge in merges:
                    self._join(merge.target, merge.then, merge.orelse)
            case For() | While():
                self._loop(statement)
            case Gradient(results=results, targets=targets):
                for result, by in zip(results, targets, strict=True):
                    if isinstance(by, Value) and isinstance(self.ctx.types[by], Array):
                        self.equate(result, by)

    def _loop(self, loop: For | While) -> None:
        arrays = [c for c in loop.carries if isinstance(self.ctx.types[c.header], Array)]
        guesses = {c.header: c.init for c in arrays if isinstance(c.init, Value)}
        for _ in range(len(arrays) + 1):
            for carry in arrays:
                guess = guesses.get(carry.header)
                if isinstance(guess, Value):
                    self.equate(carry.header, guess)
                else:
                    self.keys.pop(carry.header, None)
            if isinstance(loop, While):
                self.block(loop.test)
            self.block(loop.body)
            wrong = [c for c in arrays if c.header in guesses and not self.same(c.header, c.out)]
            if not wrong:
                break
            for carry in wrong:
                del guesses[carry.header]
        for carry in arrays:
            if carry.header in guesses:
                self.equate(carry.result, carry.header)
            else:
                self.keys.pop(
                    carry.result, None
                )  # the last header's; the header's own key means that of its trip

    def _join(self, target: Value, a: Atom, b: Atom) -> None:
        if not isinstance(self.ctx.types[target], Array):
            return
        sides = [x for x in (a, b) if x is not UNBOUND]
        if len(sides) == 1 or self.same(*sides):
            self.equate(target, sides[0])
        else:
            self.keys.pop(target, None)

    def _assign(self, s: Assign, target: Value) -> None:
        name = s.op.name
        static = dict(s.static)
        if s.op.elementwise:
            self.elementwise(target, s.args)
        elif name in TO_A_SHAPE and (like := self.shape_key(s.args[-1])) is not None:
            self.keys[target] = like
        elif name in SAME_AS_FIRST and isinstance(s.args[0], Value):
            self.equate(target, s.args[0])
        elif (
            name in ("empty_vector", "zeros_vector", "eye_matrix") or name[:-1] in ("empty", "zeros", "full")
            and name[-1].isdigit()
        ):
            self.keys[target] = tuple(self.size_key(a) for a in s.args[: self.ctx.types[target].ndim])
        elif name[:-1] in ("view", "reshaped") and name[-1].isdigit():
            # A size may be -1, also one that is computed.
            keys = [self.size_key(a) for a in s.args[1:]]
            self.keys[target] = tuple(
                ("dim", target, k) if key[0] == "value" or key == ("const", -1) else key
                for k, key in enumerate(keys)
            )
        elif name == "count_to":
            self.keys[target] = (self.size_key(s.args[0]),)
        elif name == "transpose" and isinstance(s.args[0], Value):
            key = self.key(s.args[0])
            axes = static.get("axes")
            self.keys[target] = tuple(reversed(key)) if axes is None else tuple(key[k] for k in axes)
        elif name in SIGNATURES:
            self.keys[target] = result_key(s, self.key)  # type: ignore[arg-type]
        elif name in ("sum_axis", "max_axis", "min_axis", "prod_axis") and isinstance(s.args[0], Value):
            key = self.key(s.args[0])
            axis = static["axis"] % len(key)
            self.keys[target] = key[:axis] + key[axis + 1 :]

    def shape_key(self, shape: Atom) -> tuple | None:
        """The keys of a shape that was taken of an array."""
        made = self.ctx.origin.get(shape) if isinstance(shape, Value) else None
        if isinstance(made, Assign) and made.op.name == "shape" and isinstance(made.args[0], Value):
            return self.key(made.args[0])
        return None

    def elementwise(self, target: Value, atoms: Iterable[Atom]) -> None:
        """The shape of a broadcast: a dimension is known where all arrays agree on it or have length one."""
        if not isinstance(self.ctx.types[target], Array):
            return
        keys = [self.key(a) for a in atoms if isinstance(a, Value) and isinstance(self.ctx.types[a], Array)]
        ndim = max(len(k) for k in keys)
        found: list[tuple] = []
        for axis in range(-ndim, 0):
            sizes = {k[axis] for k in keys if len(k) >= -axis} - {("const", 1)}
            if len(sizes) > 1:
                found.append(("dim", target, axis + ndim))
            else:
                found.append(sizes.pop() if sizes else ("const", 1))
        self.keys[target] = tuple(found)

    def derive(self, target: Atom, index: Index, base: Value) -> None:
        """The shape of ``base[index]``."""
        if not isinstance(target, Value) or not isinstance(self.ctx.types[target], Array):
            return
        key, out, axis = self.key(base), [], 0
        for entry in index.entries:
            if entry is NEWAXIS:
                out.append(("const", 1))
                continue
            if isinstance(entry, Span):
                if entry == Span():
                    out.append(key[axis])
                else:
                    out.append(
                        (
                            "span",
                            key[axis],
                            *(
                                None if a is None else self.size_key(a)
                                for a in (entry.start, entry.stop, entry.step)
                            ),
                        )
                    )
            elif isinstance(entry, Fancy):
                out.append(self.key(entry.array)[0])
            axis += 1
        out += key[axis:]
        self.keys[target] = tuple(out)

    def size_key(self, atom: Atom) -> tuple:
        """The key of a size that is given as a number."""
        if isinstance(atom, Const):
            return ("const", atom.value)
        made = self.ctx.origin.get(atom) if isinstance(atom, Value) else None
        if isinstance(made, Assign) and made.op.name == "dim" and isinstance(made.args[0], Value):
            return self.key(made.args[0])[dict(made.static)["axis"]]
        return ("value", atom)
