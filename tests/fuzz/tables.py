"""The grammar of random programs: what a statement, an expression and a loop may be.

Holes of expressions: f a scalar, leaf a simple one, c a condition, i an integer; V, W, M a vector of five, one of
three and a matrix of 3 x 4; mask and order a boolean and an integer vector of five; same the shape of X; k, step
and edge literals.  Holes of names that are written to: X any array, Y a V, Z a W, N an M, F a scalar, At an
element; each is the same throughout.  ``=V`` at the end is the kind of <new>.

Every number stays tame: products go through sin or tanh, so that differences are exact to ten digits.
"""

__all__ = ["ALWAYS", "ARRAY_TABLE", "BLOCKS", "CLOSURES", "HELPERS", "LOOP_TABLE", "SHAPES", "STATEMENT_TABLE", "TABLES", "TARGETS"]

HELPERS = """
class Pair(NamedTuple):
    u: float
    w: np.ndarray

def mix(a, b=0.5):
    if a > b:
        return a * np.tanh(b)
    c = a + 0.3 * b
    return np.sin(c)

def push(y, s, k=0):
    for i in range(k, len(y)):
        y[i] += s * np.tanh(y[i - 1])
    return y[k]

def scan(u, decay):
    out = np.zeros(len(u))
    c = 0.1
    for i, e in enumerate(u):
        c = decay * c + np.sin(e)
        if c > 1.5:
            break
        out[i] = c
    return out

def pair(a, b):
    return a * np.tanh(b), np.sin(a + b)

def halves(u):
    t = u * 0.5
    return t[:3], t[-2] + u[0]

def touch(u, v):
    u[0] += np.sin(v[1])
    v[2] *= 0.5
    return u[2] * np.tanh(v[0])

def both(x, y):
    t = 0.0
    for s in range(2):
        for x_k in x:
            if x_k > 0.66:
                continue
            t += x_k * y[s]
    return np.sin(t)
"""
CLOSURES = """
    total = p * 0.5
    def bump(a):
        nonlocal total
        total = np.sin(total) + a * 0.3
        if total > 0.9:
            total = 0.5 * total
        return total * np.tanh(a)
    local = lambda a: np.sin(a) * s
"""
SCALARS = """np.sin(<f>) | np.tanh(<f> - <f>) | <f> * np.tanh(<f>) | np.sin(<f> * <f>)
0.6 * <f> - 0.4 * <f> | <f> / (1.0 + <leaf> ** 2) | np.exp(-(<f> ** 2)) | np.log(2.0 + np.cos(<f>))
math.cos(<f>) ** 3 | -<f> | math.sqrt(1.0 + np.sin(<f>) ** 2) | <f> if <c> else <f>
np.sin(np.sum(<V>)) | np.mean(<M>) | np.tanh(<W> @ <W>) | np.sum(<M>, axis=0)[<i> % 4]
np.mean(<M>, axis=-1)[<i> % 3] | 0.5 * np.max(<W>) | np.prod(np.tanh(<W>)) | mix(<f>)
0.3 * max(<f>, <f>) | 0.2 * sum(<leaf> * x[j] for j in range(<k>)) | mix(<f>, b=<f>)
scan(<V>, 0.6)[<i> % 5] | np.sin(np.dot(<V>, <V>)) | np.sin(sum([<f>, <f>])) | <f> + <f> | 0.6 * (<f> - <f>)
np.sin(<V>.sum() * <leaf>) | 0.2 * np.sum(<V>[<mask>]) | <V>[<order>][<i> % 5] | both(<W>, <V>) | float(<f>)
np.where(<c>, <f>, <leaf>) | 0.4 * np.linalg.norm(<W> + 2.0) | 0.1 * <i> * <f> | abs(<f> + 1.7) * 0.5 | np.arctan(<f>)"""
ARRAYS = """np.sin(<same>) | np.tanh(<same>) | <same> * np.tanh(<same>) | (<same> - 0.5 * <same>) * 0.6
-<same> | np.tanh(<f>) * <same> | <same> / (1.0 + <same> ** 2)
np.where(<same> > 0.213, <same>, <leaf>) | np.where(<same> < <leaf>, <same>, <same>)
np.exp(-<same> ** 2) | np.sin(<same> + <leaf>) | 0.5 * np.maximum(<same>, <same>) | <same>.copy()
np.where(<same> > -1.0, np.sqrt(np.abs(<same> + 1.5)), 0.0)"""
SHAPED = {
    (5,): """<V>[::-1] | 0.3 * np.cumsum(<V>) | scan(<V>, 0.4) | <V>[np.array([2, 0, 0, 4, 1])]
        np.full(5, <leaf>) | np.array([<leaf>, <leaf>, <leaf>, 0.5, <leaf>])
        np.concatenate((<W>, np.array([<leaf>, <leaf>]))) | <V>[<order>] | np.where(<mask>, <V>, <f>)
        np.concatenate((<V>[:2], <V>[2:])) | np.roll(<V>, <k>)""",
    (3,): """<V>[1:4] | <V>[::2] | <V>[3:0:-1] | <M>[:, <i> % 4] | <M>[<i> % 3, 1:]
        np.array([<leaf>, 0.3, <leaf>]) | 0.3 * (<M>[:, 1:] @ <W>) | <M>.mean(axis=1) | scan(<W>, 0.4)
        np.zeros(3) | <V>[::-1][1:4] | <V>[:3] * <V>[2:] | <M>[::-1, ::-1][:, <i> % 4]""",
    (3, 4): """<M> * np.tanh(<M>[1]) | 0.6 * (<M> - <W>[:, None]) | np.sin(np.outer(<W>, <M>[0]))
        0.3 * (<M>[:, :3] @ <M>) | <M> - <M>.mean(axis=1, keepdims=True) | <M>[::-1] | (0.4 * <M>.T).T
        <M>[:, ::-1] * 0.9 | np.stack((<M>[0], <M>[1], <M>[2]))""",
}
CONDITIONS = """<f> < <edge> | <f> >= <edge> | <leaf> < <leaf> | <i> == <k> | <i> > <k> | <i> % 2 == 0
not <c> | <c> and <c> | <c> or <c> | <flag> | np.any(<V> > <edge>) | <edge> < <leaf> < 0.9"""
INTEGERS = """<int> | <int> | <int> | <k> | <int> + 1 | 2 * <int> - 1 | <int> // 2 | -<k> | len(<name:V>)
<name:V>.size - <k> | int(<c>) | int(3.1 * <leaf>) | <int> ** 2 % 5 | <name:M>.shape[1]"""
STATEMENTS = """<F> = <f> | <F> += <f> | <F> -= <f> | <F> *= np.tanh(<f>) | <F> = <F> * 0.5 + <f>
<F> /= 1.5 + np.sin(<f>) | <new> = <f> =f | <new> = <c> =c | <new> = <i> % 7 =i | <F>, <F2> = <F2>, <F>
<F>, <F2> = <F2>, <f> | <At> = <f> | <At> += <f> | <At> = <At> + <f> | <At> = <f> + <At>
<At> *= np.tanh(<f>) | <At> -= <f> | <At> = np.sin(<At>) * <leaf> | <At> /= 1.5 + np.cos(<f>)
<At> = 0.0 | <At> = <At> | <At>, <At2> = <At2>, <At> | <At> = <At2> | <At> -= <At> * <leaf>
<X>[:] = <same> | <X>[:] += <same> | <X>[::-1] = <same> | <X>[...] -= <same>
<X>[1:] = <f> | <X>[1:] *= 0.5 | <X>[1:] += <X>[:-1] | <X>[:-1] = <X>[1:] * 0.5
<X>[:] = np.sin(<X>) * <leaf> | <X> += <f> | <X> *= np.tanh(<same>) | <X> -= 0.5 * <same>
<X> /= 1.2 + np.cos(<same>) | <X> = 0.9 * <same> | <X> = 0.9 * <same> | <X> = np.sin(<X>)
<Y>[np.array([0, 4])] = <f> | <Y>[np.array([1, 0])] = <Y>[np.array([0, 1])] * <leaf>
<Y>[<Y> > 0.213] = <f> | <Y>[<Y> > 0.61] *= <leaf> | <Y>[<mask>] = <f> | <Y>[<mask>] -= <leaf>
<Y>[1:-1] = <Y>[1:-1] + 0.2 * (<Y>[2:] - 2.0 * <Y>[1:-1] + <Y>[:-2]) | <N>[<i> % 3] = <M>[0]
<Y>[1:4] = <W> | <Y>[:3] += <W> * <leaf> | <Y>[::2] *= np.tanh(<W>) | <Y>[4:1:-1] -= <W> | <Y>[::-2] = <Z>
<N>[:, <i> % 4] += <W> | <N>[<i> % 3, :] = <f> | <N>[1:, 1] = <N>[:-1, 2] | <N>[:, ::-1] = <M>
<N>[<i> % 3, ::-1] *= 0.7 | <N>[:, 1:][0] = <leaf> | <N>.T[<i> % 4] = <W>
<new> = <V> * 1.0 =V | <new> = <W> * 1.0 =W | <new> = <M> * 1.0 =M | <new> = np.zeros(5) =V
<new> = <Y>.copy() =V | <new> = <Y>[1:4] =W | <new> = <Y>[::-1] =V | <new> = <Y>[::2] =W
<new> = <N>[:, <i> % 4] =W | <new> = <N>[::-1] =M | <new> = <N>.T[<i> % 4] =W | <new> = <Y> =V
<new> = <Z>[::-1] =W | <new> = <Y>[1:][::-1][:3] =W | <new> = <N>[::-1, ::-1] =M | <new> = <Z> =W
<new> = <N>[1:][0][:3] =W | <new> = <Y>[::-1][::-1] =V | <new> = <N>.T.T =M
<Y>, <Y2> = <Y2>, <Y> | <Y>, <Y2> = <Y2>, 0.8 * <V> | <new> = push(<Y>, <leaf>, 1) =f
<new> = push(<Z>, <leaf>) =f | <new> = np.argsort(<V>, kind="stable") =o | <new> = <V> > <edge> =m | <new> = <V> * <W>[0] =V
<new> = touch(<Y>, <Y>) =f | <new> = touch(<Y>, <Y2>) =f | <new> = touch(<Y>, <Z>) =f
<new> = <Y> if <c> else <Y2> =V | <new> = <Y>[::-1] if <c> else np.sin(<Y>) =V | <new> = <Z> if <c> else <Y>[1:4] =W
<F>, <new> = pair(<f>, <f>) =f | <new>, <F> = halves(<V>) =W | <new> = pair(<f>, <leaf>)[<k> % 2] =f
<new> = [<leaf> * q for q in (0.5, <f>)] =L | <new> = np.array([q * <leaf> for q in <name:V>]) =V
<new> = [<V> * 1.0, <V>, np.sin(<V>)] =E | <new> = [<leaf> * j for j in range(5)] =G
<new> = {"a": <V> * 1.0, "b": <W> * 1.0} =K | <Both>["a"][<i> % 5] += <f> | <Both>["b"] = np.tanh(<Both>["b"])
<Both>["a"] *= 0.5 | <new> = <Both>["b"] =W | <Y> = <Both>["a"] * np.tanh(<V>)
<new> = [<f>, <f>] =L | <List>[0] = <f> | <List>[1] += <f> | <List> = [<List>[1], <f>]
<new> = (<f>, <f>) =T | <new> = {"u": <f>, "w": <W> * 1.0} =D | <Dict>["u"] += <f>
<Dict>["w"][<i> % 3] = <f> | <Dict>["w"] = np.sin(<Dict>["w"]) | <new> = Pair(<f>, <W> * 1.0) =P"""
LOOPS = """for <new> in range(<k>): =i | for <new> in range(1, <k>): =i | for <new> in range(0): =i
for <new> in range(4, -1, -<step>): =i | for <new> in range(<k>, 0, -1): =i | for <new> in range(n): =i
for <new> in range(-2, n): =i | for <new> in range(0, 5, 2): =i | for <new> in reversed(range(<k>)): =i
for <new> in range(<i> % 3, <i> % 5): =i | for <new> in range(len(x)): =i | for <new> in <name:V>: =f
for _, <new> in enumerate(<name:V>): =f | for <new>, _ in zip(<name:W>, range(2)): =f
for <new> in <name:E>: =V | for <new> in <name:G>: =f | for <new>, _ in zip(<name:E>, <name:W>): =V
for <new> in <name:M>[:, :3]: =W | for <new> in (<leaf>, <leaf>): =f | for <new> in <name:V>[::-1]: =f"""

