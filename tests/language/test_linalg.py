"""Systems of equations, factorisations and what is computed from them, in programs."""

import numpy as np
import pytest
import scipy.linalg as sl

import dlsrc
from dlsrc.kernels.algebra.factored import singular_cofactors
from dlsrc.kernels.declaring.differences import derivative
from dlsrc.kernels.primitive import registry
from tests.oracle import Programs, matrix, vector

compiled = pytest.mark.compiled

programs = Programs()

A = matrix(3, 3) + 2 * np.eye(3)
B = matrix(3, 2)
V = vector(3)


def covariance(x):
    return x @ x.T + 2 * np.eye(len(x))


# ---------------------------------------------------------------------------------- systems of equations


@programs(A, V, argnums=(0, 1), compiled=True)
def solve_vector(a, b):
    return np.sum(np.linalg.solve(a, b) ** 2)


@programs(A, B, argnums=(0, 1))
def solve_matrix_and_logdet(a, b):
    s, logdet = np.linalg.slogdet(a)
    return np.sum(np.linalg.solve(a, b) ** 2) + s * logdet


@programs(A, compiled=True)
def inverse_and_determinant(a):
    return np.sum(np.linalg.inv(a) ** 3) * np.linalg.det(a)


@programs(matrix(18, 18) + 4 * np.eye(18), vector(18, 2), argnums=(0, 1))
def large_enough_for_lapack(a, b):
    return np.sum(np.linalg.solve(a, b) ** 2) + np.linalg.slogdet(a)[1] + np.sum(np.linalg.inv(a) ** 2)


@programs(np.array([[1.0, 2.0, 0.5], [2.0, 4.0, 1.0], [0.3, 1.0, 2.0]]))
def determinant_of_a_singular_matrix(a):
    return np.linalg.det(a)


@programs(np.ones((3, 3)))
def determinant_of_a_matrix_of_rank_one(a):
    return np.linalg.det(a) + a[0, 0]


@programs(A, V, argnums=(0, 1))
def a_system_each_trip(a, b):
    x = b
    for _ in range(3):
        x = np.linalg.solve(a, np.tanh(x))
    return np.sum(x * x)


@programs(A, V, argnums=(0, 1))
def scipy_solve_as_triangular(a, b):
    x = sl.solve_triangular(a, b, lower=True) + sl.solve_triangular(a, b, trans=1)
    return x @ sl.solve(a, b) + np.sum(sl.solve_triangular(a, a[:, :2], lower=True, unit_diagonal=True))


@programs(matrix(3, 3), V, argnums=(0, 1))
def transposed_and_strided_operands(a, b):
    return np.sum(np.linalg.solve(a.T + 3 * np.eye(3), b[::-1])) + np.linalg.det(a[:2, ::2])


@programs(A)
def inverse_of_integers_times_a(a):
    return np.sum(np.linalg.inv(np.array([[2, 1, 0], [0, 1, 0], [0, 0, 4]])) * a)


# ---------------------------------------------------------------------------------- Cholesky


@programs(A, V, argnums=(0, 1), compiled=True)
def gaussian_process(x, y):
    l = np.linalg.cholesky(x @ x.T + np.eye(3))
    z = sl.solve_triangular(l, y, lower=True)
    return 0.5 * z @ z + np.sum(np.log(np.diag(l)))


@programs(A, V, argnums=(0, 1))
def gaussian_process_by_cho_solve(x, y):
    c = sl.cho_factor(covariance(x))
    return 0.5 * y @ sl.cho_solve(c, y) + np.sum(np.log(np.diag(c[0])))


@programs(covariance(A))
def of_the_lower_triangle_alone(a):
    return np.sum(np.linalg.cholesky(a) * np.arange(9.0).reshape(3, 3))


@programs(covariance(A))
def of_the_upper_triangle_alone(a):
    return np.sum(sl.cholesky(a) * np.arange(9.0).reshape(3, 3)) + np.sum(sl.cholesky(a, lower=True))


@programs(matrix(5, 26), vector(5))
def cholesky_by_lapack(x, y):
    k = x.T @ x + 2.0 * np.eye(26)
    return np.sum(np.linalg.cholesky(k)[:, :3])


