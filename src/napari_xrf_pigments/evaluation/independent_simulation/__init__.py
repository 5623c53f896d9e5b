"""Simulate labelled spectra for evaluation with fisx, independently of this package's physics."""
