"""Nests of containers: what they are, as columns, and as one vector."""
