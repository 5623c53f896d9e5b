from .calibration.anode import with_estimated_anode
from .calibration.automatic import calibrated
from .cube import Acquisition, ElementMaps, EnergyAxis, PigmentMaps, XRFCube
from .inversion import verify_spectrum
from .io import open_cube
from .mapping import map_elements, map_pigments
from .network import predict_spectra
from .simulation import simulate_scan

__version__: str
__all__ = [
    "Acquisition",
    "ElementMaps",
    "EnergyAxis",
    "PigmentMaps",
    "XRFCube",
    "calibrated",
    "map_elements",
    "map_pigments",
    "open_cube",
    "predict_spectra",
    "simulate_scan",
    "verify_spectrum",
    "with_estimated_anode",
]