# ---------------------------------------------------------------------------------- eigenvalues


@programs(A, compiled=True)
def weighted_eigenvalues(x):
    w, v = np.linalg.eigh(x @ x.T + x)
    return np.sum(w * w * np.array([1.0, 2.0, 3.0])) + np.sum(v[:, 0] ** 2 * w[1]) + np.sum(v[0] ** 4)


@programs(covariance(A))
def matrix_square_root(a):
    w, v = np.linalg.eigh(a)
    return np.sum(((v * np.sqrt(w)) @ v.T) ** 3)


@programs(covariance(A))
def by_name_and_upper(a):
    found = np.linalg.eigh(a, "U")
    return found.eigenvalues[0] * np.linalg.eigvalsh(a)[2] + sl.eigh(a, eigvals_only=True)[1]


@programs(np.diag([2.0, 2.0, 5.0]))
def symmetric_in_equal_eigenvalues(a):
    w, v = np.linalg.eigh(a)
    return w[0] * w[1] + w[2] + np.sum(v[:, 2] ** 2 * w[2] * np.arange(3.0))


# ---------------------------------------------------------------------------------- singular values


@programs(matrix(4, 3), compiled=True)
def rank_one_part(a):
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.sum((s[0] * np.outer(u[:, 0], vh[0])) ** 3) + s[1] * s[2]


@programs(matrix(2, 4))
def wide_matrix(a):
    found = np.linalg.svd(a, full_matrices=False)
    return np.sum((found.U * np.log(found.S)) @ found.Vh * np.arange(8.0).reshape(2, 4))


@programs(matrix(3, 4))
def norms_by_singular_values(a):
    return np.linalg.norm(a, 2) + np.linalg.norm(a, -2) * np.linalg.norm(a, "nuc") + np.linalg.cond(a)


@programs(matrix(4, 3), vector(4), argnums=(0, 1))
def least_squares(a, b):
    x, residuals, rank, s = np.linalg.lstsq(a, b, rcond=None)
    return np.sum(x**3) + residuals[0] + rank * s[0]


@programs(matrix(4, 2), matrix(2, 4), argnums=(0, 1))
def pseudo_inverses(a, b):
    return np.sum(np.linalg.pinv(a) ** 2) + np.sum(np.linalg.pinv(b) @ b @ a) + np.linalg.matrix_rank(a)


# ---------------------------------------------------------------------------------- QR


@programs(matrix(4, 3), compiled=True)
def orthonormal_columns(a):
    q, r = np.linalg.qr(a)
    return np.sum(q**3) + np.sum(np.log(np.abs(np.diag(r)))) * r[0, 2]


@programs(matrix(4, 3), vector(4), argnums=(0, 1))
def least_squares_by_qr(a, b):
    q, r = sl.qr(a, mode="economic")
    return np.sum(sl.solve_triangular(r, q.T @ b) ** 2)


# ---------------------------------------------------------------------------------- stacks


@programs(vector(2, 3, 4), vector(2, 4, 2), argnums=(0, 1))
def stacks(a, b):
    return np.sum((a @ b) ** 2) + np.sum((b[:1].transpose(0, 2, 1) @ a.transpose(0, 2, 1)) ** 2)


@programs(vector(2, 2, 3, 4), vector(2, 4, 2), vector(4), argnums=(0, 1, 2))
def stacks_of_other_depths(a, b, v):
    return np.sum((a @ b) ** 2) + np.sum((a @ b[0]) ** 3) + np.sum((a @ v) ** 2) + np.sum((a[0, 0] @ b) ** 2)


@programs(vector(3, 4), vector(4), vector(2, 2, 4, 2), argnums=(0, 1, 2))
def a_matrix_or_vector_and_stacks(a, v, b):
    return np.sum((a @ b) ** 2) + np.sum((v @ b) ** 3) + np.sum((v @ b[0]) ** 2)


@programs(vector(2, 3, 3) + 2 * np.eye(3), matrix(3, 2), argnums=(0, 1))
def systems_in_stacks(a, b):
    y = np.linalg.solve(a, b)
    s, logdet = np.linalg.slogdet(a)
    return np.sum(y * y) + np.sum(np.linalg.det(a) ** 2) + np.sum(s * logdet) + np.sum(np.linalg.inv(a) ** 2)


