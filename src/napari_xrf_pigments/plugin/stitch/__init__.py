"""The Stitch dock: the sections of a painting joined into one scan."""
