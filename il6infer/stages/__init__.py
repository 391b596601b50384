"""What stages hand on: the files that one writes and another reads."""
