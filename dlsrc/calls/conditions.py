"""The text of a test of something captured: under which conditions a short way does not fit a call.

    Test(r0["helper"], "is", exp)      →    if r0['helper'] is not k7: return MISS
    Test(r0, "builtin", ("abs", abs))  →    if 'abs' in r0 or BUILTINS['abs'] is not k8: return MISS
"""

from typing import Any

from .capture import Test

__all__ = ["write_test"]


def write_test(writer: Any, test: Test, found: str, own: str) -> None:
    """Write the lines of a test.

    Parameters
    ----------
    writer : object
        Has ``line``, ``miss_if``, ``constant`` and ``fresh``, of which the last two give names.
    test : Test
    found : str
        The text of what is tested.
    own : str
        Of a test with an origin, the name of the function.
    """
    miss_if, constant = writer.miss_if, writer.constant
    match test.kind:
        case "is" | "identity":
            miss_if(f"{found} is not {constant(test.expected)}")
        case "function":
            miss_if(f"{found} is not {own}")
            miss_if(f"{own}.__code__ is not {constant(test.expected)}")
        case "method":
            code, cls = test.expected
            name = writer.fresh()
            writer.line(f"{name} = {found}")
            miss_if(f"type({name}) is not MethodType or {name}.__func__ is not {own}")
            miss_if(f"{own}.__code__ is not {constant(code)}")
            miss_if(f"type({name}.__self__) is not {constant(cls)}")
        case "length":
            miss_if(f"len({found}) != {test.expected}")
        case "keys":
            miss_if(f"tuple({found}) != {constant(test.expected)}")
        case "class":
            miss_if(f"type({found}) is not {constant(test.expected)}")
        case "builtin":
            word, expected = test.expected
            miss_if(f"{word!r} in {found} or BUILTINS[{word!r}] is not {constant(expected)}")
        case "has":
            word, expected = test.expected
            miss_if(f"hasattr({found}, {word!r}) is not {expected}")
        case "origin":
            own = writer.fresh()
            writer.line(f"{own} = {found}")
            miss_if(f"getattr({own}, '__func__', {own}) is not o{test.expected}")
        case "equal":
            name = writer.fresh()
            writer.line(f"{name} = {found}")
            cls = constant(type(test.expected))
            miss_if(f"type({name}) is not {cls} or {name} != {constant(test.expected)}")
