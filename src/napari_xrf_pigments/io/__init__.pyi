from ._reader import SLOW_FORMAT
from ._registry import can_open, open_cube, scan_path
from .describe import describe
from .element_maps import is_maps, load_maps
from .point_spectra import PointSpectra, PointSpectrum, read_point_spectra
from .results import is_results, load_results, save_results
from .scans import save_cube

__all__ = [
    "SLOW_FORMAT",
    "PointSpectra",
    "PointSpectrum",
    "can_open",
    "describe",
    "is_maps",
    "is_results",
    "load_maps",
    "load_results",
    "open_cube",
    "read_point_spectra",
    "save_cube",
    "save_results",
    "scan_path",
]
