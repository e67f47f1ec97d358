"""How each peer turns an objective into a call that gives value and gradient.  All imports are late: extras."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks.task import Peer

__all__ = ["with_autograd", "with_casadi", "with_jax", "with_torch"]


def numbers(value: Any, gradients: Any) -> tuple[float, tuple[np.ndarray, ...]]:
    gradients = gradients if isinstance(gradients, tuple | list) else (gradients,)
    return float(np.asarray(value).reshape(())), tuple(np.asarray(g, dtype=float) for g in gradients)


def with_jax(formulate: Callable[[], Callable], wrt: int | tuple[int, ...] = 0, static: tuple[int, ...] = ()) -> Peer:
    """``formulate()`` imports what it needs and gives the objective; it is jitted, in float64."""

    def build(args: tuple):
        import jax

        jax.config.update("jax_enable_x64", True)
        call = jax.jit(jax.value_and_grad(formulate(), wrt), static_argnums=static)
        args = tuple(a if i in static else jax.device_put(a) for i, a in enumerate(args))
        return lambda: jax.block_until_ready(call(*args)), lambda result: numbers(*result)

    return build


def with_torch(formulate: Callable[[], Callable], wrt: int | tuple[int, ...] = 0) -> Peer:
    """Eager PyTorch on one thread; its compiler needs a C++ toolchain at run time and is left out."""

    def build(args: tuple):
        import torch

        torch.set_num_threads(1)
        f = formulate()
        # A copy: PyTorch would share the memory of the arrays.
        tensors = [torch.tensor(a) if isinstance(a, np.ndarray) else a for a in args]
        targets = [tensors[i].requires_grad_() for i in ((wrt,) if isinstance(wrt, int) else wrt)]

        def call():
            value = f(*tensors)
            return value, torch.autograd.grad(value, targets)

        return call, lambda result: numbers(result[0].detach(), tuple(g.numpy() for g in result[1]))

    return build


def with_autograd(formulate: Callable[[], Callable], wrt: int | tuple[int, ...] = 0) -> Peer:
    """HIPS autograd: the objective on ``autograd.numpy``."""

    def build(args: tuple):
        from autograd import value_and_grad

        derived = value_and_grad(formulate(), wrt)
        return lambda: derived(*args), lambda result: numbers(*result)

    return build


def with_casadi(formulate: Callable[[], Callable], wrt: tuple[int, ...] = (0,), constants: tuple[int, ...] = ()) -> Peer:
    """CasADi: ``formulate()`` gives a function of symbols, MX; ``constants`` are arguments passed as they are."""

    def build(args: tuple):
        import casadi

        symbols = [
            a if i in constants else casadi.MX.sym(f"x{i}", *np.atleast_2d(np.transpose(np.atleast_2d(a))).shape)
            for i, a in enumerate(args)
        ]
        value = formulate()(*symbols)
        outputs = [value] + [casadi.gradient(value, symbols[i]) for i in wrt]
        inputs = [s for i, s in enumerate(symbols) if i not in constants]
        function = casadi.Function("gradient", inputs, outputs)
        values = [casadi.DM(np.transpose(np.atleast_2d(a))) for i, a in enumerate(args) if i not in constants]

        def read(result):
            gradients = tuple(np.asarray(g).T.reshape(np.shape(args[i])) for g, i in zip(result[1:], wrt, strict=True))
            return numbers(float(result[0]), gradients)

        return lambda: function(*values), read

    return build
