"""Training loops: searches, data and progress."""
