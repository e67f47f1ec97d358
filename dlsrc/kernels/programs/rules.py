"""What a composite may ask of derivatives: a rule of its own, and those of a function that it was given.

    y = found(f, x)       with found.reverse(found_back)    →    y', …             the statements of found
                                                                 y = custom_rule(y', x)

    z, (dx, dp) = pulled_back(f, (x, p), dz)                →    z = f(x, p), and the gradient of sum(z * dz)

So the steps of an iteration need not be kept, and what the rule does with ``f`` is spliced in and compiled
like all else.
"""

from collections.abc import Callable
from typing import Any

__all__ = ["Ruled", "floats_of", "only_floats", "pulled_back", "ruled", "with_floats"]


class Ruled:
    """A function that composites call by position, with a rule for the cotangents of its arguments.

    ``rule(dy, y, *arguments)`` returns a tuple with an entry for each argument: a cotangent of its structure
    and shape, or None where it has none (what is no real number has none).  No derivative passes through the
    statements of the function itself.  A function among the arguments must not capture what the gradient is
    taken by: that is refused with the first of ``refusals``, and forward mode with the second.
    """

    __dlsrc_rule__ = "ruled"

    def __init__(self, function: Callable, refusals: tuple[str, str]):
        self.function = function
        self.refusals = refusals
        self.rule: Callable | None = None
        self.__name__ = function.__name__

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    def reverse(self, rule: Callable) -> Callable:
        """State the rule; a decorator."""
        self.rule = rule
        return rule


def ruled(captured: str, forward: str) -> Callable[[Callable], Ruled]:
    """Declare a function with a rule, which is stated after it; a decorator with the two refusals."""
    return lambda function: Ruled(function, (captured, forward))


def _while_built(name: str, special: str) -> Callable:
    def marker(*args: Any) -> Any:
        raise TypeError(f"{name} has a meaning in the rules of composites only, while a program is built")

    marker.__name__ = name
    marker.__dlsrc_special__ = special  # type: ignore[attr-defined]
    return marker


# ``pulled_back(f, arguments, dy)``: the value of ``f(*arguments)``, and a cotangent for each argument.
pulled_back = _while_built("pulled_back", "value and pullback")
# The real numbers and arrays in a nest of containers; the nest with others; that with None for the rest.
floats_of = _while_built("floats_of", "floats_of")
with_floats = _while_built("with_floats", "with_floats")
only_floats = _while_built("only_floats", "only_floats")
