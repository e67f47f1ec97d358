"""How what a decorator made is pickled: by its name, as functions are.

    @custom_vjp                     its name says the object, not the function inside, and pickle looks
    def softplus(x): ...            functions up by name: so the object is what is written down

In a script or notebook a worker process may not know the name (joblib's does not run the script again):
there the function itself is written down, with what it captured, as numba does with its own.
"""

import sys
from collections.abc import Callable
from typing import Any

from ..lazy import numba

__all__ = ["reduced"]


def reduced(made: Any, restore: Callable, *parts: Any) -> str | tuple:
    """What ``__reduce__`` of a decorated function returns.

    Parameters
    ----------
    made : object
        With the name of the function that it stands for.
    restore : callable
        ``restore(*parts)`` makes it anew, where its name stands for something else.
    """
    module, name = made.__module__, made.__qualname__
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not made:
        return restore, parts
    if module == "__main__":
        return _loaded, (numba("cloudpickle").dumps((restore, parts)),)
    return str(name)


def _loaded(data: bytes) -> Any:
    restore, parts = numba("cloudpickle").loads(data)
    return restore(*parts)
