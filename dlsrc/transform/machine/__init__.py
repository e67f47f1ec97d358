"""What `compile` is made of: kernels linked, and numba's compiler told to write less."""
