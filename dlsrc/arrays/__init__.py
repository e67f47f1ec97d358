"""What a dlarray may hold, its labels, and what NumPy's functions do with them."""
