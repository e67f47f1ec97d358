"""Functions that call themselves, as one loop with a stack.

A function is cut where it calls itself.  What is needed after the call goes on a stack, with the number of
the piece to go on with:

    def power(x, n):                     def power(x, n):
        if n == 0:                           piece, back, saved, results = 0, [-1], [], []
            return 1.0                       while piece >= 0:
        half = power(x, n // 2)                  if piece == 0:
        if n % 2:                    →               if n == 0:
            return half * half * x                       results.append(1.0); piece = back.pop()
        return half * half                           else:
                                                         saved.append(n); back.append(1)
                                                         n = n // 2
                                                 else:
                                                     n = saved.pop()
                                                     half = results.pop()
                                                     if n % 2: results.append(half * half * x)
                                                     else: results.append(half * half)
                                                     piece = back.pop()
                                             return results.pop()

So a derivative of it is that of a loop with lists that grow.  A call that is the last thing that a function
does needs no stack; an argument that is handed on unchanged stays where it is; functions that call each
other are one loop.
"""

import ast
from collections.abc import Callable
from typing import Any, cast

from ...records import record
from ..tree.jumps import Names, left_in
from .hoist import Hoisting, Unhoistable, at
from .needed import Needed
from .pieces import (
    Call, Member, Piece, Save, assign, compare, item, jump, length, load, method, number, popped,
)

__all__ = ["DEEPEST", "unwound"]

DEEPEST = 1_000_000


# Makes the jump at the end of a block; None at the end of the function.
After = Callable[[ast.AST], list[ast.stmt]] | None


@record(frozen=True)
class _Place:
    """Where the statements of a loop go on after ``break`` and ``continue``."""

    leave: Callable[[ast.AST], list[ast.stmt]] | None = None
    again: Callable[[ast.AST], list[ast.stmt]] | None = None


def unwound(members: list[Member], calls: dict[ast.Call, Call], names: Names) -> list[ast.stmt]:
    """The body of the first member, as a loop."""
    return _Unwinding(members, calls, names).body()


