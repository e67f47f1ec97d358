"""Programs and edits of them: after an edit a cache may give the old program only where it is still right.

A case is a module (and what it imports) with a function ``objective`` and ``arguments``; ``edits`` are
(file, old text, new text).  ``still`` says that the program does not depend on what is edited, so that it
is found again: a captured number is an argument of the program.  Where ``kept`` is false, nothing is kept.
"""

import textwrap
from dataclasses import dataclass

__all__ = ["CASES", "Case"]


@dataclass(frozen=True)
class Case:
    name: str
    files: tuple[tuple[str, str], ...]
    edits: tuple[tuple[str, str, str], ...]
    still: bool = False
    kept: bool = True


def case(name, source, *edits, still=False, kept=True, **others):
    """A case in the module ``name``; the edits are (old, new), or (file, old, new)."""
    head = "import numpy as np\n\narguments = (np.array([0.5, 1.5, 2.0]),)\n\n\n"
    files = [(f"{name}.py", head + textwrap.dedent(source).lstrip())]
    files += [(f"{other}.py", "import numpy as np\n\n" + textwrap.dedent(text).lstrip()) for other, text in others.items()]
    made = []
    for file, old, new in (e if len(e) == 3 else (f"{name}.py", *e) for e in edits):
        assert any(f == file and text.count(old) == 1 for f, text in files), (name, old)
        made.append((file, old, new))
    return Case(name, tuple(files), tuple(made), still, kept)


