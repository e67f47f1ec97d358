"""The workshop: names, bindings, arguments, typed operations.  Of `normalize`."""
