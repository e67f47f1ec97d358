"""Derivatives to be read: text, forms, costs; in a terminal and in a notebook."""
