"""Products, systems of equations, factorisations, polynomials."""
