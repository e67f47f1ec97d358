"""What a built program relies on besides its arguments, and how it is found again at every call.

A program is built for one function object but belongs to its code: a lambda that is made anew at every
call has new cells, and its program must read those.  So the ways to captured variables are kept relative
to the function that is called (and to captured functions with the same code as before), and `Recipe.bind`
roots them in the function at hand.
"""

import builtins
from collections.abc import Sequence
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

from ..records import record, replace
from ..signature import Kind, canonical, kind_of

__all__ = ["GONE", "Binding", "Path", "Recipe", "Test", "recipe_of", "same_code"]

# What a captured variable that is no longer there can raise.
GONE = (KeyError, IndexError, AttributeError, ValueError, TypeError)


@record(frozen=True)
class Path:
    """The way to a captured object.

    ``root`` is ("cell", origin, index), ("global", origin, name), ("globals", origin), ("function", origin),
    ("owner",) or ("object", object); an origin counts the functions whose cells and names are read, the
    called one first.
    """

    root: tuple
    steps: tuple[tuple[str, Any], ...] = ()

    def around(self) -> tuple["Path", str]:
        """The way to what a name is looked up in, and the name."""
        match self:
            case Path(("global", origin, name), ()):
                return Path(("globals", origin)), name
        *steps, (_, name) = self.steps
        return Path(self.root, tuple(steps)), name

    def read(self, origins: Sequence, owner: Any) -> Any:
        """The object, as it is now."""
        match self.root:
            case ("cell", origin, index):
                found = origins[origin].__closure__[index].cell_contents
            case ("global", origin, name):
                found = origins[origin].__globals__[name]
            case ("globals", origin):
                found = origins[origin].__globals__
            case ("function", origin):
                found = origins[origin]
            case ("owner",):
                found = owner
            case (_, found):
                pass
        for step, key in self.steps:
            found = getattr(found, key) if step == "attribute" else found[key]
        return found


@record(frozen=True)
class Test:
    """Something that must be as it was.

    ``kind`` is that of a guard of the transformation, or "function", "method" or "origin".

    For "function", ``expected`` is the code that a captured function must have, for "method" that and the
    class; ``origin`` is the number of the function.  For "origin" it is the number of one met before.
    For "builtin" the path leads to a namespace, which must not have the name; ``expected`` is that and the
    object.  For "has" it leads to an object; expected is the name of an attribute, and whether it has one.
    """

    path: Path
    kind: str
    expected: Any
    origin: int = -1


@record(frozen=True, eq=False)
class Binding:
    """A recipe rooted in one function: ``origins`` are the functions whose variables are read."""

    recipe: "Recipe"
    origins: tuple

    def hidden(self, owner: Any) -> list:
        """The captured numbers and arrays, as they are now."""
        return [path.read(self.origins, owner) for path, _ in self.recipe.hidden]


@record(frozen=True, eq=False)
class Recipe:
    """What a program relies on.

    Attributes
    ----------
    given : tuple of code
        Of the function that is called, and of the functions among its arguments.
    owner : type or None
        The class of the object whose method it is.
    tests : tuple of Test
        In an order in which a function is tested before its variables are read.
    hidden : tuple of (Path, Kind)
        Captured numbers and arrays, which are arguments of the program.
    codes : tuple of (function, code)
        Other functions that were read, with the code that they had.
    """

    given: tuple[CodeType, ...]
    owner: type | None
    tests: tuple[Test, ...]
    hidden: tuple[tuple[Path, Kind], ...]
    codes: tuple[tuple[Any, CodeType], ...]

    def bind(self, function: FunctionType, owner: Any, functions: tuple = ()) -> Binding | None:
        """The recipe rooted in this function and those among its arguments; None if it does not hold."""
        origins = [function, *functions]
        codes = [f.__code__ for f in origins]
        if len(codes) != len(self.given) or not all(map(same_code, codes, self.given)):
            return None
        if self.owner is not None and type(owner) is not self.owner:
            return None
        if any(f.__code__ is not code for f, code in self.codes):
            return None
        try:
            for test in self.tests:
                found = test.path.read(origins, owner)
                if not _holds(test, found, origins):
                    return None
                if test.origin >= 0:
                    assert test.origin == len(origins)
                    origins.append(found if test.kind == "function" else found.__func__)
            for path, kind in self.hidden:
                if not _same_type(kind_of_captured(path.read(origins, owner)), kind):
                    return None
        except GONE:
            return None
        return Binding(self, tuple(origins))


def kind_of_captured(value: Any) -> Kind:
    """The kind of a captured number or array, in its canonical form."""
    return kind_of(value)._replace(layout=kind_of(canonical(value)).layout)


def _same_type(a: Kind, b: Kind) -> bool:
    python = (float, int, bool)
    if a[1:] != b[1:] or (a.cls in python) != (b.cls in python):
        return False
    # A masked array is no array: one that takes an array's place is refused by a build of its own.
    return _odd(a.cls) is _odd(b.cls)


def _odd(cls: type) -> type | None:
    return cls if issubclass(cls, np.ndarray) and cls is not np.ndarray else None


