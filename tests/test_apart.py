"""Long kernels and expressions of arrays are machine code of their own, which programs call."""

import subprocess
import sys
from types import FunctionType

import numpy as np
import pytest

from dlsrc.disk import object_file
from dlsrc.kernels.linalg import matmat
from dlsrc.lazy import numba
from dlsrc.disk.object_code import kept
from dlsrc.transform.machine import expression_kernels, link, pipeline
from tests.conftest import PLAIN

pytestmark = [
    pytest.mark.compiled, pytest.mark.skipif(PLAIN, reason="looks at what numba compiled"),
]  # fmt: skip


def compiled(f, **flags):
    """As a program is compiled, in which ``matmat`` is a kernel, and calls a longer one."""
    namespace = {**f.__globals__, "matmat": link.compiled(matmat)}
    f = FunctionType(f.__code__, namespace)
    return numba().njit(error_model="numpy", pipeline_class=pipeline.pipeline_class(), **flags)(f)


def product(a, b):
    return matmat(a, b) * 2.0 + b


def reversed_product(a, b):
    c = matmat(b, a)
    return c * 2.0 + a


A, B = np.arange(4.0).reshape(2, 2), np.eye(2) + 0.5


def defined_and_called(dispatcher):
    """The names of the functions that a program's code has in it, and of those of other files that it calls."""
    (overload,) = dispatcher.overloads.values()
    functions = list(overload.library._final_module.functions)
    return (
        {f.name for f in functions if not f.is_declaration},
        {f.name for f in functions if f.is_declaration} & object_file.defining.keys(),
    )


def test_a_long_kernel_is_compiled_once_and_called():
    f, g = compiled(product), compiled(reversed_product)
    assert np.array_equal(f(A, B), product(A, B))
    files, expressions = set(object_file.defining), len(expression_kernels._elements)
    assert np.array_equal(g(A, B), reversed_product(A, B))
    assert set(object_file.defining) == files and len(expression_kernels._elements) == expressions
    for dispatcher in (f, g):
        defined, called = defined_and_called(dispatcher)
        for kernel in ("matmat", "expression"):
            assert any(kernel in name for name in called) and not any(kernel in name for name in defined)
        # It is written into the product.
        assert not any("add_small" in name for name in defined | called)


def test_an_error_in_a_kernel_that_stands_apart():
    with pytest.raises(ValueError, match="as many columns"):
        compiled(product)(A, np.ones((3, 2)))


def test_another_process_gets_the_kernels_with_the_program(tmp_path):
    f = compiled(product)
    f(A, B)
    (tmp_path / "kept").write_bytes(kept(f))
    code = f"""
import sys
from pathlib import Path
import numpy as np
from dlsrc.disk import object_file
from dlsrc.disk.object_code import loaded
f = loaded(Path(sys.argv[1]).read_bytes())
assert len(object_file.defining) > 2, "no kernel came with it"
print(f(np.array({A.tolist()}), np.array({B.tolist()})).tolist())
try:
    f(np.ones((2, 3)), np.ones((2, 2)))
except ValueError as error:
    print(error)
"""
    out = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "kept")], capture_output=True, text=True, check=True
    )
    assert out.stdout.splitlines() == [
        str(product(A, B).tolist()), "a @ b of two matrices needs as many columns in a as rows in b",
    ]  # fmt: skip


def test_expressions_of_other_flags_are_other_kernels():
    """And what says the same of other types is one more signature of the same."""

    def f(x, y):
        return x * y - x

    before = dict(expression_kernels._elements)
    x, y = np.array([1.5, 2.5]), np.array([3.0])
    for flags in ({}, {"fastmath": {"contract"}}):
        call = compiled(f, **flags)
        assert np.array_equal(call(x, y), f(x, y))
        assert np.array_equal(call(x[::2], 2), f(x[::2], 2))
        assert call(x.astype("float32"), y.astype("float32")).dtype == np.float32
    made = [d for key, d in expression_kernels._elements.items() if key not in before]
    loops = [{key: d for key, d in expression_kernels._kernels.items() if key[0] is element} for element in made]
    assert [sum(len(d.overloads) for d in kernels.values()) for kernels in loops] == [3, 3]
