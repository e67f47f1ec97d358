"""hessian and hvp: values, structures, argnums, pickles; derivatives of derivatives of dlsrc's own making."""

import functools
import pickle

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_hess, rosen_hess_prod

import dlsrc
from dlsrc import adjoint_source, explain, grad, hessian, hvp, jacfwd, jacrev, stages, value_and_grad
from dlsrc.errors import DifferentiationError
from tests.oracle import assert_close, vector


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def valley(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def cube(x):
    return x**3


X = np.array([-1.0, 2.0])


@pytest.mark.compiled
def test_rosenbrock():
    assert hessian(rosenbrock)(X).tolist() == [[402.0, 400.0], [400.0, 200.0]]
    assert hvp(rosenbrock)(X, np.array([0.0, 1.0])).tolist() == [400.0, 200.0]


def test_against_scipy():
    x, v = vector(7), vector(7) - 1.0
    assert_close(hessian(valley)(x), rosen_hess(x))
    assert_close(hvp(valley)(x, v), rosen_hess_prod(x, v))
    assert_close(valley(x), rosen(x))


def test_numbers_give_floats():
    assert hessian(cube)(5.0) == 30.0 and isinstance(hessian(cube)(5.0), float)
    assert hvp(cube)(5.0, 2.0) == 60.0 and isinstance(hvp(cube)(5.0, 2.0), float)


def test_derivatives_of_derivatives():
    assert grad(grad(cube))(5.0) == 30.0
    assert grad(grad(grad(cube)))(5.0) == 6.0
    assert_close(jacrev(grad(rosenbrock))(X), hessian(rosenbrock)(X))
    assert_close(jacfwd(jacrev(rosenbrock))(X), hessian(rosenbrock)(X))
    third = jacfwd(hessian(rosenbrock))(X)
    assert third.tolist() == [[[-2400.0, -400.0], [-400.0, 0.0]], [[-400.0, 0.0], [0.0, 0.0]]]
    assert_close(grad(lambda x: np.sum(hvp(rosenbrock)(x, x)))(X), [2802.0, 1000.0])
    assert_close(grad(lambda x: np.sum(hessian(rosenbrock)(x)))(X), [-3200.0, -400.0])
    value, slope = grad(value_and_grad(cube), has_aux=True)(2.0)
    assert (value, slope) == (12.0, 12.0)


def test_several_arguments_and_containers():
    def f(a, b, tree):
        return a**2 * np.sum(b**3) * tree["c"] + np.sum(b) * a

    a, b = 1.5, vector(3)
    blocks = hessian(f, argnums=(0, 1))(a, b, {"c": 2.0})
    assert_close(blocks[0][0], 4.0 * np.sum(b**3))
    assert_close(blocks[0][1], 12.0 * a * b**2 + 1.0)
    assert_close(blocks[1][0], 12.0 * a * b**2 + 1.0)
    assert_close(blocks[1][1], np.diag(12.0 * a**2 * b))
    da, db = hvp(f, argnums=(0, 1))(a, b, {"c": 2.0}, 0.5, vector(3))
    assert_close(da, blocks[0][0] * 0.5 + blocks[0][1] @ vector(3))
    assert_close(db, blocks[1][0] * 0.5 + blocks[1][1] @ vector(3))
    tree = hessian(lambda p: p["a"] ** 2 * np.sum(p["b"] ** 2))({"a": a, "b": b})
    assert_close(tree["a"]["a"], 2 * np.sum(b**2))
    assert_close(tree["b"]["a"], 4 * a * b)
    assert_close(tree["b"]["b"], 2 * a**2 * np.eye(3))


def test_matrices_have_blocks():
    x = vector(2, 3)
    found = hessian(lambda x: np.sum(x @ x.T) * x[0, 1])(x)
    assert found.shape == (2, 3, 2, 3)
    flat = hessian(lambda v: np.sum(np.reshape(v, (2, 3)) @ np.reshape(v, (2, 3)).T) * v[1])(x.ravel())
    assert_close(found.reshape(6, 6), flat)
    assert_close(flat, flat.T)


def test_has_aux_partial_and_methods():
    def f(k, x):
        return k * np.sum(x**3), x + 1.0

    bound = functools.partial(f, 2.0)
    found, aux = hessian(bound, has_aux=True)(X)
    assert_close(found, np.diag(12 * X))
    assert_close(aux, X + 1.0)
    found, aux = hvp(bound, has_aux=True)(X, X)
    assert_close(found, 12 * X**2)

    class Model:
        scale = 3.0

        def loss(self, x):
            return self.scale * np.sum(x**4)

    assert_close(hessian(Model().loss)(X), np.diag(36 * X**2))
    model = Model()
    assert_close(grad(lambda x: np.sum(hvp(model.loss)(x, x)))(X), 108 * X**2)


def test_the_function_may_write_to_its_argument():
    def writes(x):
        x[0] = x[0] * x[1]
        return np.sum(x**3)

    x = np.array([1.0, 2.0])
    assert_close(hessian(writes)(x), [[48.0, 36.0], [36.0, 24.0]])
    assert_close(hvp(writes)(x, np.array([1.0, 0.0])), [48.0, 36.0])
    assert x.tolist() == [1.0, 2.0]


def test_hvp_forms_no_matrix():
    n = 100_000
    v = np.linspace(-1.0, 1.0, n)
    assert_close(hvp(lambda x: np.sum(x[1:] * x[:-1] ** 2))(np.ones(n), v)[1:-1], 2 * (v[2:] + v[1:-1] + v[:-2]))


@pytest.mark.compiled
def test_a_least_squares_problem():
    """Compiled once, whatever the number of variables: 2 * kron(C.T @ C, I)."""
    def residual(s, c, d):
        return np.sum((c @ s.reshape(c.shape[1], d.shape[1]) - d) ** 2)

    second = hessian(residual)
    for n in (49, 76, 211):
        c, d = vector(20, n) - 1.0, vector(20, 2)
        assert_close(second(np.ones(2 * n), c, d), 2 * np.kron(c.T @ c, np.eye(2)))
    assert len(second.runner.cache) == 1


def test_scipy_minimizes_with_it():
    f = value_and_grad(valley)
    start = np.zeros(6)
    for method, options in (("trust-ncg", {"hessp": hvp(valley)}), ("trust-exact", {"hess": hessian(valley)}),
                            ("Newton-CG", {"hessp": hvp(valley)})):
        found = minimize(f, start, jac=True, method=method, **options)
        assert_close(found.x, np.ones(6), 1e-4)


def test_pickles_names_and_texts():
    for made in (hessian(cube), hvp(cube, 0), grad(grad(cube))):
        again = pickle.loads(pickle.dumps(made))
        assert repr(again) == repr(made) and again.__name__ == "cube"
    assert pickle.loads(pickle.dumps(grad(grad(cube))))(5.0) == 30.0
    assert repr(hvp(cube)) == "hvp(cube)" and repr(hessian(cube, argnums=(0,))) == "hessian(cube, argnums=(0,))"
    assert "6.0 * x" in adjoint_source(grad(grad(cube)), 5.0)
    assert "tdx" in adjoint_source(hvp(rosenbrock), X, X)
    assert list(stages(grad(grad(cube)), 5.0)) == [
        "normalize", "bounds", "order 1", "assemble", "simplify",
    ]
    assert str(explain(hessian(valley), vector(3)))
    made = hvp(rosenbrock)
    made.warm(X, X)
    misses = made.runner.cache.misses
    made.compile("float64[:]", "float64[:]")
    assert made(X, X).shape == (2,) and made.runner.cache.misses == misses
    assert "def rosenbrock" in made.source


def test_recreated_lambdas_compile_once():
    def use(x):
        return grad(grad(lambda y: y**3))(x), hessian(lambda y: y**4)(x)

    assert use(2.0) == (12.0, 48.0)
    before = grad(grad(lambda y: y**3))
    assert use(3.0) == (18.0, 108.0)
    assert before(2.0) == 12.0


def test_what_is_refused():
    with pytest.raises(DifferentiationError, match="scalar"):
        hessian(lambda x: x * 2)(X)
    with pytest.raises(TypeError, match="argnums"):
        hessian(rosenbrock, argnums=2)(X)
    with pytest.raises(ValueError, match="tangent"):
        hvp(rosenbrock)(X, np.ones(3))
    with pytest.raises(TypeError):
        dlsrc.grad(dlsrc.vjp(cube, 2.0)[1])


def test_float32():
    x = np.array([0.5, 1.5], np.float32)
    found = hessian(lambda x: np.sum(x**3) * x[0])(x)
    assert found.dtype == np.float32
    assert_close(found, [[12 * 0.25, 3 * 2.25], [3 * 2.25, 6 * 1.5 * 0.5]], 1e-6)
