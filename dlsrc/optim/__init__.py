"""Derivatives in the form that other optimizers ask for.

SciPy and iminuit take what `dlsrc.value_and_grad` and `dlsrc.grad` give as it is.  Others want the gradient
written into a buffer of theirs, or an object with methods of fixed names: these are made here.  None of the
libraries is imported.
"""

from .buffers import for_nlopt

__all__ = ["for_nlopt"]
