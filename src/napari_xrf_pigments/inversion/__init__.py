"""Layered paint fitted to measured spectra with the differentiable forward model."""
