"""What a task is: an objective, its adjoint by hand, its arguments, and the peers' best formulations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["PEERS", "Peer", "Task"]

PEERS = ("jax", "torch", "autograd", "casadi")

# Gets the task's arguments; gives a call without arguments that blocks until value and gradient are there,
# and a function that makes a NumPy pair of what the call returned.
Peer = Callable[[tuple], tuple[Callable[[], Any], Callable[[Any], tuple[float, Any]]]]


@dataclass(frozen=True)
class Task:
    """One row of the table.

    ``objective`` is what a user writes, and what `value_and_grad` gets; ``by_hand`` gives value and gradient by
    the same arguments, as an expert writes it for numba: plain Python here, compiled with the same flags as
    dlsrc's; a whole step of training has none.  ``wrt`` are the argnums.  A row of ``kind`` "loop" must be ahead
    of every peer, one of kind "array" level with the best of them.
    """

    name: str
    kind: str
    objective: Callable
    by_hand: Callable | None
    arguments: Callable[[], tuple]
    peers: Mapping[str, Peer] = field(default_factory=dict)
    wrt: int | tuple[int, ...] = 0
    options: Mapping[str, Any] = field(default_factory=dict)  # of `value_and_grad`
    derive: Callable | None = None  # (arguments, flags) -> call, read; else `value_and_grad` by ``wrt``
    tolerance: float = 1e-8
    why_not: Mapping[str, str] = field(default_factory=dict)  # a peer without a formulation, and the reason

    def __post_init__(self):
        assert self.kind in ("loop", "array"), self.kind
        assert set(self.peers) | set(self.why_not) == set(PEERS), (self.name, set(self.peers), set(self.why_not))
