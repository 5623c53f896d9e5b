"""Labelled spectra and sample scans from random paintings and instruments."""

from .catalogue import Pigment, ambiguity_groups, pigment, pigment_catalogue
from .scan import ScanTruth, simulate_scan

__all__ = [
    "Pigment",
    "ScanTruth",
    "ambiguity_groups",
    "pigment",
    "pigment_catalogue",
    "simulate_scan",
]
