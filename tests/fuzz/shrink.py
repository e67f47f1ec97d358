"""A failing program without what the failure does not need."""

import ast
import re
import time
from collections.abc import Callable, Iterator

__all__ = ["smaller"]

SECONDS = 120


def smaller(source: str, judge: Callable[[str], tuple[str, str]], why: str) -> str:
    """The program with statements left out, blocks in place of branches, and operands of expressions."""
    kind = _kind(why)
    end = time.monotonic() + SECONDS

    def fails(text: str) -> bool:
        try:
            state, now = judge(text)
        except SyntaxError:
            return False
        return state == "fail" and _kind(now) == kind

    again = True
    while again and time.monotonic() < end:
        again = False
        for changed in _changes(source):
            if changed != source and fails(changed):
                source, again = changed, True
                break
            if time.monotonic() > end:
                break
    return source


def _changes(source: str) -> Iterator[str]:
    """Every program that is one step smaller: large steps first."""
    tree = ast.parse(source)
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "f")
    for k, statement in enumerate(tree.body):
        if isinstance(statement, ast.FunctionDef | ast.ClassDef) and statement is not function:
            yield ast.unparse(ast.Module([*tree.body[:k], *tree.body[k + 1 :]], []))
    for owner in ast.walk(function):
        for field in ("body", "orelse"):
            block = getattr(owner, field, None)
            if not isinstance(block, list):
                continue
            for k in reversed(range(len(block))):
                if "dlgradient" in ast.unparse(block[k]) and not isinstance(block[k], ast.If | ast.For | ast.While):
                    last = k + 1  # goes with the sums of its results
                    while last < len(block) and _stays(block[last]) and isinstance(block[last], ast.Assign):
                        last += 1
                    setattr(owner, field, [*block[:k], *block[last:]] or [ast.Pass()])
                    yield ast.unparse(tree)
                    setattr(owner, field, block)
                if _stays(block[k]):
                    continue
                inner = [block[k].body] if isinstance(block[k], ast.If | ast.For | ast.While) else []
                if isinstance(block[k], ast.If):
                    inner.append(block[k].orelse)
                for instead in ([], *inner):
                    rest = [*block[:k], *instead, *block[k + 1 :]]
                    setattr(owner, field, rest or ([ast.Pass()] if field == "body" else []))
                    yield ast.unparse(tree)
                setattr(owner, field, block)
    kept = {id(n) for s in ast.walk(function) if isinstance(s, ast.stmt) and _stays(s) for n in ast.walk(s)}
    for owner in ast.walk(function):
        if id(owner) in kept:
            continue
        for field, value in ast.iter_fields(owner):
            if isinstance(value, ast.expr):
                for part in _parts(value):
                    setattr(owner, field, part)
                    yield ast.unparse(tree)
                setattr(owner, field, value)
            elif isinstance(value, list) and not isinstance(owner, ast.FunctionDef):
                for k, one in enumerate(value):
                    for part in _parts(one):
                        value[k] = part
                        yield ast.unparse(tree)
                    value[k] = one


def _parts(node: ast.AST) -> list[ast.expr]:
    """What may stand in place of an expression."""
    match node:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.BoolOp(values=values):
            return values
        case ast.Call(args=[ast.expr() as first, *_]) if not isinstance(first, ast.GeneratorExp | ast.Tuple | ast.List):
            return [first]
    return []


def _kind(why: str) -> str:
    """What failures of one cause have in common: their message without numbers and names."""
    why = re.sub(r"\(.*?\)", "", why) if why.startswith("rewritten") else why
    return re.sub(r"\w*\d\w*|<.*?>", "", why.split(", expected")[0])[:400] if "Error" in why else why.split(":")[0] + why[-20:] * ("shape" in why)


def _stays(statement: ast.stmt) -> bool:
    """Whether a statement keeps a while loop finite, or makes of gradients what is compared with differences."""
    if isinstance(statement, ast.AugAssign):
        return ast.unparse(statement.target).startswith("k")
    summed = isinstance(statement, ast.Assign | ast.Return) and re.search(r"\b(loss|by)_[xAt]\b|dlgradient|^t = np.tanh", ast.unparse(statement))
    return isinstance(statement, ast.Pass) or bool(summed)
