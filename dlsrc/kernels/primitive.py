"""How a primitive is declared, and the registry of those that exist.

A primitive is declared in one place: which functions of the user's it stands for, its value, one
adjoint per argument, and the samples where all of this is tested::

    @primitive(np.sin, math.sin, elementwise=True, floats=True)
    def sin(x):
        \"\"\"Sine of an angle in radians.\"\"\"
        return np.sin(x)


    @sin.adjoint("x")
    def sin_dx(dy, x):
        return dy * np.cos(x)


    sin.samples(sample(0.3), sample(real(5)), sample(real(2, 3)))

Value and adjoints are plain Python that numba can compile.  One that is a single expression is
written out in the generated source; a longer one is called there by its name.  The parameters of an
adjoint after ``dy`` say what it reads (``y`` is the result, ``x_shape`` the shape of the argument
``x``), and so what the reverse sweep must keep.  Element-wise rules are written for one element:
broadcasting, its undoing, promotion and accumulation belong to the framework.

A *composite* has no rule: it is a function in terms of primitives, spliced into the program as if the
user had written it; its structure (axis, keepdims, number of dimensions) is decided while it is
spliced, so it may branch on ``x.ndim`` or ``axis is None`` and loop over tuples.
"""

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .declaring.cases import Kink, Rejection, Sample, Tested, kink, real, rejects, sample
from .declaring.parameters import parameters_of
from .types import Array, Scalar, Type, broadcast, type_of

__all__ = [
    "Composite", "Kink", "Primitive", "Rejection", "Sample", "composite", "elements", "folded", "kernel",
    "kink", "lookup", "lookup_attribute", "lookup_method", "primitive", "real", "refuse", "registry",
    "rejects", "sample",
]


class Refusal(Exception):
    """Raised by a composite or a result rule that cannot serve a call: a message at the user's line."""


def refuse(message: str) -> None:
    """Refuse the call that is being spliced: say what was met and what to write instead."""
    raise Refusal(message)


# ---------------------------------------------------------------------------------- declarations


def elements(function: Callable, numbers: Mapping[str, Any], static: Mapping[str, Any]) -> tuple[tuple, list]:
    """A function of numbers applied to every element of broadcast arguments: the shape and the results.

    >>> elements(lambda a, b: a + b, {"a": np.array([1, 2]), "b": 0.5}, {})[0]
    (2,)
    """
    shape = np.broadcast_shapes(*(x.shape for x in numbers.values() if isinstance(x, np.ndarray)))
    count = int(np.prod(shape))
    # a Python number stays one: as an array it would not be weak
    columns = [
        np.broadcast_to(x, shape).ravel() if isinstance(x, np.ndarray) else [x] * count
        for x in numbers.values()
    ]
    rows = (dict(zip(numbers, row, strict=True)) for row in zip(*columns, strict=True))
    return shape, [function(**row, **static) for row in rows]