@programs(vector(2, 3, 3))
def cholesky_of_stacks(a):
    return np.sum(np.linalg.cholesky(a @ a.transpose(0, 2, 1) + np.eye(3)) ** 3)


@programs(0.4 * A)
def matrix_exponentials(a):
    return np.sum(sl.expm(a) ** 2) + np.sum(np.linalg.matrix_power(a, 5)) + np.sum(np.linalg.matrix_power(a, -2))


@programs(matrix(2, 3), matrix(2, 2), vector(3), argnums=(0, 1, 2))
def put_together(a, b, v):
    d = sl.block_diag(a, b, v)
    t = sl.toeplitz(v) @ sl.circulant(v)
    return np.sum(d**2 * np.arange(40.0).reshape(5, 8)) + np.sum(np.linalg.multi_dot((b, a, t, v)) ** 2)


@programs(A, B, argnums=(0, 1), compiled=True)
def factors_and_bands(a, b):
    pair = sl.lu_factor(a)
    y = sl.lu_solve(pair, b) + sl.lu_solve(pair, b, trans=1)
    bands = np.zeros((3, 3))
    bands[1] = np.diag(a)
    bands[0, 1:] = np.diag(pair[0], 1)
    bands[2, :-1] = y[1:, 0]
    return np.sum(sl.solve_banded((1, 1), bands, y) ** 2)


@programs(matrix(48, 12), matrix(12, 10), argnums=(0, 1), compiled=True)
def stacks_that_lie_in_other_orders(a, b):
    left, right = a.reshape((24, 2, 12)), b.reshape((2, 6, 10))
    u = np.einsum("nkj,kij->nki", left, np.concatenate((right, right), axis=2)[:, :, 2:14]) / 12.0
    v = np.einsum("kij,nkj->kin", np.exp(right), left[:, :, 1:11]) / 10.0
    w = np.einsum("nki,kin->kn", u, v) + np.einsum("nki,kin->kn", np.cos(u), np.sin(v))
    return np.mean(np.einsum("kn,nkj,jk->j", w, left, a[:12, :2]) / 24.0)


@programs(matrix(4, 4), matrix(12, 4), argnums=(0, 1))
def a_stack_of_one_goes_with_every_matrix(a, b):
    return np.sum(np.einsum("kij,kjn->kin", a.reshape((1, 4, 4)), b.reshape((3, 4, 4))) ** 2)


test_programs = programs.test()


def test_the_factors_are_shared_and_used_again_by_the_sweep():
    found = dlsrc.value_and_grad(solve_matrix_and_logdet, argnums=(0, 1))
    found(A, B)
    assert found.source.count("lu_factors(a)") == 1
    assert found.source.count("lu_solve_t(") == 1


def test_a_singular_system_is_an_error_and_not_a_number():
    for f in (solve_vector, inverse_and_determinant):
        with np.testing.assert_raises(np.linalg.LinAlgError):
            dlsrc.grad(f)(*(np.ones((3, 3)), V)[: f.__code__.co_argcount])


SECOND = {
    "solve": lambda a: np.sum(np.linalg.solve(a, a.T @ V) ** 3),
    "inverse": lambda a: np.sum(np.linalg.inv(a) ** 3),
    "determinant": lambda a: np.linalg.det(a) ** 2 + np.linalg.slogdet(a)[1],
    "cholesky": lambda a: np.sum(np.linalg.cholesky(covariance(a)) ** 3),
    "triangular": lambda a: np.sum(sl.solve_triangular(a, V, lower=True) ** 3),
    "eigenvalues": lambda a: np.linalg.eigvalsh(covariance(a))[1] ** 3,
    "eigenvectors": lambda a: np.sum(np.linalg.eigh(covariance(a))[1] ** 3 * A),
    "singular": lambda a: np.sum(np.linalg.svd(a[:, :2], full_matrices=False)[0] ** 3 * A[:, :2]),
    "qr": lambda a: np.sum(np.linalg.qr(a)[0] ** 3) + np.sum(np.linalg.qr(a)[1] ** 2),
    "exponential": lambda a: np.sum(sl.expm(0.4 * a) ** 3),
    "stacks": lambda a: np.sum((a.reshape(1, 3, 3) @ np.exp(a).reshape(3, 3, 1)) ** 2),
    "least_squares": lambda a: np.sum(np.linalg.lstsq(a[:, :2], V, rcond=None)[0] ** 3),
}


