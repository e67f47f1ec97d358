"""Random programs of the whole language, differentiated and judged: ``python -m tests.fuzz --programs 500 --seed 1``.

``tables`` is the grammar, ``writer`` writes the program of a seed, ``judge`` runs it and tells how it ended,
``rewrite`` changes it in ways that must not matter, ``shrink`` makes a failure small, ``__main__`` is the command.
"""
