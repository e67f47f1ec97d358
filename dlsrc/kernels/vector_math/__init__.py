"""Elementary functions in pure arithmetic, of which LLVM makes vector instructions.

numba calls the C library for each ``exp`` or ``tanh`` in a loop.  Each function here takes a number (``pow``
two), has no branch (a choice is between two numbers that are both there) and calls nothing that cannot stand
in the loop itself, so that LLVM calculates four or eight elements at a time.  What only few numbers need is
another kernel, called for these (``far``).  As plain Python they run, too.

Each has two forms: ``exp_double`` of a float64, and ``exp_single`` of a float32, calculated in float64 with
shorter polynomials.  They are within 2 units in the last place (tan, tanh, erf, pow: 4) of the true value
over the whole range, and have the C library's values at zeros, infinities and NaN; ``python -m tests.ulps``
measures this.  Their polynomials are made by ``python -m tests.vector_math.coefficients``.

Some functions of numbers that are calculated in turn, each from the last, are better left to the C library,
which is faster at one number (``transform.machine.vectors``).
"""