@pytest.mark.parametrize("f", SECOND.values(), ids=SECOND)
def test_second_derivatives(f):
    """By differences of dlsrc's own first ones, in one direction."""
    def along(a, v):
        return np.sum(dlsrc.dlgradient(f(a), a, enable_higher_derivatives=True) * v)

    v = np.cos(np.arange(9.0)).reshape(3, 3)
    expected = derivative(lambda t: dlsrc.grad(f)(A + 0.2 * t * v)) / 0.2
    np.testing.assert_allclose(dlsrc.grad(along)(A, v), expected, rtol=0, atol=1e-9 * np.max(abs(expected)))


def minors(a):
    """The cofactors of a matrix, one determinant each."""
    n = len(a)
    return np.array([
        [(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(n)] for i in range(n)
    ]).reshape(n, n)  # fmt: skip


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 12])
def test_cofactors_of_singular_matrices(n):
    rng = np.random.default_rng(n)
    for rank in {max(n - 1, 0), max(n - 2, 0), 0}:
        a = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, n))
        large = np.linalg.svd(a)[1][:rank]
        size = np.prod(large) * np.max(large, initial=0.0) ** (n - 1 - rank) if n else 0.0
        np.testing.assert_allclose(singular_cofactors(a), minors(a), rtol=0, atol=1e-13 * size)
    whole = np.arange(float(n * n)).reshape(n, n)
    if n > 2:
        np.testing.assert_allclose(singular_cofactors(whole), minors(whole), rtol=0, atol=1e-12 * np.max(whole) ** 2)


def test_values_where_nothing_is_differentiable_are_numpys():
    singular = np.ones((3, 2))
    np.testing.assert_allclose(registry["pinv"](singular), np.linalg.pinv(singular), rtol=1e-14)
    assert registry["slogdet"](np.ones((3, 3))) == (0.0, -np.inf)
    assert registry["matrix_rank"](singular) == 1


def spectral_function(a):
    w, v = np.linalg.eigh(a)
    return np.sum(((v * np.exp(w)) @ v.T) * np.arange(9.0).reshape(3, 3))


def singular_vectors(a):
    return np.sum(np.linalg.svd(a, full_matrices=False)[0] * np.arange(8.0).reshape(4, 2) ** 2)


@compiled
@pytest.mark.parametrize("single", [False, True])
def test_pivots_whose_reciprocals_are_infinite(single):
    """Small systems are multiplied by the reciprocals of their pivots."""
    small, dtype = (1e-40, np.float32) if single else (1e-310, np.float64)
    a, b = np.diag(np.array([2.0, small, 1.0], dtype)), np.array([1.0, small, 0.0], dtype)
    value, (da, db) = dlsrc.value_and_grad(lambda a, b: b @ np.linalg.solve(a, b), argnums=(0, 1))(a, b)
    x = np.array([0.5, 1.0, 0.0])
    assert np.array_equal(np.linalg.solve(a, b), x) and value == 0.5
    assert np.array_equal(db, 2 * x) and np.array_equal(da, -np.outer(x, x)) and da.dtype == dtype


def test_the_sign_of_a_determinant_that_is_no_number():
    """A number divided by an infinite pivot is zero, and the matrix is not singular for that."""
    unbounded = np.array([[1.0, np.inf], [0.0, 2.0]])
    assert np.isnan(registry["slogdet"](unbounded)[0])
    assert np.isnan(registry["det"](unbounded))


def test_vectors_of_equal_or_vanishing_values_have_no_derivative():
    """Off the diagonal the gradient of the exponential is not zero: a convention would be a wrong answer."""
    for f, a in (
        (spectral_function, np.eye(3)), (singular_vectors, np.eye(4)[:, :2]),
        (singular_vectors, np.outer(np.arange(4.0), [1.0, 2.0])),
    ):
        with np.testing.assert_raises(np.linalg.LinAlgError):
            dlsrc.grad(f)(a)