CASES = (
    case("body", """
        def objective(x):
            return (x**2).sum()
    """, ("x**2", "x**3")),
    case("constant_in_body", """
        def objective(x):
            return (x * 4.0).sum()
    """, ("4.0", "3.0")),
    case("sign_of_zero", """
        def objective(x):
            return (np.copysign(1.0, 0.0) * x).sum()
    """, (", 0.0", ", -0.0")),
    case("hidden_builtin", """
        # none here

        def objective(x):
            return abs(x[0]) * (2.0 if hasattr(np, "sum") else 1.0)
    """, ("# none here", "abs = np.exp")),
    case("callee_elsewhere", """
        import callee_helper

        def objective(x):
            return callee_helper.term(x).sum()
    """, ("callee_helper.py", "x * x", "x * x * x"), callee_helper="""
        def term(x):
            return x * x
    """),
    case("callee_by_name", """
        from named_helper import term

        def objective(x):
            return term(x).sum()
    """, ("named_helper.py", "np.sin(x)", "np.cos(x)"), named_helper="""
        def term(x):
            return np.sin(x)
    """),
    case("callee_of_callee", """
        from middle import outer

        def objective(x):
            return outer(x).sum()
    """, ("innermost.py", "2.0 * x", "5.0 * x"), middle="""
        import innermost

        def outer(x):
            return innermost.inner(x) * x
    """, innermost="""
        def inner(x):
            return 2.0 * x
    """),
    case("callee_exchanged", """
        import exchanged

        def objective(x):
            return exchanged.term(x).sum()
    """, ("exchanged.py", "term = first", "term = second"), exchanged="""
        def first(x):
            return x * x

        def second(x):
            return x * x * x

        term = first
    """),
    case("global_number", """
        SCALE = 2.0

        def objective(x):
            return SCALE * (x**2).sum()
    """, ("SCALE = 2.0", "SCALE = 7.0"), still=True),
    case("global_becomes_int", """
        POWER = 2.0

        def objective(x):
            return (x**POWER).sum()
    """, ("POWER = 2.0", "POWER = 3")),
    case("global_as_a_size", """
        N = 2

        def objective(x):
            s = 0.0
            for k in range(N):
                s += x[k] ** 2
            return s
    """, ("N = 2", "N = 3"), still=True),
    case("global_axis", """
        AXIS = 0
        arguments = (np.arange(6.0).reshape(2, 3),)

        def objective(x):
            return (x.sum(axis=AXIS) ** 2).sum()
    """, ("AXIS = 0", "AXIS = 1")),
    case("global_text", """
        MODE = "square"

        def objective(x):
            if MODE == "square":
                return (x**2).sum()
            return (x**3).sum()
    """, ('MODE = "square"', 'MODE = "cube"')),
    case("global_flag", """
        FLAG = True

        def objective(x):
            return (x**2).sum() if FLAG else (x**3).sum()
    """, ("FLAG = True", "FLAG = False")),
    case("global_array", """
        W = np.array([1.0, 2.0, 3.0])

        def objective(x):
            return (W * x**2).sum()
    """, ("[1.0, 2.0, 3.0]", "[3.0, 1.0, 5.0]"), still=True),
    case("global_array_dtype", """
        W = np.array([1.0, 2.0, 3.0])

        def objective(x):
            return (W * x**2).sum()
    """, ("2.0, 3.0]", "2.0, 3.0], dtype=np.float32")),
    case("global_array_layout", """
        W = np.arange(6.0).reshape(2, 3).copy()

        def objective(x):
            return (W @ x**2).sum()
    """, (".copy()", '.copy("F")')),
    case("global_array_size", """
        W = np.array([1.0, 2.0, 3.0])

        def objective(x):
            return x[0] ** 2 * W.sum()
    """, ("2.0, 3.0]", "2.0, 3.0, 4.0, 5.0]"), still=True),
    case("closure_value", """
        def make(scale):
            def inner(x):
                return scale * (x**2).sum()
            return inner

        objective = make(2.0)
    """, ("make(2.0)", "make(3.0)"), still=True),
    case("closure_function", """
        def make(f):
            def inner(x):
                return f(x).sum()
            return inner

        def square(x):
            return x**2

        def cube(x):
            return x**3

        objective = make(square)
    """, ("make(square)", "make(cube)")),
    case("closure_numpy_function", """
        def make(f):
            return lambda x: f(x).sum()

        objective = make(np.sin)
    """, ("make(np.sin)", "make(np.cos)")),
    case("default_number", """
        def objective(x, p=2.0):
            return p * (x**2).sum()
    """, ("p=2.0", "p=5.0"), still=True),
    case("default_of_callee", """
        def term(x, kind="sin"):
            return np.sin(x) if kind == "sin" else np.cos(x)

        def objective(x):
            return term(x).sum()
    """, ('kind="sin"', 'kind="cos"')),
    case("builtin_shadowed", """
        def objective(x):
            return abs(x[0] - 3.0) * x[1]

        other = None
    """, ("other = None", "abs = np.square")),
    case("numpy_name_rebound", """
        def objective(x):
            return f(x).sum()

        f = np.sin
    """, ("f = np.sin", "f = np.tanh")),
    case("module_rebound", """
        import first_module as m

        def objective(x):
            return m.term(x).sum()
    """, ("first_module", "second_module"), first_module="""
        def term(x):
            return x**2
    """, second_module="""
        def term(x):
            return x**3
    """),
    case("method", """
        class Model:
            def __init__(self, a):
                self.a = a

            def term(self, x):
                return self.a * x**2

            def loss(self, x):
                return self.term(x).sum()

        objective = Model(3.0).loss
    """, ("self.a * x**2", "self.a * x**3")),
    case("attribute", """
        class Model:
            def __init__(self, a):
                self.a = a

            def loss(self, x):
                return self.a * (x**2).sum()

        objective = Model(3.0).loss
    """, ("Model(3.0)", "Model(4.0)"), still=True),
    case("attribute_text", """
        class Model:
            def __init__(self, kind):
                self.kind = kind

            def loss(self, x):
                return (x**2).sum() if self.kind == "two" else (x**3).sum()

        objective = Model("two").loss
    """, ('Model("two")', 'Model("three")')),
    case("base_class", """
        class Base:
            def term(self, x):
                return x**2

        class Model(Base):
            def loss(self, x):
                return self.term(x).sum()

        objective = Model().loss
    """, ("return x**2", "return x**3")),
    case("method_of_an_argument", """
        from dataclasses import dataclass

        @dataclass
        class Point:
            a: float
            b: float

            def value(self):
                return self.a * self.b

        arguments = (Point(2.0, 3.0),)

        def objective(p):
            return p.value() ** 2
    """, ("self.a * self.b", "self.a + self.b")),
    case("named_tuple", """
        from typing import NamedTuple

        class P(NamedTuple):
            a: float
            b: float

        arguments = (P(2.0, 3.0),)

        def objective(p):
            return p.a * p.a * p.b
    """, ("    a: float\n            b: float".replace("            ", "    "), "    b: float\n    a: float")),
    case("dict_of_functions", """
        def square(x):
            return x**2

        def cube(x):
            return x**3

        TABLE = {"a": square, "b": cube}

        def objective(x):
            return TABLE["a"](x).sum()
    """, ('"a": square', '"a": cube')),
    case("dict_of_numbers", """
        CONFIG = {"rate": 0.1, "steps": 3}

        def objective(x):
            s = x.copy()
            for _ in range(CONFIG["steps"]):
                s = s - CONFIG["rate"] * s**2
            return s.sum()
    """, ('"rate": 0.1', '"rate": 0.3'), still=True),
    case("partial_function", """
        from functools import partial

        def general(f, x):
            return f(x).sum()

        objective = partial(general, np.sin)
    """, ("general, np.sin", "general, np.cos")),
    case("wrapper", """
        import functools

        def doubled(f):
            @functools.wraps(f)
            def inner(x):
                return f(x)
            return inner

        @doubled
        def objective(x):
            return (x**2).sum()
    """, ("x**2", "x**3")),
    case("rule_of_the_user", """
        import dlsrc

        @dlsrc.custom_vjp
        def term(x):
            return x**2

        def fwd(x):
            return x**2, x

        def bwd(x, dy):
            return (2.0 * x * dy,)

        term.defvjp(fwd, bwd)

        def objective(x):
            return term(x).sum()
    """, ("2.0 * x * dy", "x * dy")),
    case("derivative_inside", """
        import dlsrc

        def inner(t):
            return t**3

        slope = dlsrc.grad(inner)

        def objective(x):
            return slope(x[0]) * x[1]
    """, ("t**3", "t**4")),
    case("compiled_helper", """
        import numba

        @numba.njit
        def term(a):
            return a * a

        def objective(x):
            return term(x[0]) + x[1]
    """, ("a * a", "a * a * a")),
    case("vectorized_helper", """
        import numba

        @numba.vectorize
        def term(a):
            return a * a

        def objective(x):
            return term(x).sum()
    """, ("a * a", "a * a * a")),
    case("recursion", """
        def power(x, n):
            return x if n < 1 else x * power(x, n - 1)

        def objective(x):
            return power(x[0], int(x[2]))
    """, ("x * power", "2.0 * x * power")),
    case("two_lambdas_on_a_line", """
        f, g = lambda x: (x**2).sum(), lambda x: (x**3).sum()
        objective = f
    """, ("objective = f", "objective = g")),
    case("matrix_product", """
        arguments = (np.arange(6.0).reshape(2, 3) / 5.0,)

        def objective(x):
            return np.tanh(x @ x.T).sum()
    """, ("np.tanh", "np.sin")),
    case("special_function", """
        from scipy import special

        def objective(x):
            return special.j0(x).sum()
    """, ("special.j0", "special.j1")),
    case("raises", """
        class Mine(Exception):
            pass

        def objective(x):
            if x[0] < 0.0:
                raise Mine(f"x is {x[0]:.1f}")
            return (x**2).sum()
    """, ("x**2", "x**3")),
    case("prints", """
        def objective(x):
            print(f"{x[0]:.2f}")
            return (x**2).sum()
    """, ("x**2", "x**3")),
    case("list_of_layers", """
        arguments = ([{"w": np.ones((3, 3)) * 0.1, "b": np.ones(3)} for _ in range(2)],)

        def objective(layers):
            h = np.ones(3)
            for layer in layers:
                h = np.tanh(layer["w"] @ h + layer["b"])
            return h.sum()
    """, ("np.tanh", "np.sin")),
    case("float32", """
        arguments = (np.array([0.5, 1.5, 2.0], np.float32),)

        def objective(x):
            return (x * x).sum()
    """, ("x * x", "x * x * x")),
    case("default_of_a_dataclass", """
        from dataclasses import dataclass

        @dataclass
        class Setting:
            a: float
            b: float = 3.0

        def objective(x):
            s = Setting(2.0)
            return (s.a * s.b * x**2).sum()
    """, ("b: float = 3.0", "b: float = 4.0"), kept=False),
    case("default_of_a_named_tuple", """
        from typing import NamedTuple

        class Setting(NamedTuple):
            a: float
            b: float = 3.0

        def objective(x):
            s = Setting(2.0)
            return (s.a * s.b * x**2).sum()
    """, ("b: float = 3.0", "b: float = 4.0"), kept=False),
    case("enum_member", """
        import enum

        class Kind(enum.Enum):
            ONE = 1
            TWO = 2

        KIND = Kind.ONE

        def objective(x):
            return (x**2).sum() if KIND is Kind.ONE else (x**3).sum()
    """, ("KIND = Kind.ONE", "KIND = Kind.TWO")),
    case("class_constant", """
        class Config:
            K = 3.0

        def objective(x):
            return (Config.K * x**2).sum()
    """, ("K = 3.0", "K = 4.0"), still=True),
    case("constant_elsewhere", """
        import constants

        def objective(x):
            return (constants.K * x**2).sum()
    """, ("constants.py", "K = 3.0", "K = 4.0"), constants="""
        K = 3.0
    """, still=True),
    case("dtype", """
        DTYPE = np.float64

        def objective(x):
            return (x.astype(DTYPE) * 0.1).sum()
    """, ("DTYPE = np.float64", "DTYPE = np.float32")),
    case("tuple_of_axes", """
        AXES = (0, 1)
        arguments = (np.arange(24.0).reshape(2, 3, 4) / 9.0,)

        def objective(x):
            return (x.sum(axis=AXES) ** 2).sum()
    """, ("AXES = (0, 1)", "AXES = (1, 2)")),
    case("list_of_numbers", """
        C = [1.0, 2.0, 3.0]

        def objective(x):
            return sum(c * v**2 for c, v in zip(C, x))
    """, ("C = [1.0, 2.0, 3.0]", "C = [4.0, 2.0, 5.0]"), still=True),
    case("longer_list_of_numbers", """
        C = [1.0, 2.0]

        def objective(x):
            s = 0.0
            for c in C:
                s += c * x[0] ** 2
            return s
    """, ("C = [1.0, 2.0]", "C = [1.0, 2.0, 5.0]")),
    case("callable_object", """
        class Power:
            def __init__(self, n):
                self.n = n

            def __call__(self, x):
                return x**self.n

        power = Power(2)

        def objective(x):
            return power(x).sum()
    """, ("return x**self.n", "return 2.0 * x**self.n")),
    case("number_of_a_callable_object", """
        class Power:
            def __init__(self, n):
                self.n = n

            def __call__(self, x):
                return x**self.n

        power = Power(2)

        def objective(x):
            return power(x).sum()
    """, ("Power(2)", "Power(3)"), still=True),
    case("static_and_class_methods_and_properties", """
        class Model:
            @staticmethod
            def a(x):
                return x**2

            @classmethod
            def b(cls, x):
                return x**3

            @property
            def c(self):
                return 2.0

            def loss(self, x):
                return (self.a(x) + self.b(x) + self.c * x).sum()

        objective = Model().loss
    """, ("return 2.0", "return 5.0")),
    case("static_method", """
        class Model:
            @staticmethod
            def a(x):
                return x**2

            def loss(self, x):
                return self.a(x).sum()

        objective = Model().loss
    """, ("return x**2", "return x**3")),
    case("keyword_only_default", """
        def term(x, *, power=2):
            return x**power

        def objective(x):
            return term(x).sum()
    """, ("power=2", "power=3"), still=True),
    case("partial_keyword", """
        from functools import partial

        def general(x, scale, kind):
            return scale * (x**2).sum() if kind == "a" else scale * (x**3).sum()

        objective = partial(general, scale=2.0, kind="a")
    """, ('kind="a")', 'kind="b")')),
    case("argnums_inside", """
        import dlsrc

        def inner(a, b):
            return a**2 * b

        slope = dlsrc.grad(inner, argnums=0)

        def objective(x):
            return slope(x[0], x[1]) ** 2
    """, ("argnums=0", "argnums=1")),
    case("rule_for_tangents", """
        import dlsrc

        @dlsrc.custom_jvp
        def term(x):
            return x**2

        def rule(primals, tangents):
            return primals[0] ** 2, 2.0 * primals[0] * tangents[0]

        term.defjvp(rule)

        def objective(x):
            return term(x[0]) + x[1]
    """, ("2.0 * primals[0] * t", "7.0 * primals[0] * t")),
    case("constant_function", """
        import dlsrc

        @dlsrc.nondifferentiable
        def term(x):
            return x**2

        def objective(x):
            return (term(x) * x).sum()
    """, ("return x**2", "return x**3")),
    case("nested_closures", """
        def outer(a):
            def middle(b):
                def inner(x):
                    return a(x) * b
                return inner
            return middle

        objective = lambda x: outer(np.sin)(2.0)(x).sum()
    """, ("np.sin", "np.cos")),
    case("module_of_a_package", """
        from package_of_two import objective
    """, ("package_of_two.py", "part.term(x)", "2.0 * part.term(x)"), package_of_two="""
        import part_of_two as part

        def objective(x):
            return part.term(x).sum()
    """, part_of_two="""
        def term(x):
            return x**2
    """),
    case("import_inside", """
        def objective(x):
            import imported_inside
            return imported_inside.term(x).sum()
    """, ("imported_inside.py", "return x**2", "return x**3"), imported_inside="""
        def term(x):
            return part(x)

        def part(x):
            return x**2
    """),
    case("builtin_shadowed_where_it_was_imported_inside", """
        def objective(x):
            import shadowed_inside
            return shadowed_inside.term(x)
    """, ("shadowed_inside.py", "other = None", "abs = np.square"), shadowed_inside="""
        def term(x):
            return abs(x[0] - 3.0) * x[1]

        other = None
    """),
    case("name_imported_inside", """
        def objective(x):
            from named_inside import term
            return term(x).sum()
    """, ("named_inside.py", "return x**2", "return x**3"), named_inside="""
        def term(x):
            return part(x)

        def part(x):
            return x**2
    """),
    case("class_inside_a_function", """
        def make():
            class Model:
                def term(self, x):
                    return x**2

                def loss(self, x):
                    return self.term(x).sum()

            return Model()

        objective = make().loss
    """, ("return x**2", "return x**3")),
    case("returned_class", """
        from typing import NamedTuple

        class P(NamedTuple):
            a: float
            b: float

        arguments = (P(2.0, 3.0),)

        def objective(p):
            q = P(p.b, p.a)
            return q.a * q.a * q.b
    """, ("P(p.b, p.a)", "P(p.a, p.b)")),
    case("assertion", """
        LIMIT = 10.0

        def objective(x):
            assert x[0] < LIMIT, "too large"
            return (x**2).sum()
    """, ("x**2", "x**3")),
    case("only_a_comment", """
        def objective(x):
            return (x**2).sum()  # here
    """, ("# here", "# there"), still=True),
    case("lines_above", """
        TABLE = None

        def objective(x):
            return (x**2).sum()
    """, ("TABLE = None", "TABLE = (\n    None,\n)")),
)  # fmt: skip
