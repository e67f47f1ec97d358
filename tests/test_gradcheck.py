"""The checker is itself checked: each fault that it must find is planted, one at a time."""

import numpy as np
import pytest

from dlsrc.kernels.declaring import gradcheck
from dlsrc.kernels.declaring.differences import derivative
from dlsrc.kernels.primitive import Composite, Primitive, kink, real, rejects, sample
from dlsrc.kernels.types import Array, Scalar


def declared(body, *functions, static=(), elementwise=False, floats=False, boolean=False, view=False):
    """A primitive that is not in the registry."""
    return Primitive(
        body, functions, static=static, elementwise=elementwise, floats=floats, boolean=boolean, view=view,
        effect=False, methods=(), attributes=(),
    )


def cube(value=lambda x: x**3, rule=lambda dy, x: dy * (3 * x * x), cases=None):
    """The cube of one element: right unless an argument says otherwise."""
    p = declared(value, lambda x: x**3, elementwise=True)
    p.adjoint("x")(rule)
    p.samples(*(cases or (sample(0.3), sample(real(2, 3)))))
    return p


def scale(value=lambda x: 2.0 * x, rule=lambda dy: 2.0 * dy, result=lambda x: x, view=False):
    """Twice an array: right unless an argument says otherwise."""
    p = declared(value, lambda x: 2.0 * x, view=view)
    p.result(result)
    p.adjoint("x")(rule)
    p.samples(sample(real(3)), sample(real(2, 3).T))
    return p


def finds(p, words):
    found = gradcheck.check(p)
    assert any(words in failure for failure in found), found


def fails(p, words):
    found = gradcheck.check(p)
    assert found, "the fault was not found"
    assert all(words in failure for failure in found), found


def test_right_declarations_pass():
    assert gradcheck.check(cube()) == []
    assert gradcheck.check(scale()) == []


# ---------------------------------------------------------------------------------- values


def test_a_wrong_value():
    fails(cube(value=lambda x: x**3 + 1e-6), "the value is")


def test_a_wrong_shape():
    finds(scale(value=lambda x: 2.0 * x[:1]), "the value has shape")


def test_nan_is_not_forgiven():
    fails(scale(value=lambda x: x * np.nan), "the value is")


def test_an_error_in_the_body():
    fails(cube(value=lambda x: x.missing), "raised AttributeError")


def test_a_changed_argument():
    def value(x):
        y = 2.0 * x
        x[0] = 0.0
        return y

    finds(scale(value=value), "an argument was changed")


def test_shared_memory():
    p = declared(lambda x: x[:2])
    p.result(lambda x: x)
    p.adjoint("x")(lambda dy, x_shape: np.concatenate((dy, np.zeros(x_shape[0] - 2, dy.dtype))))
    p.samples(sample(real(3)))
    fails(p, "the value shares memory")
    p.view = True
    assert gradcheck.check(p) == []


# ---------------------------------------------------------------------------------- types


def test_a_wrong_result_rule():
    fails(scale(result=lambda x: Array("float64", x.ndim + 1)), "the result rule promises")
    fails(scale(result=lambda x: Scalar("float64")), "the result rule promises")


def test_a_result_wider_than_numpys():
    p = scale(value=lambda x: np.float64(2) * x, result=lambda x: Array("float64", x.ndim))
    fails(p, "of float32 NumPy gives float32")


def test_a_result_narrower_than_promised():
    fails(scale(value=lambda x: (2.0 * x).astype("f4")), "the value is")


def test_an_element_of_another_dtype_than_promised():
    fails(cube(value=lambda x: np.float64(x) ** 3), "promised is float32")


# ---------------------------------------------------------------------------------- adjoints


@pytest.mark.parametrize("fault", [1.001, 1 + 1e-6, -1.0, 0.0])
def test_a_wrong_factor(fault):
    fails(cube(rule=lambda dy, x: fault * (dy * (3 * x * x))), "the derivative by x")
    fails(scale(rule=lambda dy: fault * 2.0 * dy), "the derivative by x")


def test_a_wrong_place():
    fails(scale(rule=lambda dy: 2.0 * dy[::-1].copy()), "the derivative by x")


def test_a_zero_that_is_not_one():
    p = declared(lambda x: x**3, lambda x: x**3, elementwise=True)
    p.zero("x")
    p.samples(sample(0.3))
    fails(p, "the derivative by x is 0.0")


