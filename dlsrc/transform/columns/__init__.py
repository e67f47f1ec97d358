"""Lists while a program is built: those that grow, and those of equal items.  Of `normalize`."""
