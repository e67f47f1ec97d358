"""A helper of the user's, spliced in twice."""

# ruff: noqa

import numpy as np

def softplus(v):
    return np.log(1.0 + np.exp(v))


def helper(x):
    return softplus(x[0]) * softplus(x[1])


ARGUMENTS = (np.array([1.0, 2.0]),)

# --- generated: python -m tests.golden --update; every change below is reviewed by eye
