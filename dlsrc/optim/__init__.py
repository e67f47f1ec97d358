"""Derivatives in the form that other optimizers ask for.

SciPy and iminuit take what `dlsrc.value_and_grad`, `dlsrc.grad` and `dlsrc.jacobian` give as it is.  Others
want the gradient written into a buffer of theirs, or parameters that have names: these are made here.  None
of the libraries is imported.
"""

from .buffers import for_nlopt
from .named import for_lmfit

__all__ = ["for_lmfit", "for_nlopt"]