class _Unwinding:
    def __init__(self, members: list[Member], calls: dict[ast.Call, Call], names: Names):
        self.members = members
        self.calls = calls
        self.names = names
        self.pieces: list[Piece] = []
        self.at = names.new("piece")
        self.back = names.new("back")
        writes = any(
            isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)
            for m in members for s in m.body for n in ast.walk(s)
        )  # fmt: skip
        for member in members:
            member.results = names.new("results") if member.gives else ""
            hoisting = Hoisting(calls, self._local(member), writes)  # type: ignore[arg-type]
            member.body = hoisting.block(member.body)

    def _local(self, member: Member) -> Callable[[str], str]:
        def new(word: str) -> str:
            member.local.add(name := self.names.new(word))
            return name

        return new

    # ------------------------------------------------------------------ the loop

    def body(self) -> list[ast.stmt]:
        first = self.members[0]
        for member in self.members:
            member.entry = self.piece(member, member.node)
        for member in self.members:
            assert member.entry is not None
            member.entry.body = self.block(member.body, member, _Place(), None)
        if not self._ends():
            raise Unhoistable(
                first.node, f"`{first.name}` calls itself on every way, so it never ends; return without a "
                "call on one of them"
            )
        needed = Needed({p: (p.body, p.member.local - p.member.kept) for p in self.pieces})
        for piece in self.pieces:
            piece.alive = tuple(sorted(needed.at(piece)))
            if piece.alive and piece is not first.entry:
                piece.saved = self.names.new("saved")
        ordered = self._ordered()
        for place, piece in enumerate(ordered):
            piece.number = place
        node = first.node
        made = [assign(self.at, number(0, node), node)]
        made.append(assign(self.back, at(node, ast.List(elts=[number(-1, node)], ctx=ast.Load())), node))
        lists = [p.saved for p in ordered] + [m.results for m in self.members]
        made += [assign(name, at(node, ast.List(elts=[], ctx=ast.Load())), node) for name in lists if name]
        chain: list[ast.stmt] = []
        for piece in reversed(ordered):
            body = left_in(self.laid_out(piece), self.names, self.at, piece.node)
            if not chain:
                chain = body
            else:
                test = compare(self.at, ast.Eq(), piece.number, piece.node)
                chain = [at(piece.node, ast.If(test=test, body=body, orelse=chain))]
        test = compare(self.at, ast.GtE(), 0, node)
        made.append(at(node, ast.While(test=test, body=chain, orelse=[])))
        value = popped(first.results, first, node) if first.gives else at(node, ast.Constant(value=None))
        return [*made, at(node, ast.Return(value=value))]

    def _ends(self) -> bool:
        """Whether the first function returns on some way without waiting for a result."""
        reached = [self.pieces[0]]
        for piece in reached:
            for node in (n for s in piece.body for n in ast.walk(s) if isinstance(n, ast.Return)):
                if not isinstance(node.value, ast.Constant):
                    return True
                target = cast(Any, node.value.value)
                if target not in reached:
                    reached.append(target)
        return False

    def piece(self, member: Member, node: ast.AST) -> Piece:
        self.pieces.append(made := Piece(member, node))
        return made

    def _ordered(self) -> list[Piece]:
        """The pieces, each after one that saves something for it, and those that take a result last.

        So a list is appended to in the text before it is popped from, and its items have a type.
        """
        left = list(self.pieces)
        done = [left.pop(0)]
        while left:
            targets = {s.piece for p in done for b in p.body for s in ast.walk(b) if isinstance(s, Save)}
            ready = [p for p in left if p in targets] or left
            done.append(min(ready, key=lambda p: (p.takes is not None, left.index(p))))
            left.remove(done[-1])
        return done

    def laid_out(self, piece: Piece) -> list[ast.stmt]:
        """The statements of a piece, with what it takes from the stacks and what it puts there."""
        node = piece.node
        made: list[ast.stmt] = []
        if piece.saved:
            targets = [at(node, ast.Name(id=n, ctx=ast.Store())) for n in piece.alive]
            target = targets[0] if len(targets) == 1 else at(node, ast.Tuple(elts=targets, ctx=ast.Store()))
            made.append(at(node, ast.Assign(targets=[target], value=popped(piece.saved, piece.member, node))))
        filled = _Filling(self).visit(ast.Module(body=piece.body, type_ignores=[]))
        return made + filled.body

    # ------------------------------------------------------------------ jumps

    def goto(self, piece: Piece, node: ast.AST) -> list[ast.stmt]:
        return [at(node, Save(piece, False)), jump(piece, node)]

    def returned(self, member: Member, value: ast.expr | None, node: ast.AST) -> list[ast.stmt]:
        """``return value``."""
        made: list[ast.stmt] = []
        if member.gives:
            value = at(node, ast.Constant(value=None)) if value is None else value
            made.append(at(node, ast.Expr(value=method(member.results, "append", [value], node))))
        return [*made, at(node, ast.Return(value=method(self.back, "pop", [], node)))]

    def entered(self, call: Call, node: ast.AST) -> list[ast.stmt]:
        """The arguments bound, and on to the beginning of the function."""
        made: list[ast.stmt] = []
        pairs = [
            (p, v) for p, v in call.values.items()
            if not (isinstance(v, ast.Name) and v.id == p)
        ]  # fmt: skip
        targets: list[ast.expr] = [at(node, ast.Name(id=p, ctx=ast.Store())) for p, _ in pairs]
        if len(pairs) == 1:
            made.append(at(node, ast.Assign(targets=targets, value=pairs[0][1])))
        elif pairs:
            both = at(node, ast.Tuple(elts=[v for _, v in pairs], ctx=ast.Load()))
            target = at(node, ast.Tuple(elts=targets, ctx=ast.Store()))
            made.append(at(node, ast.Assign(targets=[target], value=both)))
        entry = call.member.entry
        assert entry is not None
        if call.member is not self.members[0]:
            return [*made, *self.goto(entry, node)]  # its arguments have no value before the loop
        return [*made, jump(entry, node)]

    # ------------------------------------------------------------------ cutting

    def recurs(self, node: ast.AST) -> bool:
        return any(n in self.calls for n in ast.walk(node))

    def block(
        self, body: list[ast.stmt], member: Member, place: _Place, after: After
    ) -> list[ast.stmt]:
        """The statements up to the first call that recurs; what comes after it goes into other pieces."""
        done: list[ast.stmt] = []
        for k, statement in enumerate(body):
            rest = body[k + 1 :]
            if not self.recurs(statement):
                done += self.kept(statement, member, place)
                if not _falls([statement]):
                    return done
                continue
            return done + self.cut(statement, rest, member, place, after)
        last = body[-1] if body else member.node
        return done + (self.returned(member, None, last) if after is None else after(last))

    def cut(
        self, node: ast.stmt, rest: list[ast.stmt], member: Member, place: _Place, after: After
    ) -> list[ast.stmt]:
        """A statement in which a call recurs, and the rest of its block."""
        match node:
            case ast.Return(value=ast.Call() as called):
                call = self.calls[called]
                if call.member is member:
                    return self.entered(call, node)
                name = self._local(member)("value")
                value = at(node, ast.Return(value=load(name, node)))
                return self.called(call, name, node, [value], member, place, after)
            case ast.Assign(targets=[target], value=ast.Call() as called):
                return self.called(self.calls[called], target, node, rest, member, place, after)
            case ast.Expr(value=ast.Call() as called):
                call = self.calls[called]
                if not rest and call.member is member and not member.gives and after is None:
                    return self.entered(call, node)
                return self.called(call, None, node, rest, member, place, after)
            case ast.If(test=test, body=then, orelse=orelse):
                if rest and _falls(then) and _falls(orelse):
                    join = self.piece(member, rest[0])
                    join.body = self.block(rest, member, place, after)
                    after, rest = (lambda origin: self.goto(join, origin)), []
                ways = [
                    self.block([*way, *(rest if _falls(way) else [])], member, place, after)
                    for way in (then, orelse)
                ]
                return [at(node, ast.If(test=test, body=ways[0], orelse=ways[1]))]
            case ast.While(test=test, body=body):
                return self.looped(node, [], test, [], body, [], rest, member, after, place)
            case ast.For():
                return self.counted(node, rest, member, after, place)
        raise AssertionError(node)

    def called(
        self, call: Call, target: Any, node: ast.AST, rest, member: Member, place: _Place, after: After
    ) -> list[ast.stmt]:
        """A call that something follows: the piece that follows takes its result."""
        piece = self.piece(member, node)
        piece.takes = call
        first: list[ast.stmt] = []
        if call.member.gives:
            value = popped(call.member.results, call.member, node)
            if isinstance(target, str):
                first = [assign(target, value, node)]
            elif target is None:
                first = [at(node, ast.Expr(value=value))]
            else:
                first = [at(node, ast.Assign(targets=[target], value=value))]
        elif isinstance(target, ast.expr):
            first = [at(node, ast.Assign(targets=[target], value=at(node, ast.Constant(value=None))))]
        piece.body = first + self.block(rest, member, place, after)
        return [at(node, Save(piece, True)), *self.entered(call, node)]

    def looped(
        self, node, before, test, first, body, again, rest, member: Member, after: After, place: _Place
    ) -> list[ast.stmt]:
        """A loop: ``before`` it, ``first`` in each trip, ``again`` at its end."""
        head, tail = self.piece(member, node), self.piece(member, rest[0] if rest else node)
        tail.body = self.block(rest, member, place, after)
        leave: Callable = lambda origin: self.goto(tail, origin)  # noqa: E731
        next_: Callable = lambda origin: [*again, *self.goto(head, origin)]  # noqa: E731
        inside = self.block([*first, *body], member, _Place(leave, next_), next_)
        if isinstance(test, ast.Constant) and test.value:
            head.body = inside
        else:
            head.body = [at(node, ast.If(test=test, body=inside, orelse=leave(node)))]
        return [*before, *self.goto(head, node)]

    def counted(self, node: ast.For, rest, member: Member, after: After, place: _Place) -> list[ast.stmt]:
        """``for``, with a counter of its own."""
        new = self._local(member)
        count = new("count")
        iterable, stored = node.iter, _stored(node.body)
        start: ast.expr
        stop: ast.expr
        value: ast.expr
        step: ast.expr = number(1, node)
        match iterable:
            case ast.Call(func=ast.Name(id="range"), args=[stop], keywords=[]):
                start, value = number(0, node), load(count, node)
            case ast.Call(func=ast.Name(id="range"), args=[start, stop, *more], keywords=[]):
                step, value = (more[0] if more else step), load(count, node)
            case ast.Call(func=ast.Name(id="enumerate"), args=[inner], keywords=[]) if _is_path(inner):
                start, stop = number(0, node), length(inner)
                value = at(node, ast.Tuple(elts=[load(count, node), item(inner, count)], ctx=ast.Load()))
                iterable = inner
            case _ if _is_path(iterable):
                start, stop, value = number(0, node), length(iterable), item(iterable, count)
            case _:
                raise Unhoistable(
                    node, "a function that calls itself in such a loop is not supported; loop over range(n) "
                    "and index, or over an array that has a name"
                )
        if _names(iterable) & stored:
            raise Unhoistable(
                node, "what this loop runs over changes in it; loop over a copy with a name of its own"
            )
        down = isinstance(step, ast.UnaryOp) and isinstance(step.op, ast.USub)
        if not isinstance(step.operand if isinstance(step, ast.UnaryOp) else step, ast.Constant):
            raise Unhoistable(
                node, "the step of this loop must be a literal, as the function calls itself in it"
            )
        test = at(node, ast.Compare(
            left=load(count, node), ops=[ast.Gt() if down else ast.Lt()], comparators=[stop],
        ))  # fmt: skip
        first = [at(node, ast.Assign(targets=[node.target], value=value))]
        more_ = at(node, ast.BinOp(left=load(count, node), op=ast.Add(), right=step))
        return self.looped(
            node, [assign(count, start, node)], test, first, node.body, [assign(count, more_, node)], rest,
            member, after, place,
        )  # fmt: skip

    def kept(self, node: ast.stmt, member: Member, place: _Place, inner: bool = False) -> list[ast.stmt]:
        """A statement in which nothing recurs, with its jumps out of the piece."""
        match node:
            case ast.Return(value=value):
                return self.returned(member, value, node)
            case ast.Break() if not inner and place.leave is not None:
                return place.leave(node)
            case ast.Continue() if not inner and place.again is not None:
                return place.again(node)
            case ast.If(test=test, body=body, orelse=orelse):
                ways = [
                    [s for b in way for s in self.kept(b, member, place, inner)] for way in (body, orelse)
                ]
                return [at(node, ast.If(test=test, body=ways[0], orelse=ways[1]))]
            case ast.While(test=test, body=body, orelse=orelse):
                ways = [[s for b in way for s in self.kept(b, member, place, k == 0 or inner)]
                        for k, way in enumerate((body, orelse))]  # fmt: skip
                return [at(node, ast.While(test=test, body=ways[0], orelse=ways[1]))]
            case ast.For(target=target, iter=iterable, body=body, orelse=orelse):
                ways = [[s for b in way for s in self.kept(b, member, place, k == 0 or inner)]
                        for k, way in enumerate((body, orelse))]  # fmt: skip
                return [at(node, ast.For(target=target, iter=iterable, body=ways[0], orelse=ways[1]))]
        return [node]


