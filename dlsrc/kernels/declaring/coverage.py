"""What dlsrc knows of NumPy and scipy.special, function by function: a rule, no derivative, or refused.

That a function has a rule follows from the registry.  The others are declared here, once each, with what a
user needs to know: the same words stand in the README's table and in the message of a refused call.

>>> state_of("numpy.tanh"), state_of("numpy.argmax"), state_of("numpy.fft.fft")
('rule', 'no derivative', 'refused')
>>> reason_of(np.fft.fft)
'complex numbers are not supported: write the sums with np.cos and np.sin'
"""

import sys
from functools import cache
from typing import Any

import numpy as np

from ..primitive import Composite, Primitive, Sample, lookup, lookup_attribute, lookup_method

__all__ = [
    "DECLARED", "MODULES", "STATES", "declared_for", "note_of", "public", "reason_of", "reason_of_method",
    "state_of",
]

# Modules whose every public function has a row; "ndarray" stands for the methods and attributes of arrays.
MODULES = ("numpy", "numpy.linalg", "numpy.fft", "scipy.linalg", "scipy.special", "scipy.stats", "ndarray")

# Of scipy.stats: the functions of these distributions, each by the distribution's name.
LAWS = (
    "norm", "lognorm", "t", "cauchy", "laplace", "uniform", "expon", "gamma", "chi2", "beta", "poisson",
    "binom", "bernoulli", "dirichlet", "multivariate_normal",
)  # fmt: skip
OF_LAWS = (
    "pdf", "logpdf", "pmf", "logpmf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf", "entropy", "rvs",
)  # fmt: skip

STATES = ("rule", "no derivative", "refused")

# ---------------------------------------------------------------------------------- without a rule

