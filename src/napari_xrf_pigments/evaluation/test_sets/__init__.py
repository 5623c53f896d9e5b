"""Independent labelled test sets, simulated with fisx instead of the own physics."""
