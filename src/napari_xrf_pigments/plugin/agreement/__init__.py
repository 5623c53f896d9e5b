"""Agreement between a pigment map and the maps of its elements."""
