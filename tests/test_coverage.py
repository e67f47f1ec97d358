"""Every public function of NumPy, numpy.linalg, numpy.fft, scipy.special and arrays has one row, and it is true."""

import re

import numpy as np
import pytest
import scipy.integrate
import scipy.signal  # noqa: F401  modules that are looked into

import dlsrc
from dlsrc.errors import UnsupportedSyntax
from dlsrc.kernels.declaring.coverage import (
    DECLARED, NOT_YET, STATES, declared_for, public, reason_of, state_of,
)
from dlsrc.lazy import jit_enabled
from dlsrc.transform.calling.infer import inferred
from dlsrc.transform.calling.specials import special_name
from dlsrc.transform.calling.calls import EVALUATED
from dlsrc.kernels.types import type_of
from tests import coverage

ROWS = coverage.rows()


def test_every_public_function_has_one_row():
    assert len(ROWS) == len({path for path, _, _ in ROWS}) > 850
    for module in ("numpy", "numpy.linalg", "scipy.linalg", "scipy.special", "scipy.stats", "ndarray"):
        assert {path for path, _, _ in ROWS} >= {f"{module}.{name}" for name in public(module)}
    for path, state, note in ROWS:
        assert state in STATES and note.strip(), path


def test_the_declared_rows_are_of_functions_that_exist_and_have_no_rule():
    paths = [(module, name) for module, _, _, names in DECLARED for name in names.split()]
    assert [f"{module}.{name}" for module, name in paths if name not in public(module)] == []
    done = [f"{module}.{name}" for module, name in paths if declared_for(f"{module}.{name}") is not None]
    assert done == [], "these are in the registry: remove their rows from kernels/declaring/coverage.py"


def test_a_reason_says_what_to_write_instead():
    for _, state, note, _names in DECLARED:
        if state == "refused":
            assert ":" in note or note.startswith("write "), note
    assert reason_of(np.fft.fft).startswith("complex numbers")
    assert reason_of(np.sin) is None or reason_of(np.sin) == NOT_YET


def test_the_readme_shows_the_table():
    text = coverage.README.read_text(encoding="utf-8")
    assert coverage.BLOCK.search(text), "the README has lost the markers of the table"
    assert coverage.updated(text) == text, "run python -m tests.coverage --update"


def inactive():
    """Calls of what has no rule and no derivative, as they stand where none passes."""
    x, n = np.array([0.5, -1.0, 2.0]), 4
    pairs = {"intersect1d", "setdiff1d", "setxor1d", "union1d", "allclose", "array_equal", "isclose", "isin", "nextafter"}
    for module, state, _, names in DECLARED:
        if state == "no derivative" and module == "numpy":
            for name in names.split():
                function = getattr(np, name)
                if name in ("bartlett", "blackman", "hamming", "hanning"):
                    yield pytest.param(function, (n,), id=name)
                elif name == "kaiser":
                    yield pytest.param(function, (n, 2.0), id=name)
                elif name in ("gcd", "lcm"):
                    yield pytest.param(function, (n, 6), id=name)
                elif function not in EVALUATED:
                    yield pytest.param(function, (x, x) if name in pairs else (x,), id=name)


@pytest.mark.compiled
@pytest.mark.skipif(not jit_enabled(), reason="numba is asked, which compiles some of them to know")
@pytest.mark.parametrize(("function", "args"), list(inactive()))
def test_what_has_no_derivative_is_typed_where_none_passes(function, args):
    assert special_name(function) is None and inferred(function, [type_of(a) for a in args]) is not None


def unique_values(x):
    return np.sum(np.unique(x))


def transform(x):
    return np.sum(np.fft.fft(x).real)


def another_view(x):
    return np.sum(x.view())


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (unique_values, "index with them"), (transform, "np.cos and np.sin"), (another_view, "use indices and np.copy"),
    ],
)
def test_a_refused_call_says_what_the_table_says(function, words):
    with pytest.raises(UnsupportedSyntax, match=re.escape(words)):
        dlsrc.grad(function)(np.array([1.0, 2.0]))