# Statements of several lines.
BLOCKS = [
    "<new> = []\nfor q in <name:V>:\n    <new>.append(q * <leaf>) =G",
    "<new> = []\nfor q in <name:V>:\n    if q > <edge>:\n        <new>.append(np.sin(q) + <leaf>) =H",
    "<new> = []\nj = 0\nwhile j < <k>:\n    <new>.append(<f>)\n    j += 1 =H",
    "<new> = []\nfor j in range(3):\n    <new>.append(<V> * (j + 1.0)) =E",
    "<new> = np.zeros(5)\nfor j in range(1, 4):\n"
    "    <new>[j] = 0.3 * (<name:V>[j - 1] - 2.0 * <name:V>[j] + <name:V>[j + 1]) + <leaf> =V",
    "<new> = np.zeros(5)\nfor j in range(4):\n    <new>[j] += 0.4 * <name:V>[j + 1]\n    <new>[j + 1] -= <leaf> =V",
    "for j in range(5):\n    <F> += np.sin(<leaf> * <name:V>[j])",
    "for j in range(3):\n    for q in range(4):\n        <F> += 0.2 * np.tanh(<name:M>[j, q] * <name:W>[j])",
    "match <i> % 3:\n    case 0:\n        <F> = <f>\n    case 1 | -1:\n        <F2> *= 0.5\n    case _:\n        pass",
    "if (<new> := <f>) > <edge>:\n    <F> += <new> =f",
    "while True:\n    <F> = 0.5 * <F> + <leaf>\n    if <F> > <edge> or <F> < 0.9:\n        break",
    "for q in <name:K>.values():\n    <F> += 0.3 * np.sum(q)",
    "for q in <Same>:\n    q *= 0.5\n    <F> += np.tanh(q[<i> % 5])",
    "for j in range(3):\n    <Y>, <Y2> = <Y2>, 0.7 * <Y> + 0.2 * <V>",
    "for j in range(3):\n    for q in range(<k>):\n        if q > j:\n            break\n        <At> += 0.1 * <leaf>",
]


def _split(table: str) -> list[str]:
    return [entry.strip() for line in table.splitlines() for entry in line.split(" | ")]


# What an expression of a kind can be where no name has it.
ALWAYS = {"V": "x", "W": "x[1:4]", "M": "A", "m": "(x > 0.113)", "o": "np.argsort(x, kind='stable')"}
TARGETS = {
    "X": "VWM", "Y": "V", "Y2": "V", "Z": "W", "N": "M", "F": "f", "F2": "f", "List": "L", "Dict": "D",
    "Both": "K", "Same": "E",
}
SHAPES = {"V": (5,), "W": (3,), "M": (3, 4)}
TABLES = {"f": _split(SCALARS), "c": _split(CONDITIONS), "i": _split(INTEGERS)}
STATEMENT_TABLE, LOOP_TABLE = _split(STATEMENTS), _split(LOOPS)
ARRAY_TABLE = {kind: [*_split(ARRAYS), *_split(SHAPED[shape])] for kind, shape in SHAPES.items()}