def _holds(test: Test, found: Any, origins: list) -> bool:
    match test.kind:
        case "is" | "identity":
            return found is test.expected
        case "origin":
            return (found if type(found) is FunctionType else found.__func__) is origins[test.expected]
        case "function":
            return type(found) is FunctionType and same_code(found.__code__, test.expected)
        case "method":
            code, cls = test.expected
            if type(found) is not MethodType or type(found.__self__) is not cls:
                return False
            return same_code(found.__func__.__code__, code)
        case "length":
            return len(found) == test.expected
        case "keys":
            return tuple(found) == test.expected
        case "class":
            return type(found) is test.expected
        case "builtin":
            name, expected = test.expected
            return name not in found and vars(builtins).get(name) is expected
        case "has":
            name, expected = test.expected
            return hasattr(found, name) is expected
    return type(found) is type(test.expected) and bool(found == test.expected)


def same_code(a: CodeType, b: CodeType) -> bool:
    """Whether two functions have one text: a cell of a notebook that is run again gives equal code."""
    return a is b or (a == b and a.co_filename == b.co_filename)


def recipe_of(
    normalized: Any, function: FunctionType, owner: Any, functions: tuple = ()
) -> tuple[Recipe, Any]:
    """The recipe of a program that was built for this function object, and its description without it.

    An entry outlives the function it was built for, and must not keep alive what that captured.

    Parameters
    ----------
    normalized : transform.normalize.Normalized
    function : function
        The Python function that was called; ``owner`` is the object whose method it is, or None, and
        ``functions`` are those among its arguments.
    """
    roots = _Roots(owner)
    for given in (function, *functions):
        roots.add(given)
    tests: list[Test] = []
    for guard in normalized.guards:
        path = roots.path(guard.getter)
        if _comes_with_library(path):
            continue
        expected, kind, origin = guard.expected, guard.kind, -1
        if kind in ("builtin", "has"):
            path, name = path.around()
            expected = name, expected
        if kind == "is" and type(expected) in (FunctionType, MethodType):
            inner = expected if type(expected) is FunctionType else expected.__func__
            if id(inner) in roots.numbers:
                kind, expected = "origin", roots.numbers[id(inner)]
            elif type(inner) is FunctionType and not hasattr(inner, "__wrapped__") and not _is_library(inner):
                # All wrappers of one decorator have one code, so these are compared by identity.
                origin = roots.add(inner)
                if type(expected) is FunctionType:
                    kind, expected = "function", inner.__code__
                else:
                    kind, expected = "method", (inner.__code__, type(expected.__self__))
            elif type(expected) is MethodType:
                kind = "equal"  # a method is made anew whenever it is read
        tests.append(Test(path, kind, expected, origin))
    hidden = []
    for getter, _ in normalized.hidden:
        hidden.append((roots.path(getter), kind_of_captured(getter())))
    others = [f for f in normalized.functions if type(f) is FunctionType and id(f) not in roots.numbers]
    recipe = Recipe(
        given=tuple(f.__code__ for f in (function, *functions)),
        owner=None if owner is None else type(owner),
        tests=tuple(tests),
        hidden=tuple(hidden),
        codes=tuple((f, f.__code__) for f in others),
    )
    return recipe, roots.detached(normalized)


def _comes_with_library(path: Path) -> bool:
    """Whether it is something of a library's function: the default of an argument, say."""
    holder = path.root[-1] if path.root[0] == "object" else None
    return type(holder) is FunctionType and _is_one_of_them(holder.__globals__.get("__name__"))


def _is_library(function: FunctionType) -> bool:
    """Whether a function is known by name, so that its code does not matter."""
    return _is_one_of_them(function.__module__)


def _is_one_of_them(module: Any) -> bool:
    return str(module).partition(".")[0] in ("dlsrc", "numpy", "scipy", "numba")


class _Roots:
    """Which function each cell, namespace and function object belongs to."""

    def __init__(self, owner: Any):
        self.owner = owner
        self.count = 0
        self.numbers: dict[int, int] = {}
        self.places: dict[int, tuple] = {}

    def add(self, function: Any) -> int:
        origin = self.count
        self.count += 1
        self.numbers.setdefault(id(function), origin)
        self.places.setdefault(id(function), ("function", origin))
        self.places.setdefault(id(function.__globals__), ("global", origin))
        for index, cell in enumerate(function.__closure__ or ()):
            self.places.setdefault(id(cell), ("cell", origin, index))
        return origin

    def detached(self, normalized: Any) -> Any:
        """The same description, in which getters still say what they get, but not from where."""

        def without(getter: Any) -> Any:
            kind, holder, name = getter.root
            known = kind != "global" and (id(holder) in self.places or holder is self.owner)
            return replace(getter, root=(kind, None, name)) if known else getter

        def forgotten(expected: Any) -> Any:
            inner = getattr(expected, "__func__", expected)
            return FunctionType if id(inner) in self.numbers else expected

        return replace(
            normalized,
            hidden=tuple((without(getter), type_) for getter, type_ in normalized.hidden),
            guards=tuple(
                replace(g, getter=without(g.getter), expected=forgotten(g.expected))
                for g in normalized.guards
            ),
            functions=(),
        )

    def path(self, getter: Any) -> Path:
        kind, holder, name = getter.root
        place = self.places.get(id(holder))
        if place is not None and place[0] == {"global": "global", "cell": "cell", "object": "function"}[kind]:
            return Path((*place, name) if kind == "global" else place, getter.path)
        if kind == "object" and self.owner is not None and holder is self.owner:
            return Path(("owner",), getter.path)
        # A namespace or cell of a function that is not reached by way of the called one stays as it is.
        if kind == "global":
            return Path(("object", holder), (("item", name), *getter.path))
        if kind == "cell":
            return Path(("object", holder), (("attribute", "cell_contents"), *getter.path))
        return Path(("object", holder), getter.path)
