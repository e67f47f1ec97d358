"""The short way from a call to its compiled program: one Python function written for one kind of call.

Reading a call in general (flatten, look up, test what was captured) takes some 20 µs; the compiled
gradient of two numbers takes one.  So for the calls that come again and again the tests are written out
as text, once for each program, for example::

    def fast(owner, args, kwargs):
        if kwargs or len(args) != 1:
            return MISS
        a1, = args
        if type(a1) is not ndarray or a1.dtype is not d1 or a1.ndim != 1 or not a1.flags.carray:
            return MISS
        if o0.__code__ is not k1:
            return MISS
        try:
            return run(a1)
        except Exception as error:
            raise failed(error, entry, o0, owner, args, kwargs) from None

A packed list is read in a loop, so that one text does for any number of items::

        c1, c2, = [], [],
        for a2 in a1:
            (tests of a2, of its parts a3 and a4)
            c1.append(a3)
            c2.append(a4)
        w1, p1, p2 = columns_of(c1 + c2, 2, spare)

Whatever does not pass is not wrong, it only takes the long way.
"""

import builtins
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from ..containers.nodes import (
    LEAF, DataclassNode, DictNode, Leaf, ListNode, NamedTupleNode, PackedNode, Static, Structure, TupleNode,
    count,
)  # fmt: skip
from ..containers.packing import columns_of, numbers_of, parts_of
from ..dlarray import dlarray, wrap
from ..failures.failure import failed
from ..signature import Call, Kind, arguments_of
from ..structure import unflatten
from .capture import GONE, Path
from .conditions import write_test

__all__ = ["MISS", "finisher", "written"]

MISS = object()
LARGEST = 300  # leaves; beyond it the text would be longer than useful


class _TooSpecial(Exception):
    """The call has a form for which no text is written."""


def written(entry: Any, call: Call, counted: bool) -> tuple[Callable | None, tuple]:
    """What makes a short way from its origins and the roots named beside it; None if there is none."""
    try:
        return _Writer(entry, call, counted).factory()
    except _TooSpecial:
        return None, ()


def finisher(entry: Any) -> Callable | None:
    """What makes of the program's result what the user gets; None if that is the same."""
    return _Writer(entry, None, False).finisher()


