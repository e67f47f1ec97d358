"""A function body without jumps: one return, at its end; a loop is left only at the end of its body.

Where a branch ends in a jump, the rest of the block moves into the other branch, which needs no flag:

>>> print(_shown('''
... if x > 0:
...     return x
... y = x * x
... return y + 1
... '''))
if x > 0:
    result = x
else:
    y = x * x
    result = y + 1
return result

A flag stands where a loop is left, and where a jump lies deeper than the rest that it skips:

>>> print(_shown('''
... for i in range(n):
...     if a[i] < 0:
...         continue
...     if a[i] > 9:
...         return i
... return -1
... '''))
returned = False
for i in range(n):
    if not a[i] < 0:
        if a[i] > 9:
            result = i
            returned = True
    if returned:
        break
if not returned:
    result = -1
return result
"""

import ast
from collections.abc import Iterable

from ...records import field, record, replace

__all__ = ["Names", "left_in", "single_exit"]

# So many statements with jumps in one block are nested into each other; more are laid side by side under a
# flag, because Python allows 100 levels of indentation and a reader far fewer.
_NESTED = 10


class Names:
    """Makes names that the function does not use: stop, stop_2, stop_3, …"""

    def __init__(self, used: Iterable[str]):
        self._used = set(used)
        self._count: dict[str, int] = {}
        self.made: set[str] = set()

    def new(self, word: str) -> str:
        while True:
            number = self._count[word] = self._count.get(word, 0) + 1
            name = word if number == 1 else f"{word}_{number}"
            if name not in self._used:
                self._used.add(name)
                self.made.add(name)
                return name


def single_exit(body: list[ast.stmt], names: Names, end: ast.AST) -> list[ast.stmt]:
    """The statements of a function's body, without jumps.

    Parameters
    ----------
    body
        The statements; they belong to the caller, who may find them used in the result.
    names
        Gives the names of flags and of the result.
    end
        The node whose place a ``return None`` takes that the user did not write.
    """
    return _Remover(names).function(body, end)


def left_in(body: list[ast.stmt], names: Names, name: str, end: ast.AST) -> list[ast.stmt]:
    """The statements without jumps, where what they return is left in a name instead; they do return."""
    remover = _Remover(names)
    remover.result = name
    *first, last = remover.function(body, end)
    assert isinstance(last, ast.Return) and last.value is not None
    if isinstance(last.value, ast.Name) and last.value.id == name:
        return first
    return [*first, _assigned(name, last.value, last)]


@record(frozen=True)
class _Ways:
    """How a statement, or a block, can end: ``falls`` through to the next, or by jumps out of it."""

    falls: bool
    jumps: frozenset[str] = frozenset()


@record
class _Loop:
    skip: str = ""      # the flag for the rest of the body, once something needed it


@record(frozen=True)
class _Place:
    """Where a statement stands: which flags each kind of jump must raise, and which have a value already."""

    loop: _Loop
    raises: dict[str, tuple[str, ...]]
    known: frozenset[str] = field(default=frozenset())

    def raising(self, flag: str, kinds: Iterable[str]) -> "_Place":
        more = {kind: (*self.raises[kind], flag) for kind in kinds if flag not in self.raises[kind]}
        return replace(self, raises={**self.raises, **more})

    def knowing(self, flag: str) -> "_Place":
        return replace(self, known=self.known | {flag})


