"""What only generated text calls: memory, tapes, tests of indices."""
