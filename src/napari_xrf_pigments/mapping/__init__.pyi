from ._element_plan import ElementPlan, plan_elements
from .elements import ElementTile, iter_element_tiles, map_elements
from .pigments import PigmentTile, iter_pigment_tiles, map_pigments

__all__ = [
    "ElementPlan",
    "ElementTile",
    "PigmentTile",
    "iter_element_tiles",
    "iter_pigment_tiles",
    "map_elements",
    "map_pigments",
    "plan_elements",
]