def test_the_other_argument():
    p = declared(lambda a, b: a / b, np.divide, elementwise=True)
    p.adjoint("a")(lambda dy, b: dy / b)
    p.adjoint("b")(lambda dy, b, y: dy / b * y)
    p.samples(sample(real(3), real(2, 3)))
    fails(p, "the derivative by b")


def test_an_adjoint_that_is_not_linear():
    finds(cube(rule=lambda dy, x: dy * (3 * x * x) + 1e-7 * dy * dy), "not linear")


def test_an_adjoint_that_is_not_zero_for_zero():
    finds(cube(rule=lambda dy, x: dy * (3 * x * x) + 1e-12), "not zero for dy = 0")


def test_a_cotangent_of_another_shape():
    fails(scale(rule=lambda dy: np.sum(2.0 * dy)), "the cotangent of")


def test_a_cotangent_of_another_dtype():
    fails(scale(rule=lambda dy: np.float64(2.0) * dy), "the cotangent of a float32 x is float64")
    fails(cube(rule=lambda dy, x: dy * (np.float64(3) * x * x)), "promised is float32")


def test_an_adjoint_that_changes_dy():
    def rule(dy):
        dx = 2.0 * dy
        dy[0] = 0.0
        return dx

    finds(scale(rule=rule), "changed an argument or dy")


def test_an_adjoint_that_changes_an_argument():
    def rule(dy, x):
        x[0] = 0.0
        return 2.0 * dy

    finds(scale(rule=rule), "changed an argument or dy")


def test_an_adjoint_that_returns_dy():
    p = declared(lambda x: x + 1.0, lambda x: x + 1.0)
    p.result(lambda x: x)
    p.adjoint("x")(lambda dy: dy)
    p.samples(sample(real(3)))
    fails(p, "shares memory")


# ---------------------------------------------------------------------------------- promises


def test_a_broken_promise_at_a_kink():
    p = declared(lambda x: abs(x), np.abs, elementwise=True)
    p.adjoint("x")(lambda dy, x: dy if x >= 0 else -dy)
    p.samples(sample(0.3), kink(0.0, expect={"x": 0.0}))
    fails(p, "the derivative by x is 1.0, promised is 0.0")


def test_a_wrong_value_at_a_kink():
    p = cube(value=lambda x: x**3 if x else 1.0 + x, cases=[sample(0.3), kink(0.0, expect={"x": 0.0})])
    fails(p, "the value is")


def test_a_refusal_that_does_not_come():
    p = cube(cases=[sample(0.3), rejects(0.5, error=ValueError)])
    fails(p, "did not raise ValueError")


def test_a_refusal_of_another_kind():
    p = cube(cases=[sample(0.3), rejects(real(3), real(2), error=IndexError)])
    fails(p, "raised ValueError and not IndexError")


def test_a_composite_with_a_wrong_value():
    p = Composite(lambda x: x + 1e-6, (np.positive,), methods=(), attributes=())
    p.samples(sample(real(3)))
    fails(p, "the value is")


# ---------------------------------------------------------------------------------- compiled


def test_compiled_code_is_compared():
    def wrong(found, static):
        function = found.body if isinstance(found, Primitive) else found
        return lambda *args: 1.001 * function(*args, **static)

    found = gradcheck.check(scale(), jit=wrong)
    assert any("the compiled value" in failure for failure in found)
    assert any("the compiled adjoint of x" in failure for failure in found)


# ---------------------------------------------------------------------------------- differences


@pytest.mark.parametrize(
    ("curve", "slope"),
    [
        (np.sin, 1.0),
        (lambda h: np.exp(30 * h), 30.0),
        (lambda h: np.log(0.01 + h), 100.0),
        (lambda h: abs(h - 0.03), -1.0),
        (lambda h: np.maximum(h, -0.001), 1.0),
        (lambda h: np.floor(0.9 + h), 0.0),
    ],
)
def test_differences_are_precise(curve, slope):
    """Also where a step is too long: out of the domain, over a kink, over a jump."""
    with np.errstate(all="ignore"):
        assert abs(derivative(curve) - slope) <= 1e-9 * max(1.0, abs(slope))


def test_a_failure_names_the_call():
    failure = gradcheck.check(cube(rule=lambda dy, x: dy))[0]
    assert failure.startswith("<lambda>(0.3): the derivative by x is")
