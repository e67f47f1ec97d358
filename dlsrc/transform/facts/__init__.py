"""What is known of a program: where things stand, which arrays are one, what has one shape."""
