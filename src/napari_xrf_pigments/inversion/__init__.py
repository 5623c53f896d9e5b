"""Layered paint fitted to a spectrum through the differentiable simulation."""