# What issue and peers ask for by name; argsort, searchsorted have no derivative, histogram is refused.
PROMISED = {
    "numpy": """cumsum cumprod diff interp sort take take_along_axis partition roll pad split einsum tensordot kron
        cross vander polyval convolve correlate var std median quantile average logaddexp hypot arctan2 sinc nansum
        nanmean nanmax nanmin nanvar nanstd nanprod meshgrid linspace arange tril triu matmul""",
    "numpy.linalg": "solve inv det slogdet cholesky eigh qr svd norm lstsq pinv matrix_power",
    "scipy.special": """gammaln digamma polygamma beta betaln erf erfc erfcx erfinv ndtr log_ndtr ndtri expit logit
        log1p expm1 cosm1 exprel xlogy xlog1py entr kl_div gammainc gammaincc betainc iv i0 i1 j0 j1 logsumexp softmax
        log_softmax""",
    "scipy.linalg": "solve_triangular cho_solve expm",
}

# Functions that HIPS autograd 1.9 differentiates: what `primitive_vjps` holds, under NumPy's and SciPy's names, and what
# is made of it (mean, std, var, norm, where); of aliases one.  The Fourier transforms and eig, whose results are complex,
# are among them, and count as refused.
PEER = {
    "numpy": """abs absolute add amax amin angle append arccos arccosh arcsin arcsinh arctan arctan2 arctanh array
        array_split atleast_1d atleast_2d atleast_3d broadcast_to clip concatenate conj conjugate cos cosh cross cumsum
        deg2rad degrees diag diagonal diff divide dot dsplit einsum exp exp2 expand_dims expm1 fabs fliplr flipud fmax
        fmin full gradient hsplit hypot imag inner kron linspace log log10 log1p log2 logaddexp logaddexp2 matmul max maximum mean min
        minimum mod moveaxis multiply nan_to_num negative outer pad partition power prod rad2deg radians ravel real
        real_if_close reciprocal remainder repeat reshape roll rollaxis rot90 sin sinc sinh sort split sqrt square
        squeeze std subtract sum swapaxes tan tanh tensordot tile trace transpose tril triu true_divide var vsplit
        where""",
    "numpy.linalg": "det inv pinv solve norm eigh cholesky svd eig slogdet",
    "numpy.fft": "fft ifft fft2 ifft2 fftn ifftn rfft irfft rfft2 irfft2 rfftn irfftn fftshift ifftshift",
    "scipy.special": """beta betainc betaln digamma erf erfc erfinv erfcinv expit gamma gammainc gammaincc gammaln gammasgn i0
        i1 iv ive j0 j1 jn logit logsumexp multigammaln polygamma psi rgamma y0 y1 yn""",
    "scipy.linalg": "sqrtm solve_triangular solve_sylvester solve_banded",
    "scipy.signal": "convolve",
    "scipy.integrate": "odeint",
    "scipy.stats": """norm.pdf norm.logpdf norm.cdf norm.logcdf norm.sf norm.logsf beta.pdf beta.logpdf beta.cdf gamma.pdf
        gamma.logpdf gamma.cdf t.pdf t.logpdf t.cdf t.logcdf poisson.pmf poisson.logpmf poisson.cdf chi2.pdf chi2.logpdf
        chi2.cdf dirichlet.pdf dirichlet.logpdf multivariate_normal.pdf multivariate_normal.logpdf
        multivariate_normal.entropy""",
}


def states(table):
    return {f"{module}.{name}": state_of(f"{module}.{name}") for module, names in table.items() for name in names.split()}


def test_what_is_promised_has_a_rule():
    assert {path: state for path, state in states(PROMISED).items() if state != "rule"} == {}


def test_at_most_a_tenth_of_what_the_peer_differentiates_is_refused():
    found = states(PEER)
    refused = [path for path, state in found.items() if state != "rule"]
    assert len(refused) <= 0.1 * len(found), refused
