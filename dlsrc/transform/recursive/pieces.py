"""What a function that calls itself is cut into, and the nodes that join the pieces again.

    return f(n - 1) * n      →    piece 0: save n, where to go back to; n = n - 1; on to piece 0
                                  piece 1: take n back, and the result; return it times n
"""

import ast
from collections.abc import Iterable
from typing import Any

from ...records import field, record
from .hoist import at

__all__ = [
    "Call", "Member", "Piece", "Save", "assign", "compare", "item", "jump", "length", "load", "method",
    "number", "popped",
]


@record(eq=False)
class Member:
    """One of the functions of a loop.

    ``params`` are its parameters, ``local`` all names of its own; ``kept`` are the parameters that every call
    hands on unchanged.  ``gives`` says whether it returns a value, ``results`` names the list of them.
    """

    name: str
    node: ast.AST
    body: list[ast.stmt]
    params: list[str]
    local: set[str]
    kept: set[str]
    gives: bool
    results: str = ""
    entry: "Piece | None" = None


@record(eq=False)
class Piece:
    """What runs from one entry to the next jump; ``takes`` is the member whose result it begins with."""

    member: Member
    node: ast.AST
    body: list[ast.stmt] = field(default_factory=list)
    takes: "Call | None" = None
    number: int = -1
    saved: str = ""
    alive: tuple[str, ...] = ()


@record(frozen=True)
class Call:
    """A call that recurs: of which member, with which values for its parameters (the kept ones left out)."""

    member: Member
    values: dict[str, ast.expr]


class Save(ast.stmt):
    """Stands for putting what a piece needs on its stack; after a call, also for the place to go back to."""

    _fields = ()

    def __init__(self, piece: Any = None, is_call: bool = False):
        super().__init__()
        self.piece = piece
        self.is_call = is_call


# ---------------------------------------------------------------------------------- nodes


def load(name: str, origin: ast.AST) -> ast.Name:
    """A name that is read."""
    return at(origin, ast.Name(id=name, ctx=ast.Load()))


def number(value: int, origin: ast.AST) -> ast.expr:
    """A literal integer."""
    return at(origin, ast.Constant(value=value))


def compare(name: str, op: ast.cmpop, value: int, origin: ast.AST) -> ast.expr:
    """``name op value``."""
    return at(origin, ast.Compare(left=load(name, origin), ops=[op], comparators=[number(value, origin)]))


def length(node: ast.expr) -> ast.expr:
    """``len(node)``."""
    return at(node, ast.Call(func=load("len", node), args=[node], keywords=[]))


def item(node: ast.expr, count: str) -> ast.expr:
    """``node[count]``."""
    return at(node, ast.Subscript(value=node, slice=load(count, node), ctx=ast.Load()))


def method(owner: str, name: str, args: Iterable[ast.expr], origin: ast.AST) -> ast.Call:
    """``owner.name(args)``."""
    function = at(origin, ast.Attribute(value=load(owner, origin), attr=name, ctx=ast.Load()))
    return at(origin, ast.Call(func=function, args=list(args), keywords=[]))


def popped(stack: str, member: Member, origin: ast.AST) -> ast.Call:
    """What is taken from a stack of the loop's own; the message names the function, if that cannot be."""
    return method(stack, "pop_saved", [at(origin, ast.Constant(value=member.name))], origin)


def jump(piece: Piece, origin: ast.AST) -> ast.stmt:
    """On to a piece, to be filled in when pieces have numbers."""
    return at(origin, ast.Return(value=at(origin, ast.Constant(value=piece))))


def assign(name: str, value: ast.expr, origin: ast.AST) -> ast.stmt:
    """``name = value``."""
    return at(origin, ast.Assign(targets=[at(origin, ast.Name(id=name, ctx=ast.Store()))], value=value))
