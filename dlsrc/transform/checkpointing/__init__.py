"""Loops that are run again on the way back: which may, in which segments, and how they are swept."""
