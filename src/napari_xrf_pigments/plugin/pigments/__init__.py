"""The Pigments dock: probability maps and their list."""