# Module, state, what a user needs to know, functions.
DECLARED: tuple[tuple[str, str, str, str], ...] = (
    (
        "numpy", "rule", "arrays made of numbers, lists and arrays",
        "array asanyarray asarray asarray_chkfinite ascontiguousarray",
    ),
    (
        "numpy", "rule", "a loop over the elements or their places",
        "ndenumerate ndindex vectorize",
    ),
    (
        "ndarray", "rule", "the array itself",
        "real",
    ),
    (
        "numpy", "no derivative", "evaluated while the gradient is built",
        "issubdtype promote_types result_type",
    ),
    (
        "ndarray", "no derivative", "known while the gradient is built",
        "dtype flags ndim shape size",
    ),
    (
        "numpy", "no derivative", "used where no derivative passes",
        "gcd lcm nextafter spacing iscomplex isreal isscalar",
    ),
    (
        "numpy", "no derivative", "windows, used where no derivative passes",
        "bartlett blackman hamming hanning kaiser",
    ),
    (
        "numpy", "no derivative",
        "how many elements there are depends on values: find places with it, and index with them",
        "intersect1d setdiff1d setxor1d trim_zeros union1d unique",
    ),
    (
        "numpy", "refused", "reading, writing and printing belong outside: pass arrays as arguments",
        "from_dlpack frombuffer fromfile fromiter fromregex fromstring genfromtxt load loadtxt save "
        "savetxt savez savez_compressed get_include info show_config show_runtime test",
    ),
    (
        "numpy", "refused", "strings are not computed with: format them outside",
        "array2string array_repr array_str base_repr binary_repr format_float_positional "
        "format_float_scientific get_printoptions printoptions set_printoptions typename",
    ),
    (
        "numpy", "refused", "settings belong outside: make them before the call",
        "errstate geterr geterrcall getbufsize setbufsize seterr seterrcall",
    ),
    (
        "numpy", "refused", "dates are not computed with: convert them to numbers of days outside",
        "busday_count busday_offset datetime_as_string datetime_data is_busday isnat",
    ),
    (
        "numpy", "refused",
        "it calls a Python function on parts of an array: write the loop, which is compiled",
        "frompyfunc nested_iters nditer",
    ),
    (
        "numpy", "refused", "counts have no derivative: use a smooth kernel, or count outside",
        "histogram histogram2d histogram_bin_edges histogramdd",
    ),
    (
        "numpy", "refused", "dtypes are known: compare x.dtype, and convert with x.astype",
        "astype can_cast common_type iscomplexobj isdtype isfortran isrealobj iterable min_scalar_type "
        "mintypecode",
    ),
    (
        "numpy", "refused", "sets of values have no derivative: compute places outside, and index with them",
        "lexsort sort_complex unique_all unique_counts unique_inverse unique_values",
    ),
    (
        "numpy", "refused",
        "where an array lies is decided by the compiler: use np.copy where a copy is meant",
        "asfortranarray may_share_memory require resize shares_memory",
    ),
    (
        "numpy", "refused", "polynomials are vectors of coefficients: use np.polyval, np.polymul, …",
        "poly1d",
    ),
    (
        "numpy", "refused", "bits have no derivative: convert outside",
        "bitwise_count packbits unpackbits",
    ),
    (
        "numpy", "refused", "write np.vstack",
        "row_stack",
    ),
    (
        "numpy", "refused", "how many arrays there are must be known: index the array, x[k]",
        "unstack",
    ),
    (
        "numpy", "refused", "the length of the remainder depends on values: write the division as a loop",
        "polydiv",
    ),
    (
        "numpy", "refused", "write np.tril_indices or np.triu_indices",
        "mask_indices",
    ),
    (
        "numpy", "refused", "np.matrix multiplies with *: use arrays, and @",
        "asmatrix bmat",
    ),
    (
        "numpy", "refused", "roots are complex in general: write Newton's method as a loop",
        "roots",
    ),
    (
        "numpy", "refused", "the order of the products is fixed: write the einsum itself",
        "einsum_path",
    ),
    (
        "numpy", "refused", "write x[mask] = values",
        "place putmask",
    ),
    (
        "numpy.fft", "refused", "complex numbers are not supported: write the sums with np.cos and np.sin",
        "fft fft2 fftn hfft ifft ifft2 ifftn ihfft irfft irfft2 irfftn rfft rfft2 rfftn",
    ),
    (
        "numpy.fft", "refused", "write np.arange and np.roll",
        "fftfreq rfftfreq",
    ),
    (
        "numpy.linalg", "refused",
        "eigenvalues are complex in general: use np.linalg.eigh of a symmetric matrix",
        "eig eigvals",
    ),
    (
        "numpy.linalg", "refused", "write np.linalg.solve of the matrix that reshape gives",
        "tensorinv tensorsolve",
    ),
    (
        "scipy.linalg", "refused",
        "eigenvalues are complex in general: use np.linalg.eigh of a symmetric matrix",
        "cdf2rdf eig eigvals hessenberg ordqz qz rsf2csf schur",
    ),
    (
        "scipy.linalg", "refused",
        "of a symmetric matrix: write w, v = np.linalg.eigh(a) and (v * f(w)) @ v.T",
        "coshm cosm fractional_matrix_power funm logm signm sinhm sinm sqrtm tanhm tanm",
    ),
    (
        "scipy.linalg", "refused",
        "the factors are shared anyway: call scipy.linalg.solve or np.linalg.inv of the matrix",
        "ldl lu",
    ),
    (
        "scipy.linalg", "refused", "write np.linalg.lstsq", "lstsq",
    ),
    (
        "scipy.linalg", "refused", "write np.linalg.svd or np.linalg.qr of the matrix: they have derivatives",
        "null_space orth orthogonal_procrustes polar qr_delete qr_insert qr_multiply qr_update rq "
        "subspace_angles cossin pinvh",
    ),
    (
        "scipy.linalg", "refused",
        "write the matrix out and use scipy.linalg.solve, or write the recurrence as a loop",
        "cho_solve_banded cholesky_banded eig_banded eigh_tridiagonal eigvals_banded "
        "eigvalsh_tridiagonal matmul_toeplitz solve_circulant solve_toeplitz solveh_banded",
    ),
    (
        "scipy.linalg", "refused", "write it with np.kron and np.linalg.solve",
        "khatri_rao solve_continuous_are solve_discrete_are",
    ),
    (
        "scipy.linalg", "refused",
        "constant matrices belong outside, as arguments; one of values: write np.zeros and slices",
        "bandwidth clarkson_woodruff_transform companion convolution_matrix dft diagsvd "
        "fiedler fiedler_companion find_best_blas_type get_blas_funcs get_lapack_funcs "
        "hadamard hankel helmert hilbert invhilbert invpascal ishermitian issymmetric leslie "
        "matrix_balance pascal",
    ),
    (
        "ndarray", "refused", "where an array lies is decided by the compiler: use indices and np.copy",
        "base byteswap ctypes data device getfield itemsize nbytes resize setfield setflags strides "
        "to_device view",
    ),
    (
        "ndarray", "refused", "writing belongs outside: return the array",
        "dump dumps tobytes tofile",
    ),
    (
        "ndarray", "refused", "lists cannot be compiled: index the array instead",
        "tolist",
    ),
    (
        "scipy.special", "refused", "settings belong outside: make them before the call",
        "geterr seterr",
    ),
    (
        "scipy.special", "refused", "zeros, nodes and tables are constants: compute them outside",
        "ai_zeros bei_zeros beip_zeros ber_zeros berp_zeros bi_zeros c_roots cg_roots erf_zeros "
        "fresnel_zeros fresnelc_zeros fresnels_zeros h_roots he_roots j_roots jn_zeros jnjnp_zeros "
        "jnp_zeros jnyn_zeros js_roots kei_zeros keip_zeros kelvin_zeros ker_zeros kerp_zeros l_roots "
        "la_roots p_roots ps_roots roots_chebyc roots_chebys roots_chebyt roots_chebyu roots_gegenbauer "
        "roots_genlaguerre roots_hermite roots_hermitenorm roots_jacobi roots_laguerre roots_legendre "
        "roots_sh_chebyt roots_sh_chebyu roots_sh_jacobi roots_sh_legendre s_roots t_roots ts_roots "
        "u_roots us_roots y0_zeros y1_zeros y1p_zeros yn_zeros ynp_zeros bernoulli euler stirling2 "
        "factorial factorial2 factorialk perm",
    ),
    (
        "scipy.special", "refused", "it gives a polynomial object: write the recurrence, or np.polyval",
        "chebyc chebys chebyt chebyu gegenbauer genlaguerre hermite hermitenorm jacobi laguerre legendre "
        "sh_chebyt sh_chebyu sh_jacobi sh_legendre",
    ),
    (
        "scipy.stats", "refused", "random numbers belong outside: pass them as arguments",
        " ".join(f"{law}.rvs" for law in LAWS),
    ),
    (
        "scipy.special", "refused", "complex numbers are not supported: write real and imaginary part",
        "hankel1 hankel1e hankel2 hankel2e h1vp h2vp kelvin lambertw modfresnelm modfresnelp sph_harm_y "
        "sph_harm_y_all wofz",
    ),
    (
        "scipy.special", "refused", "it gives several orders or results: call the function of one",
        "assoc_legendre_p_all legendre_p_all sph_legendre_p_all lqmn lqn riccati_jn riccati_yn lmbda "
        "mathieu_even_coef mathieu_odd_coef obl_cv_seq pbdn_seq pbdv_seq pbvv_seq pro_cv_seq",
    ),
)