class Primitive(Tested):
    """An operation with a value, a type rule and an adjoint or a stated zero for every argument.

    Attributes
    ----------
    name : str
        The function's name without trailing underscore.
    body : function
        The value, as numba compiles it and as plain Python runs it.
    parameters : tuple of str
        All parameters in order, the static ones included.
    static : frozenset of str
        Those that must be known while the program is built.
    elementwise : bool
        Whether ``body`` and adjoints are written for one element.
    view : bool
        Whether the result shares the memory of the first argument.
    effect, writes : bool
        Whether a call stays though its result is not used, and whether it writes to the first argument.
    adjoints : dict of str to function
        For an argument, the function giving its cotangent.
    zeros : set of str
        Arguments whose derivative is zero by declaration.
    unknowns : dict of str to str
        Arguments by which no derivative is known: the message where one is asked for.
    tangents : dict of str to function
        For an argument, the function giving its contribution to the tangent of the result.
    linear_in, multilinear_in : frozenset of str
        Arguments in which the operation is linear: in all of them together, or in each of them alone.
    inline : bool
        Whether the body, one ``return``, is written out in the generated text instead of called by name.
    generated : bool
        Whether only generated text calls it: it is never differentiated, and so declares no derivative.
    part : bool
        Whether a view shows a small part of the first argument, so that its cotangent is that part of its.
    detached : bool
        Whether its result carries no derivative on purpose: what uses it takes the argument as well.
    judge : function or None
        What the primitive is compared with where that is not a function of the user's.
    """

    def __init__(
        self, body, functions, *, static, elementwise, floats, boolean, view, effect, methods, attributes,
        inline=False, generated=False, part=False, detached=False,
    ):
        self.name = body.__name__.rstrip("_")
        self.body = body
        self.functions = functions
        self.parameters = parameters_of(body)
        self.static = frozenset(static)
        self.elementwise = elementwise
        self.floats = floats
        self.boolean = boolean
        self.view = view
        self.effect = self.writes = effect
        self.inline, self.generated = inline, generated
        self.part = part
        self.detached = detached
        self.judge: Callable | None = None
        self.methods = methods
        self.attributes = attributes
        self.adjoints: dict[str, Callable] = {}
        self.zeros: set[str] = set()
        self.unknowns: dict[str, str] = {}
        self.tangents: dict[str, Callable] = {}
        # The tangent of a view is that view of the tangent, whatever else is declared.
        self.linear_in: frozenset[str] = frozenset(self.parameters[:1] if view else ())
        self.multilinear_in: frozenset[str] = frozenset()
        self.result_rule: Callable | None = None
        super().__init__()
        self.__doc__ = body.__doc__
        self.__name__ = self.name
        if any(name.startswith("_") for name in self.parameters):
            raise TypeError(f"{self.signature}: names with an underscore belong to the loops made of it")
        unknown = self.static - set(self.parameters)
        if unknown:
            raise TypeError(f"static names {sorted(unknown)} are no parameters of {self.signature}")

    @property
    def signature(self) -> str:
        return f"{self.name}{inspect.signature(self.body)}"

    @property
    def arguments(self) -> tuple[str, ...]:
        """The parameters that are values of the program."""
        return tuple(name for name in self.parameters if name not in self.static)

    def __call__(self, *args, **kwargs):
        owner = next((a for a in args if getattr(a, "labels", None) and hasattr(a, "__dlsrc_call__")), None)
        if owner is not None:
            return owner.__dlsrc_call__(self, args, kwargs)
        if not self.elementwise or not any(isinstance(a, np.ndarray) for a in (*args, *kwargs.values())):
            return self.body(*args, **kwargs)
        given = inspect.signature(self.body).bind(*args, **kwargs).arguments
        static = {name: x for name, x in given.items() if name in self.static}
        numbers = {name: x for name, x in given.items() if name not in self.static}
        shape, results = elements(self.body, numbers, static)
        result = self.result_type(*map(type_of, numbers.values()), **static)
        return np.array(results, getattr(result, "dtype", None)).reshape(shape)

    def __repr__(self) -> str:
        return f"<primitive {self.signature}>"

    def adjoint(self, argument: str) -> Callable[[Callable], Callable]:
        """Declare the cotangent of one argument: first parameter ``dy``, the rest what is read."""
        if argument not in self.arguments:
            raise TypeError(f"{self.signature} has no argument {argument!r} that could have an adjoint")

        def declare(rule: Callable) -> Callable:
            self._check_parameters(rule, "an adjoint", "dy")
            self._declare_once(argument)
            self.adjoints[argument] = rule
            return rule

        return declare

    def _check_parameters(self, rule: Callable, what: str, first: str) -> None:
        names = parameters_of(rule)
        allowed = {"y", *self.parameters, *(f"{name}_shape" for name in self.arguments)}
        if names[:1] != (first,) or not set(names[1:]) <= allowed:
            raise TypeError(
                f"{rule.__name__}({', '.join(names)}): {what} takes {first} first, then any of "
                f"{', '.join(sorted(allowed))}"
            )

    def zero(self, *arguments: str) -> None:
        """State that the derivative by these arguments is zero (or does not exist: indices, flags)."""
        for argument in arguments:
            if argument not in self.arguments:
                raise TypeError(f"{self.signature} has no argument {argument!r}")
            self._declare_once(argument)
            self.zeros.add(argument)

    def unknown(self, argument: str, message: str) -> None:
        """State that no derivative by an argument is known: a program that needs it is refused."""
        if argument not in self.arguments:
            raise TypeError(f"{self.signature} has no argument {argument!r}")
        self._declare_once(argument)
        self.unknowns[argument] = message

    def _declare_once(self, argument: str) -> None:
        if argument in self.adjoints or argument in self.zeros or argument in self.unknowns:
            raise TypeError(f"{self.name}: the derivative by {argument!r} is declared twice")

    def tangent(self, argument: str) -> Callable[[Callable], Callable]:
        """Declare what the tangent of one argument adds to that of the result.

        The first parameter is the tangent, ``tx`` for an argument ``x``; the rest is what is read, as in an
        adjoint.  Only what is neither element-wise nor linear needs one, and even that only for speed: the
        tangent is otherwise derived from the adjoint.
        """
        if argument not in self.arguments:
            raise TypeError(f"{self.signature} has no argument {argument!r} that could have a tangent")

        def declare(rule: Callable) -> Callable:
            self._check_parameters(rule, "a tangent", f"t{argument}")
            if argument in self.tangents or argument in self.linear_in | self.multilinear_in:
                raise TypeError(f"{self.name}: the tangent by {argument!r} is declared twice")
            self.tangents[argument] = rule
            return rule

        return declare

    def linear(self, *arguments: str) -> None:
        """State that the operation is linear in these arguments together: its tangent is the operation on
        their tangents, with zeros for those that have none."""
        self._only_arguments(arguments)
        self.linear_in |= frozenset(arguments)

    def multilinear(self, *arguments: str) -> None:
        """State that the operation is linear in each of these arguments: its tangent is the sum of the
        operations in which one of them is replaced by its tangent."""
        self._only_arguments(arguments)
        self.multilinear_in |= frozenset(arguments)

    def _only_arguments(self, arguments: tuple[str, ...]) -> None:
        for argument in arguments:
            if argument not in self.arguments:
                raise TypeError(f"{self.signature} has no argument {argument!r}")
            declared = argument in self.linear_in | self.multilinear_in or argument in self.tangents
            if declared and not self.view:
                raise TypeError(f"{self.name}: the tangent by {argument!r} is declared twice")

    def result(self, rule: Callable) -> Callable:
        """Declare the type of the result, from the types of the arguments and the static values."""
        self.result_rule = rule
        return rule

    def judged_by(self, reference: Callable) -> None:
        """State what value and derivatives are compared with: a function of the same arguments."""
        self.judge = reference

    def result_type(self, *args: Type, **static: Any) -> Type:
        """The type of the result for arguments of these types.

        Raises
        ------
        Refusal
            If the primitive does not take such arguments.
        """
        if self.result_rule is not None:
            by_name = dict(zip(self.arguments, args, strict=True))
            return self.result_rule(**by_name, **static)
        if not self.elementwise:
            raise TypeError(f"{self.name} needs a result rule")
        numbers = [t for t in args if isinstance(t, Scalar | Array)]
        if self.boolean:
            return broadcast(*numbers, dtype="bool")
        out = broadcast(*numbers)
        if self.floats and np.dtype(out.dtype).kind in "bui":
            # NumPy gives float16 for int8 and so on; numba and every likelihood want float64.
            out = broadcast(*numbers, dtype="float64")
        return out


