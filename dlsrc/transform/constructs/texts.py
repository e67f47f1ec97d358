"""Text with computed values: f-strings, ``print``, ``raise``, ``assert``.

    print(f"step {k}: {s:.3f}")           →    Show("step {}: {:.3f}\\n", (k, s))
    raise Diverged(f"at {s}")             →    Raise(the built-in it derives from, "at {}", (s,))
    name = f"w{2}"                        →    nothing: the string is known

The text is formatted in Python, when it is printed or when the exception reaches the caller.
"""

import ast
import collections
import dataclasses
import re
import string
import sys
from typing import Any

import numpy as np

from ...kernels.types import Scalar
from ..building.atoms import as_atom, settle
from ..building.binding import Binding, Container, Live, Maybe, Shape, Static, Text
from ..building.context import Context, Frame, describe
from ..building.items import static_items
from ..building.merging import branch
from ..calling.specials import special
from ..ir import Const, Raise, Show, Value
from .conditions import condition
from .expressions import evaluate, expression
from .statements import statement

__all__: list[str] = []


def escaped(text: str) -> str:
    """Known text as part of a template."""
    return text.replace("{", "{{").replace("}", "}}")


def joined(parts: list[Text], between: str = "") -> Binding:
    """One text of several; a string where nothing in it is computed."""
    template = escaped(between).join(part.template for part in parts)
    values = tuple(v for part in parts for v in part.values)
    return Text(template, values) if values else Static(template.format())


def text_of(ctx: Context, binding: Binding, conversion: str = "", spec: str = "") -> Text:
    """What ``format(binding, spec)`` gives, after ``str`` ("s") or ``repr`` ("r")."""
    inner = ctx.contents(binding)
    if isinstance(inner, Maybe):
        inner = settle(ctx, inner)
    match inner:
        case Text(template=template, values=values):
            if spec or conversion == "r":
                raise ctx.refuse("a text with computed values cannot be formatted again; format its values")
            return Text(template, values)
        case Value():
            return _number(ctx, inner, conversion, spec)
        case Const(value=value, dtype=dtype):
            number = value if dtype is None else getattr(np, dtype)(value)
            return Text(escaped(_known(ctx, number, conversion, spec)), ())
        case Static(value=value) if not callable(value) or isinstance(value, type):
            return Text(escaped(_known(ctx, value, conversion, spec)), ())
        case Live(value=value) if isinstance(value, str | bytes | dict | list | tuple | type):
            return Text(escaped(_known(ctx, ctx.relied(inner), conversion, spec)), ())
        case Shape():
            return text_of(ctx, Container("tuple", tuple(static_items(ctx, inner))), conversion, spec)
        case Container() if not spec or conversion:
            return _container(ctx, inner, spec)
    raise ctx.refuse(f"{describe(inner, ctx)} cannot be formatted here; format its numbers one by one")


def _known(ctx: Context, value: Any, conversion: str, spec: str) -> str:
    if conversion:
        value = str(value) if conversion == "s" else repr(value) if conversion == "r" else ascii(value)
    try:
        return format(value, spec)
    except (TypeError, ValueError) as error:
        raise ctx.refuse(f"this cannot be formatted ({error}); use a format that fits the value") from None


def _number(ctx: Context, value: Value, conversion: str, spec: str) -> Text:
    type_ = ctx.type_of(value)
    if type_.labels is not None:
        if spec:
            raise ctx.refuse("a dlarray has no format; format extractdata(...) of it")
        return Text(f"{{!d:labels={type_.labels}}}" if type_.labels else "{!d}", (value,))
    number = isinstance(type_, Scalar)
    if number and conversion == "r" and not type_.weak:
        conversion = "n"
    if not spec and (conversion == "s" or number and type_.weak and conversion == "r"):
        # It is what format() does, but for a float32, of which format() shows all digits of the float64.
        conversion = conversion if number and type_.dtype == "float32" else ""
    return Text("{" + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}", (value,))


def _container(ctx: Context, inner: Container, spec: str) -> Text:
    if spec:
        raise ctx.refuse(f"{describe(inner, ctx)} cannot be formatted in a width; format its items")
    items = [text_of(ctx, item, "r") for item in inner.items]
    if inner.kind in ("namedtuple", "dataclass"):
        cls = inner.cls
        plain = cls.__repr__.__code__.co_filename == collections.__file__ or (
            dataclasses.is_dataclass(cls) and cls.__dataclass_params__.repr  # type: ignore[attr-defined]
        )
        if not plain or "__str__" in vars(cls):
            raise ctx.refuse(f"{cls.__name__} formats itself in its own way; format its fields one by one")
        named = [Text(f"{escaped(k)}={t.template}", t.values) for k, t in zip(inner.keys, items, strict=True)]
        return _around(f"{cls.__name__ if inner.kind == 'namedtuple' else cls.__qualname__}(", named, ")")
    if inner.kind == "dict" and inner.cls is None:
        pairs = zip(inner.keys, items, strict=True)
        return _around("{", [Text(f"{escaped(repr(k))}: {t.template}", t.values) for k, t in pairs], "}")
    if inner.kind == "list":
        return _around("[", items, "]")
    if inner.kind == "tuple":
        return _around("(", items, ",)" if len(items) == 1 else ")")
    raise ctx.refuse(f"{describe(inner, ctx)} cannot be formatted here; format its items one by one")


