"""What SciPy publishes is found without its packages, which whoever imports them later has as they are."""

import subprocess
import sys

import pytest

from dlsrc.lazy import scipy
from dlsrc.process.symbols import Foreign, published

MODULES = ("linalg.cython_blas", "linalg.cython_lapack", "special.cython_special")


@pytest.mark.parametrize("module", MODULES)
def test_it_is_the_module_that_everybody_imports(module):
    code = f"""
import sys
from dlsrc.process.symbols import Foreign, published
found = published("{module}")
alone = "scipy.linalg" not in sys.modules
import numpy as np
import scipy.{module}
print(alone, scipy.{module}.__pyx_capi__ is found or scipy.{module}.__pyx_capi__ == found)
from scipy.{module.partition(".")[0]} import {module.partition(".")[2]} as again
import scipy.linalg
print(again is sys.modules["scipy.{module}"], scipy.linalg.solve(2 * np.eye(2), np.ones(2)))
print(published("{module}") is found)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # `cython_special` needs its package, which imports no linear algebra.
    assert result.stdout.splitlines() == ["True True", "True [0.5 0.5]", "True"]


def test_where_it_is_imported_already_it_is_that_one():
    code = """
import scipy.linalg.cython_blas
from dlsrc.process.symbols import published
print(published("linalg.cython_blas") is scipy.linalg.cython_blas.__pyx_capi__)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "True"


def test_addresses():
    gemm = Foreign("linalg.cython_blas", "gemm", "cciiinaiainai")
    assert gemm.address("d") and gemm.address("d") != gemm.address("s")
    assert set(published("linalg.cython_blas")) == set(scipy("linalg.cython_blas").__pyx_capi__)
    with pytest.raises(LookupError, match="publishes no nothing"):
        Foreign("linalg.cython_blas", "nothing", "i").address("d")
