from ._store import has_tiles, is_unfinished, remove_unfinished
from .elements import (
    ElementPlan,
    ElementTile,
    iter_element_tiles,
    map_elements,
    plan_elements,
)
from .pigments import PigmentTile, iter_pigment_tiles, map_pigments
from .verification import fit_scan_instrument, verify_regions

__all__ = [
    "ElementPlan",
    "ElementTile",
    "PigmentTile",
    "fit_scan_instrument",
    "has_tiles",
    "is_unfinished",
    "iter_element_tiles",
    "iter_pigment_tiles",
    "map_elements",
    "map_pigments",
    "plan_elements",
    "remove_unfinished",
    "verify_regions",
]
