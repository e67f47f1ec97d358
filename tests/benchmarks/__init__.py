"""dlsrc beside adjoints written by hand and beside its peers, in one run on one core.

``python -m tests.benchmarks`` prints a table of ratios; names of tasks and ``--peers`` choose from it.
"""
