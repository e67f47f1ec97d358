"""What `emit` is made of: names, places, lines."""
