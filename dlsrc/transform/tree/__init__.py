"""From a live function to its tree: text, syntax, no jumps.  Of `source` and `parse`."""
