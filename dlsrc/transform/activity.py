"""Which values a derivative passes through: those that depend on a target and that the loss depends on.

Only real floating-point values can be active, and only through arguments that have an adjoint: an index,
a comparison, ``np.sign`` pass nothing.  Arrays are judged by their memory: if a varying number is stored
anywhere into an array, all of the array varies.

    y = np.sin(x); k = int(y); z = w[k] * y       dlgradient(z, x): active are x, y, z; not k, w
"""

from ..kernels.types import is_float
from ..records import record
from .facts.memory import Memory
from .facts.outline import Outline
from .ir import Assign, Atom, For, Gradient, If, Program, Read, Store, Value, While

__all__ = ["Activity", "analyze", "dependent", "flows", "reach"]


@record(frozen=True)
class Activity:
    """The active values of one `Gradient`: ``varied`` by its targets, ``useful`` for its loss, both."""

    varied: frozenset[Value]
    useful: frozenset[Value]

    def __contains__(self, atom: object) -> bool:
        return atom in self.varied and atom in self.useful


def analyze(program: Program, outline: Outline, memory: Memory, gradient: Gradient) -> Activity:
    """The activity of one `Gradient` statement."""
    forward = flows(program, outline, memory)
    targets = [t for t in gradient.targets if isinstance(t, Value)]
    varied = reach({memory.root.get(t, t) for t in targets} | set(targets), forward, memory)
    losses = [gradient.loss] if isinstance(gradient.loss, Value) else []
    back = [(target, source) for source, target in forward]
    useful = reach(set(losses), back, memory)
    return Activity(frozenset(varied), frozenset(useful))


def dependent(
    program: Program, outline: Outline, memory: Memory, seeds: set[Value], cut: frozenset[Atom] = frozenset()
) -> set[Value]:
    """Every value that a derivative by these seeds would pass to, except through the values in ``cut``."""
    roots = {memory.root.get(c, c) for c in cut}
    onward = [(a, b) for a, b in flows(program, outline, memory) if a not in roots]
    return reach({memory.root.get(s, s) for s in seeds} | seeds, onward, memory)


def flows(program: Program, outline: Outline, memory: Memory) -> list[tuple[Value, Value]]:
    """Pairs (source, target): a derivative passes from the source to the target; arrays by their roots."""
    found: list[tuple[Value, Value]] = []
    types = program.types

    def flow(source: Atom, target: Atom) -> None:
        if (
            isinstance(source, Value) and isinstance(target, Value) and is_float(types[source])
            and is_float(types[target])
        ):
            found.append((memory.root.get(source, source), memory.root.get(target, target)))

    def entangled(atom: Atom) -> bool:
        return isinstance(atom, Value) and memory.root.get(atom) in memory.entangled

    for statement in outline.statements:
        match statement:
            case Assign(target=target, op=op, args=args):
                passing = [(n, a) for n, a in zip(op.arguments, args, strict=True) if n not in op.zeros]
                for name, arg in passing:
                    if target is not None:
                        flow(arg, target)
                    if op.writes and name != op.arguments[0]:
                        flow(arg, args[0])
                        if op.name in ("append", "replace_last") and entangled(args[0]):
                            flow(args[0], arg)
            case Read(target=target, base=base):
                flow(base, target)
            case Store(base=base, value=value):
                flow(value, base)
            case If(merges=merges):
                for merge in merges:
                    for way in (merge.then, merge.orelse):
                        flow(way, merge.target)
                        if entangled(merge.target):
                            flow(merge.target, way)  # what is written to one is written to the other
            case For() | While():
                for carry in statement.carries:
                    flow(carry.init, carry.header)
                    flow(carry.out, carry.header)
                    flow(carry.header, carry.result)
                    flow(carry.out, carry.result)
                    if entangled(carry.header):
                        for one in (carry.header, carry.result):
                            flow(one, carry.init)
                            flow(one, carry.out)
    return found


def reach(seeds: set[Value], flow: list[tuple[Value, Value]], memory: Memory) -> set[Value]:
    """Everything that the seeds reach; views of what is reached are reached."""
    onward: dict[Value, list[Value]] = {}
    for source, target in flow:
        onward.setdefault(source, []).append(target)
    reached = {memory.root.get(s, s) for s in seeds}
    pending = list(reached)
    while pending:
        for target in onward.get(pending.pop(), ()):
            if target not in reached:
                reached.add(target)
                pending.append(target)
    return reached | {v for v, root in memory.root.items() if root in reached}