class _Remover:
    def __init__(self, names: Names):
        self.names = names
        self.ways: dict[ast.stmt, _Ways] = {}
        self.blocks: list[ast.If | ast.For | ast.While] = []      # all that was built
        self.result = ""
        self.returned = ""

    # ------------------------------------------------------------------ the function

    def function(self, body: list[ast.stmt], end: ast.AST) -> list[ast.stmt]:
        if self.block_ways(body).falls:
            body = [*body, _at(end, ast.Return(value=_at(end, ast.Constant(value=None))))]
        body = self.live(body)
        *first, last = body
        if isinstance(last, ast.Return) and "return" not in self.block_ways(first).jumps:
            place = _Place(_Loop(), {"return": ()})
            value = last.value or _at(last, ast.Constant(value=None))
            done = [*self.block(first, place), _at(last, ast.Return(value=value))]
        else:
            done = self.block(body, _Place(_Loop(), {"return": ()}))
            # No result, and no return either: every way ends in a raise, or in no end at all.
            value = _at(last, _load(self.result) if self.result else ast.Constant(value=None))
            done.append(_at(last, ast.Return(value=value)))
        self.settle()
        return done

    def settle(self) -> None:
        """No block stays empty."""
        for node in self.blocks:
            if isinstance(node, ast.If) and node.orelse and not node.body:
                node.test, node.body, node.orelse = _negated(node.test), node.orelse, []
            if not node.body:
                node.body = [_at(node, ast.Pass())]

    # ------------------------------------------------------------------ how things end

    def block_ways(self, body: list[ast.stmt]) -> _Ways:
        jumps: frozenset[str] = frozenset()
        for statement in body:
            ways = self.ways_of(statement)
            jumps |= ways.jumps
            if not ways.falls:
                return _Ways(False, jumps)
        return _Ways(True, jumps)

    def ways_of(self, statement: ast.stmt) -> _Ways:
        if statement not in self.ways:
            match statement:
                case ast.If():
                    self.chain_ways(statement)
                case ast.For() | ast.While():
                    self.ways[statement] = self.loop_ways(statement)
                case ast.Return():
                    self.ways[statement] = _Ways(False, frozenset({"return"}))
                case ast.Break():
                    self.ways[statement] = _Ways(False, frozenset({"break"}))
                case ast.Continue():
                    self.ways[statement] = _Ways(False, frozenset({"continue"}))
                case _:
                    self.ways[statement] = _Ways(not isinstance(statement, ast.Raise))
        return self.ways[statement]

    def chain_ways(self, node: ast.If) -> None:
        # A chain of elif is a tree as deep as it is long: it is walked, not recursed into.
        chain = [node]
        while (deeper := _only_if(chain[-1].orelse)) is not None and deeper not in self.ways:
            chain.append(deeper)
        for link in reversed(chain):
            then, orelse = self.block_ways(link.body), self.block_ways(link.orelse)
            self.ways[link] = _Ways(then.falls or orelse.falls, then.jumps | orelse.jumps)

    def loop_ways(self, node: ast.For | ast.While) -> _Ways:
        inside = self.block_ways(node.body)
        breaks, returns = "break" in inside.jumps, inside.jumps & {"return"}
        if _endless(node):
            return _Ways(breaks, returns)
        orelse = self.block_ways(node.orelse)
        return _Ways(breaks or orelse.falls, returns | orelse.jumps)

    def live(self, body: list[ast.stmt]) -> list[ast.stmt]:
        for number, statement in enumerate(body, 1):
            if not self.ways_of(statement).falls:
                return body[:number]
        return body

    def jumpers(self, body: list[ast.stmt]) -> int:
        return sum(1 for statement in body if self.ways_of(statement).jumps)

    # ------------------------------------------------------------------ blocks

    def block(self, body: list[ast.stmt], place: _Place) -> list[ast.stmt]:
        body = self.live(body)
        pieces = self.pieces(body)
        if len(pieces) == 1:
            return self.sequence(body, place)
        kinds = frozenset().union(*(self.block_ways(piece).jumps for piece in pieces[:-1]))
        flag = self.flag(kinds, place)
        done = self.lowered(flag, place, body[0])
        place = place.knowing(flag)
        done += self.sequence(pieces[0], place.raising(flag, kinds))
        for piece in pieces[1:]:
            inside = place if piece is pieces[-1] else place.raising(flag, kinds)
            done.append(self.unless(flag, self.sequence(piece, inside), piece[0]))
        return done

    def pieces(self, body: list[ast.stmt]) -> list[list[ast.stmt]]:
        """The block cut so that no piece holds more than a few statements with jumps."""
        if self.jumpers(body) <= _NESTED:
            return [body]
        pieces: list[list[ast.stmt]] = [[]]
        count = 0
        for statement in body:
            if count == _NESTED:
                pieces.append([])
                count = 0
            pieces[-1].append(statement)
            count += bool(self.ways_of(statement).jumps)
        return pieces

    def sequence(self, body: list[ast.stmt], place: _Place) -> list[ast.stmt]:
        done: list[ast.stmt] = []
        out = done      # where statements go at the moment: the block itself, or a branch that took the rest
        rest = body[::-1]
        while rest:
            statement = rest.pop()
            ways = self.ways_of(statement)
            if not ways.falls:
                rest.clear()
            match statement:
                case ast.Return() | ast.Break() | ast.Continue():
                    out += self.jump(statement, place)
                case ast.For() | ast.While():
                    place, out = self.loop(statement, place, out, rest)
                case ast.If() if rest and ways.jumps:
                    then_falls = self.block_ways(statement.body).falls
                    orelse_falls = self.block_ways(statement.orelse).falls
                    if then_falls and orelse_falls:
                        flag = self.flag(ways.jumps, place)
                        out += self.lowered(flag, place, statement)
                        place = place.knowing(flag)
                        out.append(self.kept(statement, place.raising(flag, ways.jumps)))
                        out = self.guarded(flag, out, rest)
                    else:
                        out = self.moved(statement, place, out, rest, into_then=then_falls)
                case ast.If():
                    out.append(self.kept(statement, place))
                case ast.Nonlocal() | ast.AnnAssign():
                    pass    # nothing is run: scopes are known before, and the order of the text changes here
                case _:
                    out.append(statement)
        return done

    def moved(
        self, node: ast.If, place: _Place, out: list[ast.stmt], rest: list[ast.stmt], into_then: bool
    ) -> list[ast.stmt]:
        """One branch jumps: the rest belongs to the other, whose block is where to go on."""
        jumping, going_on = (node.orelse, node.body) if into_then else (node.body, node.orelse)
        left = self.block(jumping, place)
        branch: list[ast.stmt] = []
        if self.jumpers(going_on) > _NESTED:
            branch = self.block([*going_on, *reversed(rest)], place)
            rest.clear()
        else:
            rest += reversed(going_on)
        then, orelse = (branch, left) if into_then else (left, branch)
        out.append(self.built(_at(node, ast.If(test=node.test, body=then, orelse=orelse))))
        return branch

    def kept(self, node: ast.If, place: _Place) -> ast.If:
        """The same ``if``, its branches in their places."""
        top = new = self.built(_when(node.test, self.block(node.body, place), node))
        while (deeper := _only_if(node.orelse)) is not None:
            node = deeper
            inner = self.built(_when(node.test, self.block(node.body, place), node))
            new.orelse = [inner]
            new = inner
        new.orelse = self.block(node.orelse, place)
        return top

    # ------------------------------------------------------------------ jumps and loops

    def jump(self, node: ast.Return | ast.Break | ast.Continue, place: _Place) -> list[ast.stmt]:
        done: list[ast.stmt] = []
        if isinstance(node, ast.Return):
            self.result = self.result or self.names.new("result")
            value = node.value or _at(node, ast.Constant(value=None))
            done.append(_assigned(self.result, value, node))
        kind = type(node).__name__.lower()
        return done + [_assigned(flag, ast.Constant(value=True), node) for flag in place.raises[kind]]

    def loop(
        self, node: ast.For | ast.While, place: _Place, out: list[ast.stmt], rest: list[ast.stmt]
    ) -> tuple[_Place, list[ast.stmt]]:
        jumps = self.block_ways(node.body).jumps
        breaks, returns = "break" in jumps, "return" in jumps
        orelse = [] if _endless(node) else node.orelse
        raises: dict[str, tuple[str, ...]] = {"continue": (), "break": (), "return": place.raises["return"]}
        inside = _Place(_Loop(), raises, place.known)
        leave = ""
        if returns and (rest or orelse or not breaks):
            leave = self.flag({"return"}, place)
            out += self.lowered(leave, place, node)
            place = place.knowing(leave)
            inside = inside.knowing(leave).raising(leave, {"return"})
        if breaks:
            leave = self.names.new("stop")
            out += self.lowered(leave, place, node)
            inside = inside.knowing(leave).raising(leave, {"break", "return"})
        body = self.block(node.body, inside)
        if leave:
            body.append(_when(_at(node, _load(leave)), [_at(node, ast.Break())], node))
        out.append(self.looped(node, body))
        if orelse and breaks:
            rest.append(_when(_not(leave, node), orelse, node))
        else:
            rest += reversed(orelse)
        if returns and rest:
            out = self.guarded(self.returned, out, rest)
        return place, out

    def looped(self, node: ast.For | ast.While, body: list[ast.stmt]) -> ast.stmt:
        if isinstance(node, ast.While):
            return self.built(_at(node, ast.While(test=node.test, body=body, orelse=[])))
        return self.built(_at(node, ast.For(target=node.target, iter=node.iter, body=body, orelse=[])))

    # ------------------------------------------------------------------ flags

    def flag(self, kinds: Iterable[str], place: _Place) -> str:
        """The one flag that tells, after a statement, whether one of these jumps was made."""
        if "continue" in kinds:
            place.loop.skip = place.loop.skip or self.names.new("skip")
            return place.loop.skip
        if "break" in kinds:
            return place.raises["break"][0]     # the loop's own, which its returns raise too
        self.returned = self.returned or self.names.new("returned")
        return self.returned

    def lowered(self, flag: str, place: _Place, at: ast.AST) -> list[ast.stmt]:
        return [] if flag in place.known else [_assigned(flag, ast.Constant(value=False), at)]

    def guarded(self, flag: str, out: list[ast.stmt], rest: list[ast.stmt]) -> list[ast.stmt]:
        """Where the rest goes that runs only if the flag was not raised."""
        branch: list[ast.stmt] = []
        out.append(self.unless(flag, branch, rest[-1]))
        return branch

    def unless(self, flag: str, body: list[ast.stmt], at: ast.AST) -> ast.stmt:
        return self.built(_when(_not(flag, at), body, at))

    def built(self, node):
        self.blocks.append(node)
        return node