class _Writer:
    """Writes one function; ``constants`` are the objects that its text names."""

    def __init__(self, entry: Any, call: Any, counted: bool):
        self.entry = entry
        self.call = call
        self.counted = counted
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {
            "MISS": MISS, "ndarray": np.ndarray, "dlarray": dlarray, "run": entry.function, "entry": entry,
            "failed": failed, "GONE": GONE, "MethodType": MethodType, "wrap": wrap, "unflatten": unflatten,
            "columns_of": columns_of, "numbers_of": numbers_of, "parts_of": parts_of,
            "BUILTINS": vars(builtins),
        }  # fmt: skip
        self.roots: dict[tuple, str] = {}
        self.places: dict[int, str | None] = {}  # for columns, where each array stands
        self.buffers: list[tuple[str, str]] = []  # that the program has done with, and where they are kept
        self.leaves: list[tuple[str, ...]] = []  # for each leaf what the program takes
        self.depth = 2
        self.names = 0
        self.functions = 0  # those met among the arguments

    # ------------------------------------------------------------------ text

    def line(self, text: str, deeper: int = 0) -> None:
        self.lines.append("    " * (self.depth + deeper) + text)

    def miss_if(self, condition: str) -> None:
        self.line(f"if {condition}:")
        self.line("return MISS", 1)

    def constant(self, value: Any) -> str:
        for name, known in self.constants.items():
            if known is value:
                return name
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    def fresh(self) -> str:
        self.names += 1
        return f"a{self.names}"

    def factory(self) -> tuple[Callable, tuple]:
        """The function that makes shims, and the roots it takes after the origins."""
        entry, call = self.entry, self.call
        if count(call.structure) > LARGEST or entry.interface.written:
            raise _TooSpecial
        self.arguments(call.structure)
        hidden = self.captured()
        taken = [name for k in entry.interface.leaves for name in self.leaves[k]]
        self.results(taken + hidden)
        recipe = entry.recipe
        origins = [f"o{n}" for n in range(len(recipe.given) + sum(t.origin >= 0 for t in recipe.tests))]
        return self.defined("make", [
            f"def make({', '.join(['cache', *origins, *self.roots.values()])}):",
            "    def fast(owner, args, kwargs):",
            *self.lines,
            "    return fast",
        ]), tuple(self.roots)  # fmt: skip

    def finisher(self) -> Callable | None:
        """What makes of the program's result what the user gets; None if that is the same."""
        if self.is_direct:
            return None
        names = self.words()
        text = self.built(self.entry.interface.outputs, self.shown(names))
        taken = [f"    {', '.join(names)} = results"] if names else []
        return self.defined("finish", ["def finish(results):", *taken, f"    return {text}"])

    def defined(self, name: str, lines: list[str]) -> Any:
        """The function of this name that a text defines."""
        namespace = dict(self.constants)
        exec(compile("\n".join(lines), "<dlsrc fast path>", "exec"), namespace)
        return namespace[name]

    # ------------------------------------------------------------------ arguments

    def arguments(self, structure: Structure) -> None:
        """Take the arguments apart and test each part."""
        args, kwargs = arguments_of(structure)
        kinds = iter(zip(self.call.kinds, self.call.leaves, range(len(self.call.leaves)), strict=True))
        self.known = dict(self.entry.static)
        condition = f"tuple(kwargs) != {self.constant(kwargs.keys)}" if kwargs.keys else "kwargs"
        self.miss_if(f"{condition} or len(args) != {len(args)}")
        names = [self.fresh() for _ in args]
        if names:
            self.line(f"{', '.join(names)}{',' * (len(names) == 1)} = args")
        if kwargs.keys:
            named = [self.fresh() for _ in kwargs.keys]
            self.line(f"{''.join(f'{name}, ' for name in named)}= kwargs.values()")
            names += named
        for name, node in zip(names, (*args, *kwargs.children), strict=True):
            self.part(name, node, kinds)

    def part(self, name: str, node: Structure, kinds: Any) -> None:
        if node is LEAF:
            kind, value, position = next(kinds)
            self.leaf(name, kind)
            self.leaves.append((name,))
            if position in self.known:
                if not isinstance(value, int | np.integer):
                    raise _TooSpecial  # 0.0 equals -0.0, and NaN does not equal itself
                self.miss_if(f"{name} != {self.constant(value)}")
            return
        if isinstance(node, Static):
            if type(node.value) is FunctionType and any(node.value is f for f in self.call.functions):
                self.functions += 1
                self.miss_if(f"{name} is not o{self.functions}")
            elif isinstance(node.value, str):
                self.miss_if(f"type({name}) is not {self.constant(str)} or {name} != {node.value!r}")
            else:
                self.miss_if(f"{name} is not {self.constant(node.value)}")
            return
        assert not isinstance(node, Leaf)
        if isinstance(node, PackedNode):
            self.packed(name, node, kinds)
            return
        self.taken_apart(name, node, lambda child, part: self.part(child, part, kinds))

    def taken_apart(self, name: str, node: Any, each: Callable) -> None:
        """Test a container; ``each`` is called with the name and the structure of each of its parts."""
        children = [self.fresh() for _ in node.children]
        targets = "".join(f"{child}, " for child in children)
        match node:
            case TupleNode() | ListNode():
                cls = tuple if isinstance(node, TupleNode) else node.cls
                self.miss_if(f"type({name}) is not {self.constant(cls)} or len({name}) != {len(children)}")
                source = name
            case NamedTupleNode(cls=cls):
                self.miss_if(f"type({name}) is not {self.constant(cls)}")
                source = name
            case DictNode(keys=keys, cls=cls):
                self.miss_if(f"type({name}) is not {self.constant(cls)}")
                self.miss_if(f"tuple({name}) != {self.constant(keys)}")
                source = f"{name}.values()"
            case DataclassNode(cls=cls, names=names) if cls.__name__ != "SimpleNamespace":
                self.miss_if(f"type({name}) is not {self.constant(cls)}")
                source = "".join(f"{name}.{field}, " for field in names)
            case _:
                raise _TooSpecial
        if children:
            self.line(f"{targets}= {source}")
        for child, part in zip(children, node.children, strict=True):
            each(child, part)

    def packed(self, name: str, node: PackedNode, kinds: Any) -> None:
        """Take a list of equal items apart into columns."""
        self.miss_if(f"type({name}) is not {self.constant(node.cls)} or not {name}")
        mine = [next(kinds)[0] for _ in range(count(node))]
        columns = [self.fresh() for _ in mine]
        self.line(f"{''.join(f'{c}, ' for c in columns)}= {'[], ' * len(columns)}")
        places = iter(zip(columns, mine, strict=True))

        def each(item: str, part: Structure) -> None:
            if part is LEAF:
                column, kind = next(places)
                self.leaf(item, kind, ordered=False)
                self.line(f"{column}.append({item})")
            elif isinstance(part, Static):
                self.part(item, part, None)
            else:
                self.taken_apart(item, part, each)

        item = self.fresh()
        self.line(f"for {item} in {name}:")
        self.depth += 1
        each(item, node.children[0])
        self.depth -= 1
        made: dict[str, tuple[str, ...]] = {}
        for dtype in dict.fromkeys(kind.dtype for kind in mine if kind.ndim):
            alike = [c for c, kind in zip(columns, mine, strict=True) if kind.ndim and kind.dtype == dtype]
            buffer, spare = self.fresh(), self.constant([])
            whole = " + ".join(alike)
            self.line(f"{buffer}, {', '.join(alike)} = columns_of({whole}, {len(alike)}, {spare})")
            self.buffers.append((buffer, spare))
            for column in alike:
                part = buffer if len(alike) == 1 else f"{buffer}[{column}.first:{column}.beyond]"
                made[column] = (part, f"{column}.table")
        for column, kind in zip(columns, mine, strict=True):
            if not kind.ndim:
                made[column] = (f"numbers_of({column}, {self.constant(np.dtype(kind.dtype))})",)
            self.places[len(self.leaves)] = column if kind.ndim else None
            self.leaves.append(made[column])

    def leaf(self, name: str, kind: Kind, ordered: bool = True) -> None:
        """Test a number or array; afterwards the name is what compiled code takes."""
        if kind.cls is dlarray:
            self.miss_if(f"type({name}) is not dlarray or {name}.labels != {kind.labels!r}")
            self.line(f"{name} = {name}.data")
        elif kind.cls is not np.ndarray:
            self.miss_if(f"type({name}) is not {self.constant(kind.cls)}")
            return
        dtype = self.constant(np.dtype(kind.dtype))
        # An array that was unpickled has a dtype object of its own.
        test = f"{name}.dtype is not {dtype} and {name}.dtype != {dtype} or {name}.ndim != {kind.ndim}"
        if kind.cls is np.ndarray:
            test = f"type({name}) is not ndarray or {test}"
        if not kind.ndim:
            self.miss_if(test)
            self.line(f"{name} = {name}[()]")
            return
        if not ordered:
            self.miss_if(test)
            return
        # carray: behaved, and in C order; fnc: in Fortran order and not in C order.  NumPy's farray
        # is true of every array that is not in C order, read-only ones too.
        order = {
            "C": f"not {name}.flags.carray", "F": f"not {name}.flags.behaved or not {name}.flags.fnc"
        }.get(kind.layout)
        flags = f"not {name}.flags.behaved or {name}.flags.forc"
        self.miss_if(f"{test} or {order or flags}")

    # ------------------------------------------------------------------ what was captured

    def captured(self) -> list[str]:
        """Test what the program relies on; the names of the hidden arguments."""
        recipe = self.entry.recipe
        for n, code in enumerate(recipe.given):
            self.miss_if(f"o{n}.__code__ is not {self.constant(code)}")
        if recipe.owner is not None:
            self.miss_if(f"type(owner) is not {self.constant(recipe.owner)}")
        for function, code in recipe.codes:
            self.miss_if(f"{self.constant(function)}.__code__ is not {self.constant(code)}")
        if not recipe.tests and not recipe.hidden:
            return []
        self.line("try:")
        self.depth += 1
        number = len(recipe.given) - 1
        for test in recipe.tests:
            number += test.origin >= 0
            write_test(self, test, self.path(test.path), f"o{number}" if test.origin >= 0 else "")
        hidden = []
        for path, kind in recipe.hidden:
            name = self.fresh()
            hidden.append(name)
            self.line(f"{name} = {self.path(path)}")
            self.leaf(name, kind)
        self.depth -= 1
        self.line("except GONE:")
        self.line("return MISS", 1)
        return hidden

    def path(self, path: Path) -> str:
        match path.root:
            case ("cell", _, _):
                text = f"{self.root(path.root)}.cell_contents"
            case ("global", origin, name):
                text = f"{self.root(('globals', origin))}[{name!r}]"
            case ("globals", _):
                text = self.root(path.root)
            case ("function", origin):
                text = f"o{origin}"
            case ("owner",):
                text = "owner"
            case (_, found):
                text = self.constant(found)
        for step, key in path.steps:
            if step == "attribute":
                text += f".{key}"
            else:
                text += f"[{key!r}]" if isinstance(key, str | int) else f"[{self.constant(key)}]"
        return text

    def root(self, root: tuple) -> str:
        return self.roots.setdefault(root, f"r{len(self.roots)}")

    # ------------------------------------------------------------------ results

    def results(self, arguments: list[str]) -> None:
        """Run the program and put its results together."""
        called = f"run({', '.join(arguments)})"
        if self.counted:
            self.line("cache.hits += 1")
        self.line("try:")
        names = self.words()
        if self.is_direct:
            self.line(f"return {called}", 1)
        else:
            target = ", ".join(names)
            self.line(f"{target} = {called}" if names else called, 1)
        self.line("except Exception as error:")
        self.line("raise failed(error, entry, o0, owner, args, kwargs) from None", 1)
        if self.is_direct:
            return
        for buffer, spare in self.buffers:
            self.line(f"if not {spare}:")
            self.line(f"{spare}.append({buffer})", 1)
        self.line(f"return {self.built(self.entry.interface.outputs, self.shown(names))}")

    @property
    def is_direct(self) -> bool:
        """Whether the user gets what the program gives."""
        convert = self.entry.convert
        whole = TupleNode((LEAF,) * len(convert)) if len(convert) != 1 else LEAF
        return self.entry.interface.outputs == whole and not any(convert) and not self.buffers

    def words(self) -> list[str]:
        """What the results of the program are called."""
        return [f"y{k}" for k in range(len(self.entry.convert))]

    def shown(self, names: list[str]) -> Iterator[tuple[str, str, str]]:
        """Each result as the user gets it."""
        return map(self.word, names, self.entry.convert, self.entry.interface.columns)

    def word(self, name: str, convert: Callable | None, leaf: int | None) -> tuple[str, str, str]:
        """A result as the user gets it; of a column that of one item, and what loops over its items."""
        target = source = ""
        if leaf is not None:
            places, target = self.places[leaf], f"e{name}"
            source = f"{name}.tolist()" if places is None else f"parts_of({name}, {places})"
            name = target
        return name if convert is None else f"{self.constant(convert)}({name})", target, source

    def built(self, node: Structure, words: Any, loops: list[tuple[str, str]] | None = None) -> str:
        """The containers around results; in an item of a packed list ``loops`` takes what it loops over."""
        if node is LEAF:
            word, target, source = next(words)
            if loops is not None:
                loops.append((target, source))
            return word
        match node:
            case PackedNode(cls=cls, children=(item,)):
                mine: list[tuple[str, str]] = []
                one = self.built(item, words, mine)
                targets, sources = zip(*mine, strict=True)
                over = sources[0] if len(sources) == 1 else f"zip({', '.join(sources)})"
                made = f"[{one} for {', '.join(targets)} in {over}]"
                return made if cls is list else f"{self.constant(cls)}({made})"
            case TupleNode(children=children):
                return "(" + "".join(f"{self.built(c, words, loops)}, " for c in children) + ")"
            case ListNode(children=children, cls=cls):
                made = "[" + ", ".join(self.built(c, words, loops) for c in children) + "]"
                return made if cls is list else f"{self.constant(cls)}({made})"
            case DictNode(keys=keys, children=children) if {type(k) for k in keys} <= {str, int}:
                items = (f"{k!r}: {self.built(c, words, loops)}" for k, c in zip(keys, children, strict=True))
                made = "{" + ", ".join(items) + "}"
                return made if node.cls is dict else f"{self.constant(node.cls)}({made})"
            case NamedTupleNode(cls=cls, children=children):
                return f"{self.constant(cls)}({', '.join(self.built(c, words, loops) for c in children)})"
            case Static(value=None):
                return "None"
        leaves = []
        for _ in range(count(node)):
            word, target, source = next(words)
            if loops is not None:
                loops.append((target, source))
            elif target:
                word = f"[{word} for {target} in {source}]"
            leaves.append(word)
        return f"unflatten({self.constant(node)}, [{', '.join(leaves)}])"