class Composite(Tested):
    """A function in terms of primitives, spliced into the program where it is called."""

    def __init__(self, body, functions, *, methods, attributes):
        self.name = body.__name__.rstrip("_")
        self.body = body
        self.functions = functions
        self.methods = methods
        self.attributes = attributes
        self.parameters = parameters_of(body)
        super().__init__()
        self.__doc__ = body.__doc__
        self.__name__ = self.name

    def __call__(self, *args, **kwargs):
        # Outside a trace a dlarray, which this layer does not know by name, gives a dlarray.
        owner = next((a for a in args if hasattr(a, "__dlsrc_call__")), None)
        return self.body(*args, **kwargs) if owner is None else owner.__dlsrc_call__(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<composite {self.name}{inspect.signature(self.body)}>"


registry: dict[str, Primitive | Composite] = {}
_by_function: dict[int, tuple[Any, Primitive | Composite]] = {}
_by_path: dict[str, Primitive | Composite] = {}
_by_method: dict[str, Primitive | Composite] = {}
_by_attribute: dict[str, Primitive | Composite] = {}


def _register(declared: Primitive | Composite) -> None:
    if declared.name in registry:
        raise TypeError(f"{declared.name} is declared twice")
    registry[declared.name] = declared
    for function in declared.functions:
        if isinstance(function, str):
            _by_path[function] = declared
        else:
            _by_function[id(function)] = (function, declared)
    for table, names in ((_by_method, declared.methods), (_by_attribute, declared.attributes)):
        for name in names:
            if name in table:
                raise TypeError(f"the array attribute {name} is declared twice")
            table[name] = declared


def primitive(
    *functions: Any, static: tuple[str, ...] = (), elementwise: bool = False, floats: bool = False,
    boolean: bool = False, view: bool = False, effect: bool = False,
    methods: tuple[str, ...] = (), attributes: tuple[str, ...] = (), inline: bool = False,
    generated: bool = False, part: bool = False, detached: bool = False,
) -> Callable[[Callable], Primitive]:
    """Declare a primitive for these functions (objects, or dotted paths of what may not be imported).

    Parameters
    ----------
    static : names of parameters that must be known while the program is built (axis, …)
    elementwise : the body is written for one element
    floats : integers and booleans are computed with as float64, as ``np.sin(1)`` does
    boolean : the result is bool
    view : the result shares the memory of the first argument
    effect : the call is kept even if its result is not used
    methods, attributes : names on arrays that mean this function, e.g. ``("sum",)``, ``("T",)``
    inline : the body is one ``return`` and is written out in the generated text
    generated : only generated text calls it, so no derivative is declared
    part : a view that shows a part of the first argument, whose cotangent is that part of the other's
    detached : the result carries no derivative: a factorisation, say, that is handed on with its matrix
    """

    def declare(body: Callable) -> Primitive:
        declared = Primitive(
            body, functions, static=static, elementwise=elementwise, floats=floats, boolean=boolean,
            view=view, effect=effect, methods=methods, attributes=attributes, inline=inline,
            generated=generated, part=part, detached=detached,
        )
        _register(declared)
        return declared

    return declare


def composite(
    *functions: Any, methods: tuple[str, ...] = (), attributes: tuple[str, ...] = ()
) -> Callable[[Callable], Composite]:
    """Declare a function in terms of primitives; see the module's docstring."""

    def declare(body: Callable) -> Composite:
        declared = Composite(body, functions, methods=methods, attributes=attributes)
        _register(declared)
        return declared

    return declare


def kernel(
    body: Callable | None = None, *, fastmath: tuple = (), side_by_side: bool = False, seldom: bool = False,
    inlined: bool = False,
) -> Callable:
    """Mark a plain function that primitives call and numba compiles with them.

    ``fastmath`` names the liberties that LLVM may take in it: ``("reassoc", "contract")`` for a sum whose
    order the user did not write.  ``side_by_side`` has statements that are alike made a vector; ``seldom``
    says that compiling it counts more than the time of a call.  What is ``inlined`` is written into the
    kernels that call it, however long it is: for small arrays a call takes as long as the work.
    """

    def mark(function: Any) -> Callable:
        function.is_kernel, function.side_by_side, function.seldom = True, side_by_side, seldom
        function.inlined = inlined
        if fastmath:
            function.fastmath = set(fastmath)
        return function

    return mark if body is None else mark(body)


def folded(function: Callable) -> Callable:
    """Mark a plain function of build-time values (axes, dtypes, subscripts) that composites call.

    It is run while the program is built and never spliced: its arguments must be known then, and its
    result (a number, string, tuple or dtype) is known too.  It may call ``refuse``.
    """
    function.is_folded = True  # type: ignore[attr-defined]
    return function


def lookup(function: Any) -> Primitive | Composite | None:
    """The primitive or composite that stands for a user's function: ``sin`` for ``np.sin``; or None."""
    if isinstance(function, Primitive | Composite):
        return function
    found = _by_function.get(id(function))
    if found is not None and found[0] is function:
        return found[1]
    name = getattr(function, "__name__", None)
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return _by_path.get(f"numpy.{owner.__name__}.{name}")  # np.add.at is made anew at every look
    if type(owner).__module__.startswith("scipy.stats."):  # and so is norm.logpdf
        law = type(owner).__name__.removesuffix("_gen")
        known = getattr(sys.modules.get("scipy.stats"), law, None) is owner
        return _by_path.get(f"scipy.stats.{law}.{name}") if known else None
    if name is not None:
        for path, declared in _by_path.items():
            module, _, attribute = path.rpartition(".")
            if attribute == name and getattr(sys.modules.get(module), attribute, None) is function:
                return declared
    return None


def lookup_method(name: str) -> Primitive | Composite | None:
    """What ``x.name(...)`` means on an array."""
    return _by_method.get(name)


def lookup_attribute(name: str) -> Primitive | Composite | None:
    """What ``x.name`` means on an array, other than its shape, size, ndim and dtype."""
    return _by_attribute.get(name)
