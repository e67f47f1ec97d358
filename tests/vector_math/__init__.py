"""The elementary functions of ``dlsrc.kernels.vector_math``: their coefficients, their errors."""
