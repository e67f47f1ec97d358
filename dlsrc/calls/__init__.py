"""From a call to its compiled program: what it is of, how it is built, and the short way to it."""
