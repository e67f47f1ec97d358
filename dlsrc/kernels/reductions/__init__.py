"""Extrema, norms, running sums, statistics."""
