"""The same numbers by a shorter program.  Of `simplify` and `differentiate`."""
