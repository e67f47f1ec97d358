"""Calls: of primitives, of the user's functions, of Python's own.  Of `normalize`."""