def _around(first: str, items: list[Text], last: str) -> Text:
    inside = ", ".join(t.template for t in items)
    return Text(escaped(first) + inside + escaped(last), tuple(v for t in items for v in t.values))


# ---------------------------------------------------------------------------------- making text


@expression(ast.JoinedStr)
def formatted_string(ctx: Context, frame: Frame, node: ast.JoinedStr) -> Binding:
    return joined(_parts(ctx, frame, node))


def _parts(ctx: Context, frame: Frame, node: ast.JoinedStr) -> list[Text]:
    parts: list[Text] = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(Text(escaped(str(part.value)), ()))
            continue
        assert isinstance(part, ast.FormattedValue)
        spec = ""
        if part.format_spec is not None:
            spec = _format_of(ctx, frame, part.format_spec)
        conversion = chr(part.conversion) if part.conversion >= 0 else ""
        parts.append(text_of(ctx, evaluate(ctx, frame, part.value), conversion, spec))
    return parts


def _format_of(ctx: Context, frame: Frame, node: ast.expr) -> str:
    """The format of a value: known, or made of arguments that are known from now on: ``f"{s:{n}d}"``."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    made = ""
    for part in parts:
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        made += str(ctx.static(evaluate(ctx, frame, inner), "the format of a value"))
    return made


@special("str", str)
def str_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return joined([text_of(ctx, args[0], "s")]) if args else Static("")


@special("repr", repr)
def repr_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    return joined([text_of(ctx, args[0], "r")])


@special("format", format)
def format_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    spec = ctx.static(args[1], "a format") if len(args) > 1 else ""
    return joined([text_of(ctx, args[0], "", spec)])


@special("text format")
def format_method(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """``"{} of {n:.2f}".format(a, n=b)``."""
    owner, given = args[0].value, list(args[1:])
    parts: list[Text] = []
    number = 0
    for text, field, spec, conversion in string.Formatter().parse(owner):
        parts.append(Text(escaped(text), ()))
        if field is None:
            continue
        if field == "" or field.isdigit():
            place = int(field) if field else number
            number += not field
            if place >= len(given):
                raise ctx.refuse(f"this format needs {place + 1} values, {len(given)} were given; pass them")
            found = given[place]
        elif field in kwargs:
            found = kwargs[field]
        else:
            raise ctx.refuse(f"the field {{{field}}} of a format is not supported; write an f-string")
        if "{" in (spec or ""):
            raise ctx.refuse("a format inside a format is not supported; write an f-string")
        parts.append(text_of(ctx, found, conversion or "", spec or ""))
    return joined(parts)


@special("text join")
def join_method(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """``", ".join(texts)``."""
    between = args[0].value
    return joined([text_of(ctx, item) for item in static_items(ctx, args[1])], between)


@special("text add")
def added(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """A text and a string, or two texts."""
    for side in args:
        if not isinstance(side, Text) and not (isinstance(side, Static) and isinstance(side.value, str)):
            raise ctx.refuse(f"{describe(side, ctx)} cannot be added to a text; write an f-string")
    return joined([text_of(ctx, side) for side in args])


_PERCENT = re.compile(r"%(?P<flags>[-+ 0#]*)(?P<width>\d*)(?P<precision>\.\d+)?(?P<kind>[a-zA-Z%])")


@special("text percent")
def percent(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    """``"%s: %.3f" % (name, s)``, as the format that means the same."""
    pattern, inner = args[0].value, ctx.contents(args[1])
    given = static_items(ctx, inner) if isinstance(inner, Container) and inner.kind == "tuple" else [inner]
    values = iter(given)
    parts: list[Text] = []
    end = 0
    for found in _PERCENT.finditer(pattern):
        parts.append(Text(escaped(pattern[end : found.start()]), ()))
        end = found.end()
        kind, flags, width = found["kind"], found["flags"], found["width"]
        if kind == "%":
            parts.append(Text("%", ()))
            continue
        value = next(values, None)
        if value is None or kind not in "sradiefgEFGxXo" or "#" in flags:
            raise ctx.refuse("this % format is not supported; write an f-string")
        text = kind in "sra"
        sign = next((c for c in "+ " if c in flags), "")
        zero = "0" if "0" in flags and "-" not in flags and not text else ""
        place = ("<" if "-" in flags else ">") if width else ""
        spec = f"{'' if zero else place}{sign}{zero}{width}{found['precision'] or ''}"
        if text:
            parts.append(text_of(ctx, value, kind, spec))
        elif kind in "di":
            number = as_atom(ctx, value, "a value")
            whole = isinstance(number, Value) and ctx.type_of(number).dtype not in ("int64", "int32")
            if whole:
                parts.append(Text(f"{{!i:{spec}d}}" , (number,)))
            else:
                parts.append(text_of(ctx, number, "", f"{spec}d"))
        else:
            parts.append(text_of(ctx, value, "", spec + kind))
    if next(values, None) is not None:
        raise ctx.refuse("not all values of this % format are used; write an f-string")
    return joined([*parts, Text(escaped(pattern[end:]), ())])


# ---------------------------------------------------------------------------------- showing it


@special("print", print)
def print_(ctx: Context, args: tuple, kwargs: dict) -> Binding:
    options = {"sep": " ", "end": "\n"}
    stream = "stdout"
    for name, value in kwargs.items():
        inner = ctx.contents(value)
        if name == "file":
            shown = getattr(inner, "value", None)
            if shown is not None and shown not in (sys.stdout, sys.stderr):
                raise ctx.refuse("print() writes to sys.stdout and sys.stderr only; print to a file outside")
            stream = "stderr" if shown is sys.stderr else "stdout"
        elif name in options:
            given = ctx.static(inner, f"the argument `{name}` of print")
            options[name] = options[name] if given is None else given
        elif name != "flush":
            raise ctx.refuse(f"print() has no argument `{name}`; it has sep, end, file and flush")
    texts = [text_of(ctx, arg, "s") for arg in args]
    whole = joined_text(texts, options["sep"])
    ctx.add(Show(whole.template + escaped(options["end"]), whole.values, ctx.loc, stream))
    return Static(None)


def joined_text(parts: list[Text], between: str) -> Text:
    return Text(escaped(between).join(p.template for p in parts), tuple(v for p in parts for v in p.values))


@statement(ast.Assert)
def assert_(ctx: Context, frame: Frame, node: ast.Assert) -> None:
    cond = condition(ctx, frame, node.test)
    if cond == Const(True):
        return

    def fail() -> Binding:
        args = [] if node.msg is None else [evaluate(ctx, frame, node.msg)]
        _raised(ctx, AssertionError, args)
        return Static(None)

    if isinstance(cond, Const):
        fail()
    else:
        branch(ctx, ctx.op("logical_not", cond), fail, lambda: Static(None))


@statement(ast.Raise)
def raise_(ctx: Context, frame: Frame, node: ast.Raise) -> None:
    nothing = isinstance(node.cause, ast.Constant) and node.cause.value is None
    if node.exc is None or not (node.cause is None or nothing):
        raise ctx.refuse("re-raising is not supported inside the objective; raise a new exception")
    call = node.exc if isinstance(node.exc, ast.Call) else None
    kind = ctx.static(evaluate(ctx, frame, node.exc if call is None else call.func), "the exception")
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        raise ctx.refuse("only an exception class, called here, can be raised; raise ValueError(...)")
    if call is not None and call.keywords:
        raise ctx.refuse("an exception takes its arguments by position here; leave the names out")
    _raised(ctx, kind, [] if call is None else [evaluate(ctx, frame, a) for a in call.args])


def _raised(ctx: Context, kind: type, args: list[Binding]) -> None:
    """The `Raise` of an exception with these arguments; nothing after it is run."""
    parts: list[tuple[str, Any, int]] = []
    texts: list[Text] = []
    for arg in args:
        inner = ctx.contents(arg)
        texts.append(text_of(ctx, inner, "s"))
        if isinstance(inner, Value):
            parts.append(("value", None, 1))
        elif isinstance(inner, Const | Static):
            parts.append(("known", inner.value, 0))
        else:
            parts.append(("text", texts[-1].template, len(texts[-1].values)))
    whole = joined_text(texts, " ")
    built_in = next(c for c in kind.__mro__ if c.__module__ == "builtins")
    # Without values the message is the text itself; with them Python formats it for the caller.
    message = whole.template if whole.values else whole.template.format()
    ctx.add(Raise(built_in.__name__, message, ctx.loc, whole.values, (kind, tuple(parts))))
    ctx.dead = True