# ---------------------------------------------------------------------------------- nodes


def _only_if(body: list[ast.stmt]) -> ast.If | None:
    """The ``elif`` that the else branch is, if it is one."""
    return body[0] if len(body) == 1 and isinstance(body[0], ast.If) else None


def _endless(node: ast.stmt) -> bool:
    return isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)


def _at(origin: ast.AST, node):
    return ast.copy_location(node, origin)


def _load(name: str) -> ast.Name:
    return ast.Name(id=name, ctx=ast.Load())


def _when(test: ast.expr, body: list[ast.stmt], at: ast.AST) -> ast.If:
    return _at(at, ast.If(test=test, body=body, orelse=[]))


def _not(name: str, at: ast.AST) -> ast.expr:
    return _at(at, ast.UnaryOp(op=ast.Not(), operand=_at(at, _load(name))))


def _negated(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return _at(test, ast.UnaryOp(op=ast.Not(), operand=test))


def _assigned(name: str, value: ast.expr, at: ast.AST) -> ast.stmt:
    target = _at(at, ast.Name(id=name, ctx=ast.Store()))
    value = value if hasattr(value, "lineno") else _at(at, value)
    return _at(at, ast.Assign(targets=[target], value=value))


def _shown(text: str) -> str:
    body = single_exit(ast.parse(text).body, Names(()), ast.Pass())
    return "\n".join(ast.unparse(statement) for statement in body)
