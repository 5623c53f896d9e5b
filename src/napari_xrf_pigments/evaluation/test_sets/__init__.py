"""Independent labelled test sets, simulated with fisx instead of the physics of this package."""
