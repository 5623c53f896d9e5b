"""Labelled spectra and sample scans from random paintings and instruments."""

from .catalogue import Pigment, ambiguity_groups, pigment, pigment_catalogue

__all__ = ["Pigment", "ambiguity_groups", "pigment", "pigment_catalogue"]
