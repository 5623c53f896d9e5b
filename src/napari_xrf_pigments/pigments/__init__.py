"""The pigment catalogue, mixtures that look alike, pigment selection and display names."""

from .catalogue import Pigment, ambiguity_groups, pigment, pigment_catalogue

__all__ = ["Pigment", "ambiguity_groups", "pigment", "pigment_catalogue"]
