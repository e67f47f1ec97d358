"""What goes wrong while a program runs, told in terms of the user's lines."""
