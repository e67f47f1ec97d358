"""Functions that call themselves, as loops.  Of `normalize`."""
