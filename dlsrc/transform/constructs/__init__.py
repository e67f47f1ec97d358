"""A file for each kind of syntax: what becomes of it in the program.  Of `normalize`."""
