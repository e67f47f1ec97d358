"""Layers, losses and solvers of networks."""
