"""Which names a piece of a function needs from before it: what is read before it is assigned.

    if t > 0: y = t        reads t; y too, where it is not assigned on every way
    return y
"""

import ast
from collections.abc import Mapping
from typing import Any

from .pieces import Save

__all__ = ["Needed"]


class Needed:
    """The names that each piece needs; ``pieces`` gives its statements, and the names that count."""

    def __init__(self, pieces: Mapping[Any, tuple[list[ast.stmt], set[str]]]):
        self.pieces = pieces
        self.found: dict[Any, set[str]] = {piece: set() for piece in pieces}
        while True:
            now = {piece: self._first_read(body, local) for piece, (body, local) in pieces.items()}
            if now == self.found:
                break
            self.found = now

    def at(self, piece: Any) -> set[str]:
        """What a piece needs."""
        return self.found[piece]

    def _first_read(self, body: list[ast.stmt], local: set[str]) -> set[str]:
        reads: set[str] = set()
        self._block(body, set(), reads)
        return reads & local

    def _block(self, body: list[ast.stmt], have: set[str], reads: set[str]) -> set[str] | None:
        """Adds what is read first; the names that have a value at the end, None if it is not reached."""
        for statement in body:
            after = self._statement(statement, have, reads)
            if after is None:
                return None
            have = after
        return have

    def _statement(self, node: ast.stmt, have: set[str], reads: set[str]) -> set[str] | None:
        match node:
            case Save(piece=piece):
                reads |= self.found[piece] - have
                return have
            case ast.If(test=test, body=body, orelse=orelse):
                have = self._expression(test, have, reads)
                ends = [self._block(way, have, reads) for way in (body, orelse)]
                alive = [end for end in ends if end is not None]
                return set.intersection(*alive) if alive else None
            case ast.While(test=test, body=body):
                have = self._expression(test, have, reads)
                self._block(body, have, reads)
                return have
            case ast.For(target=target, iter=iterable, body=body):
                have = self._expression(iterable, have, reads)
                self._block(body, have | _bound(target), reads)
                return have
            case ast.AugAssign(target=target):
                reads |= (_loaded(target) | ({target.id} if isinstance(target, ast.Name) else set())) - have
                return self._expression(node.value, have, reads) | _bound(target)
            case ast.Return(value=ast.Constant(value=piece)) if piece in self.pieces:
                reads |= self.found[piece] - have  # an argument that is the parameter itself
                return None
            case ast.Return() | ast.Raise():
                self._expression(node, have, reads)
                return None
            case ast.Break() | ast.Continue():
                return None
            case ast.FunctionDef(name=name):
                reads |= _loaded(node) - have
                return have | {name}
        return self._expression(node, have, reads) | _bound(node)

    @staticmethod
    def _expression(node: ast.AST, have: set[str], reads: set[str]) -> set[str]:
        reads |= _loaded(node) - have
        return have


def _loaded(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _bound(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
