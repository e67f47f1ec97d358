"""A function's tree, checked and without jumps: plain ``ast`` nodes at the user's lines and columns.

What means nothing to a derivative is gone: the docstring, ``pass``, annotations.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping

from ..errors import UnsupportedSyntax
from ..records import field, record, replace
from .location import Location
from .source import Source, location
from .tree.desugar import desugared
from .tree.jumps import Names, single_exit
from .tree.syntax import problems

__all__ = ["Parsed", "names_in", "parse", "with_body"]


@record(frozen=True, eq=False)
class Parsed:
    """A function that may be read statement by statement.

    Attributes
    ----------
    body
        The statements.  The last is the only ``return``, there is no ``continue``, no loop has an ``else``,
        and a loop is left only by ``if flag: break`` as the last statement of its body, where ``flag`` is a
        generated name.  A ``nonlocal`` statement, if any, is the first.
    assigned
        The names that are local because the function binds them; generated ones included, parameters only
        where they are bound again, ``nonlocals`` never.
    generated
        The names that the removal of jumps made, in this function and in those inside it.
    with_jumps
        The statements as they were before their jumps were removed.
    nested
        The same record of each inner ``def`` and ``lambda`` (and of those inside them), by its node.
    """

    source: Source
    args: ast.arguments
    body: list[ast.stmt]
    assigned: frozenset[str]
    nonlocals: frozenset[str]
    generated: frozenset[str]
    with_jumps: list[ast.stmt] = field(repr=False)
    nested: Mapping[ast.FunctionDef | ast.Lambda, "Parsed"] = field(repr=False)
    is_generator: bool = False


def parse(source: Source) -> Parsed:
    """Check the function's syntax and remove its jumps.

    Raises
    ------
    UnsupportedSyntax
        With everything that cannot be differentiated, not only the first.
    """
    found = problems(source.tree)
    if found:
        raise UnsupportedSyntax([(_first_line(location(source, node)), message) for node, message in found])
    assert not isinstance(source.tree, ast.AsyncFunctionDef)
    top = _copied(source.tree)
    # Outer before inner, so that the outermost function has the plainest names.
    functions = [n for n in ast.walk(top) if isinstance(n, ast.FunctionDef | ast.Lambda)]
    names = Names(names_in(source.tree))
    bodies = {node: _body(node, names) for node in functions}
    generated = frozenset(names.made)
    nested: dict[ast.FunctionDef | ast.Lambda, Parsed] = {}
    for node, (body, assigned, nonlocals, before) in bodies.items():
        nested[node] = Parsed(source, node.args, body, assigned, nonlocals, generated, before, nested)
    return nested.pop(top)


def with_body(parsed: Parsed, body: list[ast.stmt], made: Iterable[str]) -> Parsed:
    """The same function with other statements, which use names that were ``made`` for them."""
    return replace(
        parsed, body=body, assigned=(parsed.assigned | _scope(body)[0]) - parsed.nonlocals,
        generated=parsed.generated | frozenset(made),
    )  # fmt: skip


def _body(
    node: ast.FunctionDef | ast.Lambda, names: Names
) -> tuple[list[ast.stmt], frozenset[str], frozenset[str], list[ast.stmt]]:
    """The statements without jumps, the names they bind, the names of outer functions that they bind, and
    the statements with jumps."""
    if isinstance(node, ast.Lambda):
        assigned, _ = _scope([node.body])
        only: list[ast.stmt] = [ast.copy_location(ast.Return(value=node.body), node.body)]
        return only, assigned, frozenset(), only
    assigned, nonlocals = _scope(node.body)
    declared = [n for n in _own(node.body) if isinstance(n, ast.Nonlocal)]
    before = desugared(node.body, names.new)
    body = single_exit(before, names, node)
    if declared:
        body.insert(0, ast.copy_location(ast.Nonlocal(names=sorted(nonlocals)), declared[0]))
    node.body = body
    return body, (assigned | _scope(body)[0]) - nonlocals, nonlocals, before


def _first_line(where: Location) -> Location:
    """The part of a problem that stands in its first line: the carets of Python's message cover one line."""
    if where.end_line == where.line:
        return where
    return replace(where, end_line=where.line, end_column=len(where.source_line.rstrip()))


# ---------------------------------------------------------------------------------- names


def _scope(body: Iterable[ast.AST]) -> tuple[frozenset[str], frozenset[str]]:
    """The names that a function's statements bind, and those it declares ``nonlocal``."""
    bound: set[str] = set()
    nonlocals: set[str] = set()
    for node in _own(body):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.MatchAs(name=str() as name):
                bound.add(name)
            case ast.alias(name=name, asname=asname):
                bound.add(asname or name.partition(".")[0])
            case ast.Nonlocal(names=names):
                nonlocals.update(names)
    return frozenset(bound - nonlocals), frozenset(nonlocals)


def _own(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes that belong to a function's own scope: neither inner functions nor comprehension targets."""
    stack = list(body)
    while stack:
        node = stack.pop()
        yield node
        match node:
            case ast.FunctionDef(args=args) | ast.Lambda(args=args):
                stack += args.defaults
                stack += [d for d in args.kw_defaults if d is not None]
            case ast.comprehension(iter=values, ifs=conditions):
                stack += [values, *conditions]
            case _:
                stack += ast.iter_child_nodes(node)


def names_in(tree: ast.AST) -> Iterator[str]:
    """All names that a function uses, those of the functions inside it included."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                yield name
            case ast.Nonlocal(names=names):
                yield from names
            case ast.MatchAs(name=str() as name):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name.partition(".")[0]


# ---------------------------------------------------------------------------------- copying


def _copied(tree: ast.FunctionDef | ast.Lambda) -> ast.FunctionDef | ast.Lambda:
    """A copy that shares nothing with the tree that other readers use, without what is not needed.

    Not recursive: a sum of a thousand terms is a tree a thousand deep.
    """
    top = _shallow(tree)
    stack = [top]
    while stack:
        node = stack.pop()
        for name, value in vars(node).items():
            if name in ("annotation", "returns", "type_comment"):
                setattr(node, name, None)
            elif name in ("type_params", "decorator_list"):
                setattr(node, name, [])
            elif isinstance(value, list):
                new = [_shallow(v) if isinstance(v, ast.AST) else v for v in value if not _means_nothing(v)]
                setattr(node, name, new)
                stack += [n for n in new if isinstance(n, ast.AST)]
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                child = _shallow(value)
                setattr(node, name, child)
                stack.append(child)
    return top  # type: ignore[return-value]


def _shallow(node: ast.AST) -> ast.AST:
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)
    kind = type(node)
    new = kind.__new__(kind)
    vars(new).update(vars(node))
    return new


def _means_nothing(node: object) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
