"""One built program, and how it is run.

The program's own arguments are the leaves of a call, then the captured numbers and arrays.  Its results
are the leaves of what the user gets.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..cache import Mode
from ..containers.nodes import Path, Structure
from ..containers.packing import Column, Places, pack, split, with_packed
from ..failures.failure import failed
from ..failures.faults import Faults
from ..records import field, record
from ..signature import Call, canonical, has_overlap
from ..structure import unflatten
from .capture import Binding, Recipe
from .conversion import converter
from .target import Target

__all__ = ["Entry", "Interface", "parameters_of"]


@record(frozen=True)
class Interface:
    """What has to be known of a program to call it, without the program: plain values, which can be kept.

    Attributes
    ----------
    name, text : str
        The function that the generated text defines, and the text.
    parameters : tuple of str
        What the program calls its parameters.
    leaves : tuple of int
        The positions of the packed call's leaves that are parameters; the captured values come after them.
    packing : frozenset of Path
        The lists of a call that it takes as columns.
    outputs : Structure
        Of what the user gets; its leaves are the program's results.
    columns : tuple of (int or None)
        For each result that is a column, the leaf of the call that has its shapes.
    conversions : tuple
        For each result what makes of it what the user gets; of a column, for each item.
    written : tuple of int
        Positions, among the program's parameters, of arrays that the function writes to.
    copied : tuple of int
        Those of them that are traced: the program writes to copies.
    faults : Faults
        Where its errors come from.
    """

    name: str
    text: str
    parameters: tuple[str, ...]
    leaves: tuple[int, ...]
    packing: frozenset[Path]
    outputs: Structure
    columns: tuple[int | None, ...]
    conversions: tuple[tuple | None, ...]
    written: tuple[int, ...]
    copied: tuple[int, ...]
    faults: Faults

    @property
    def pure(self) -> bool:
        """Whether running the user's own function again changes nothing."""
        return self.written == self.copied


@record(frozen=True, eq=False)
class Entry:
    """One built program.

    Attributes
    ----------
    interface : Interface
        How it is called.
    function : callable
        The compiled function; a plain Python function under ``NUMBA_DISABLE_JIT=1``.
    recipe : Recipe
        The captured variables that it relies on.
    static : tuple of (int, object)
        Positions and values of the leaves that were known while it was built.
    shape : tuple
        Structure and kinds of the calls that it fits, with the lists packed that its program packs.
    mode : Mode
        What was asked of the function.
    generated : transform.Generated or None
        Its text, where each line comes from, what it keeps; None if it was loaded from disk.
    shims : dict
        What `fastpath` has written for it.
    """

    interface: Interface
    function: Callable
    recipe: Recipe
    static: tuple[tuple[int, Any], ...]
    shape: tuple
    mode: Mode
    generated: Any = None
    shims: dict = field(default_factory=dict)

    @cached_property
    def convert(self) -> tuple[Callable | None, ...]:
        """For each of its results, what makes of it what the user gets; of a column, for each item."""
        return tuple(map(converter, self.interface.conversions))

    @property
    def packing(self) -> frozenset[Path]:
        """The lists of a call that the program takes as columns."""
        return self.interface.packing

    def fitted(self, call: Call, may_pack: frozenset[Path]) -> Call | None:
        """The call with its lists packed as the program takes them; None if it is built for other calls."""
        if not self.packing <= may_pack:
            return None
        call = with_packed(call, self.packing)
        if (call.key or call.structure, call.kinds) != self.shape:
            return None
        # By their text, since 0.0 equals -0.0 and NaN does not equal itself.
        return call if all(repr(call.leaves[k]) == repr(v) for k, v in self.static) else None

    def arguments(self, call: Call, target: Target) -> list:
        """The arguments of the program for a packed call: leaves, then what was captured, as it is now."""
        binding = self.recipe.bind(target.function, target.owner, call.functions)
        if binding is None:
            name = target.function.__name__
            raise ValueError(f"what {name} captured has changed; ask for its program again")
        values = self.parameters(call)[0]
        return values + [canonical(value) for value in binding.hidden(target.owner)]

    def parameters(self, call: Call) -> tuple[list, dict[int, Places | int]]:
        """What the program takes for the leaves of a packed call; where the items of each column stand."""
        return parameters_of(call, self.interface.leaves)

    def run(self, call: Call, binding: Binding, owner: Any, again: tuple) -> Any:
        """The result of a packed call, as the user gets it; ``again`` are its arguments as they came."""
        interface = self.interface
        hidden = binding.hidden(owner)
        values, places = parameters_of(call, interface.leaves)
        values += map(canonical, hidden)
        if interface.written:
            _check_written(self, call, values, hidden)
        try:
            results = self.function(*values)
        except Exception as error:
            raise failed(error, self, binding.origins[0], owner, *again) from None
        if len(self.convert) == 1:
            results = (results,)
        elif not self.convert:
            results = ()
        return unflatten(interface.outputs, self.converted(results, places))

    def converted(self, results: Sequence, places: dict[int, Places | int]) -> list:
        """The results of the program as the user gets them, a column as the items of a list; None is kept."""
        made: list = []
        for result, convert, leaf in zip(results, self.convert, self.interface.columns, strict=True):
            if leaf is not None:
                items = split(result, places[leaf])
                made.append(items if convert is None or result is None else list(map(convert, items)))
            else:
                made.append(result if convert is None or result is None else convert(result))
        return made


def parameters_of(call: Call, leaves: tuple[int, ...]) -> tuple[list, dict[int, Places | int]]:
    """What a program takes for the leaves of a packed call, and where the arrays of each column stand."""
    values: list = []
    places: dict[int, Places | int] = {}
    for k in leaves:
        leaf = call.leaves[k]
        if type(leaf) is Column:
            taken, places[k] = pack(leaf, call.kinds[k])
            values += taken
        else:
            values.append(leaf)
    return values, places


def _check_written(entry: Entry, call: Call, values: list, hidden: list) -> None:
    """Refuse to write to memory that is read-only or that another argument shares."""
    interface = entry.interface
    names = interface.parameters
    given: list = []
    columns: list = []
    for k in interface.leaves:
        leaf = call.given[k]
        if type(leaf) is Column:
            # What the program takes is a copy; what it was copied from must not be written to either.
            columns += call.leaves[k]
            given += [None] * len(pack(call.leaves[k], call.kinds[k])[0])
        else:
            given.append(leaf)
    given += hidden
    for k in set(interface.written) - set(interface.copied):
        name, array = names[k], given[k]
        if isinstance(array, np.ndarray) and not array.flags.writeable:
            raise ValueError(f"the function writes to `{name}`, which is read-only; pass {name}.copy()")
    written = [values[k] for k in interface.written]
    others = [a for k, a in enumerate(values) if k not in interface.written] + columns
    if has_overlap(written, others):
        which = ", ".join(f"`{names[k]}`" for k in interface.written)
        raise ValueError(
            f"the function writes to {which}, and another argument shares its memory: the result would "
            "depend on the order of writes; pass a copy of one of them"
        )