NOT_YET = "no rule is written for it yet: write it with functions that have one"

# ---------------------------------------------------------------------------------- questions


@cache
def _declared() -> dict[str, tuple[str, str]]:
    """State and note of every function that is declared above, by its path."""
    found: dict[str, tuple[str, str]] = {}
    for module, state, note, names in DECLARED:
        for name in names.split():
            path = f"{module}.{name}"
            if path in found:
                raise TypeError(f"{path} is declared twice")
            found[path] = (state, note)
    return found


@cache
def public(module: str) -> tuple[str, ...]:
    """The public functions of a module ("ndarray": of arrays), and the classes declared above."""
    if module == "ndarray":
        return tuple(name for name in dir(np.ndarray) if not name.startswith("_"))
    if module == "scipy.stats":
        laws = {law: getattr(sys.modules[module], law) for law in LAWS}
        return tuple(f"{law}.{name}" for law in LAWS for name in OF_LAWS if hasattr(laws[law], name))
    found = sys.modules[module]
    names = getattr(found, "__all__", dir(found))
    functions = {n for n in names if not n.startswith("_") and callable(getattr(found, n))}
    classes = {n for n in functions if isinstance(getattr(found, n), type)}
    return tuple(sorted(n for n in functions if n not in classes or f"{module}.{n}" in _declared()))


def declared_for(path: str) -> Primitive | Composite | None:
    """The primitive or composite behind ``"numpy.sin"`` or ``"ndarray.sum"``."""
    module, _, name = path.rpartition(".")
    if module == "ndarray":
        return lookup_method(name) or lookup_attribute(name)
    if module.startswith("scipy.stats."):
        return lookup(getattr(getattr(sys.modules["scipy.stats"], module.rpartition(".")[2]), name))
    return lookup(getattr(sys.modules[module], name))


def differentiable(declared: Primitive | Composite) -> bool:
    """Whether a derivative passes: by its adjoints; of a composite, by what comes out of its samples."""
    if isinstance(declared, Primitive):
        return bool(declared.adjoints)
    cases = [case for case in declared.cases if isinstance(case, Sample)]
    # One whose samples are refusals only has no reference to be compared with: cho_factor.
    return not cases or any(_has_floats(declared.body(*case.args, **case.static)) for case in cases)


def _has_floats(found: Any) -> bool:
    if isinstance(found, tuple | list):
        return any(map(_has_floats, found))
    return found is None or np.asarray(found).dtype.kind == "f"  # None: it writes into an array


def state_of(path: str) -> str:
    """One of the three states of a function: ``"numpy.sin"``, ``"ndarray.sum"``."""
    declared = declared_for(path)
    if declared is not None:
        return "rule" if differentiable(declared) else "no derivative"
    return _declared().get(path, ("refused", NOT_YET))[0]


def note_of(path: str) -> str:
    """The words on a function that is not in the registry."""
    return _declared().get(path, ("refused", NOT_YET))[1]


def reason_of(function: Any) -> str | None:
    """What to write instead of a function of NumPy or scipy.special through which no derivative passes."""
    name = getattr(function, "__name__", "")
    for module in MODULES:
        if module in ("ndarray", "scipy.stats") or module not in sys.modules or name not in public(module):
            continue
        if getattr(sys.modules[module], name) is function:
            note = note_of(f"{module}.{name}")
            return note if ":" in note or note.startswith("write") else None
    return None


def reason_of_method(name: str) -> str | None:
    """What to write instead of a method or attribute of arrays."""
    return _declared()[f"ndarray.{name}"][1] if f"ndarray.{name}" in _declared() else None
