"""The short ways of an entry: written once for each kind of call, made anew for each function object."""

from collections.abc import Callable, Iterator
from typing import Any

from ..signature import Call
from .capture import Binding
from .fastpath import written

__all__ = ["shim_of", "shims_known"]


def shim_of(entry: Any, call: Call, binding: Binding, cache: Any = None) -> Callable | None:
    """The short way for calls like this one, None if there is none.

    Parameters
    ----------
    entry : Entry
    call : Call
        A call that the entry fits.
    binding : Binding
        The entry's captured variables, rooted in the function that is called.
    cache : Cache, optional
        Where each call is counted as a hit.
    """
    signature = tuple(k.cls for k in call.kinds)
    made = entry.shims.get((signature, cache is not None))
    if made is None:
        made = entry.shims[signature, cache is not None] = written(entry, call, cache is not None)
    return _rooted(made, binding, cache)


def shims_known(entry: Any, binding: Binding, cache: Any = None) -> Iterator[Callable]:
    """The short ways that are written already, for a function that was made anew from the same code."""
    for (_, counted), made in entry.shims.items():
        shim = _rooted(made, binding, cache) if counted == (cache is not None) else None
        if shim is not None:
            yield shim


def _rooted(made: tuple[Callable | None, tuple], binding: Binding, cache: Any) -> Callable | None:
    """The short way for one function and what it captured."""
    make, roots = made
    if make is None:
        return None
    try:
        return make(cache, *binding.origins, *(_root(binding.origins, root) for root in roots))
    except (IndexError, AttributeError, TypeError):
        return None


def _root(origins: tuple, root: tuple) -> Any:
    """The cell or namespace that a path starts from."""
    if root[0] == "cell":
        return origins[root[1]].__closure__[root[2]]
    return origins[root[1]].__globals__
