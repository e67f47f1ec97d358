"""Logging and warnings in the objective: what the plain function tells, compiled code tells too."""

import logging
import warnings

import numpy as np
import pytest

from dlsrc import grad
from dlsrc.errors import UnsupportedSyntax
from tests.oracle import vector

log = logging.getLogger(__name__)


def told(x):
    s = np.sum(x**2)
    if s > 1.0:
        warnings.warn(f"large: {s:.2f}", RuntimeWarning)
        log.warning("large %s of %d", s, len(x))
    for k in range(2):
        log.info("x[%d] = %.3f", k, x[k])
    log.debug("never shown {}")
    logging.error("done: 100%")
    return s


@pytest.mark.compiled
def test_what_is_told(caplog):
    x = vector(3)

    def records(f):
        caplog.clear()
        with caplog.at_level(logging.INFO), pytest.warns(RuntimeWarning) as caught:
            f(x)
        return caplog.record_tuples, [(w.category, str(w.message)) for w in caught]

    expected = records(told)
    assert len(expected[0]) == 4
    gradient = grad(told)
    assert records(gradient) == expected
    assert records(gradient) == expected
    with pytest.warns(RuntimeWarning):
        np.testing.assert_allclose(gradient(x), 2.0 * x)


def test_what_cannot_be_told():
    class Own(UserWarning):
        pass

    def own_class(x):
        warnings.warn("x", Own)
        return x

    def with_info(x):
        log.warning("x", exc_info=True)
        return x

    def other(x):
        log.setLevel(10)
        return x

    for f, text in ((own_class, "built-in class"), (with_info, "exc_info"), (other, "`setLevel` of a logger")):
        with pytest.raises(UnsupportedSyntax, match=text):
            grad(f)(1.5)