class _Filling(ast.NodeTransformer):
    """Replaces what stands for pieces; a function inside is left as it is."""

    def __init__(self, unwinding: _Unwinding):
        self.unwinding = unwinding

    def visit_Save(self, node: Save):
        made: list[ast.stmt] = []
        piece: Piece = node.piece
        if piece.saved:
            items: list[ast.expr] = [load(n, node) for n in piece.alive]
            value = items[0] if len(items) == 1 else at(node, ast.Tuple(elts=items, ctx=ast.Load()))
            made.append(at(node, ast.Expr(value=method(piece.saved, "append", [value], node))))
        if node.is_call:
            assert piece.takes is not None
            back = self.unwinding.back
            waiting = at(node, ast.Call(func=load("len", node), args=[load(back, node)], keywords=[]))
            deep = at(node, ast.Compare(left=waiting, ops=[ast.Gt()], comparators=[number(DEEPEST, node)]))
            text = f"{piece.takes.member.name} calls itself more than {DEEPEST} deep"
            arguments = [at(node, ast.Constant(value=text))]
            error = at(node, ast.Call(func=load("RecursionError", node), args=arguments, keywords=[]))
            stop = at(node, ast.Raise(exc=error, cause=None))
            made.append(at(node, ast.If(test=deep, body=[stop], orelse=[])))
            made.append(at(node, ast.Expr(value=method(back, "append", [number(piece.number, node)], node))))
        return made

    def visit_Return(self, node: ast.Return):
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, Piece):
            return at(node, ast.Return(value=number(node.value.value.number, node)))
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef):
        return node

    def visit_Lambda(self, node: ast.Lambda):
        return node


# ---------------------------------------------------------------------------------- nodes


def _falls(body: list[ast.stmt]) -> bool:
    """Whether the statement after a block may be reached."""
    if not body:
        return True
    last = body[-1]
    if isinstance(last, ast.If):
        return _falls(last.body) or _falls(last.orelse)
    return not isinstance(last, ast.Return | ast.Raise | ast.Break | ast.Continue)


def _stored(body: list[ast.stmt]) -> set[str]:
    names = [n for s in body for n in ast.walk(s) if isinstance(n, ast.Name)]
    return {n.id for n in names if isinstance(n.ctx, ast.Store)}


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _is_path(node: ast.expr) -> bool:
    """Whether an expression only goes from a name to a part of it: ``tree.children[k]``."""
    kinds = ast.Name | ast.Attribute | ast.Subscript | ast.Constant | ast.BinOp | ast.operator | ast.Load
    return all(isinstance(n, kinds) for n in ast.walk(node))
