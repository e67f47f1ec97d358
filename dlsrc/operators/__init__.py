"""Derivatives beside `grad`: products, Jacobians, second ones, rules of the user's own; in ``@njit`` too."""
