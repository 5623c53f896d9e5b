from .acquisition import Acquisition, Detector
from .chunks import choose_chunks, choose_pieces
from .cube import Source, XRFCube
from .energy import EnergyAxis
from .maps import ElementMaps, PigmentMaps, combine_maps

__all__ = [
    "Acquisition",
    "Detector",
    "ElementMaps",
    "EnergyAxis",
    "PigmentMaps",
    "Source",
    "XRFCube",
    "choose_chunks",
    "choose_pieces",
    "combine_maps",
]
