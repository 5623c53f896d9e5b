from .calibration.anode import with_estimated_anode
from .calibration.automatic import calibrated
from .cube import Acquisition, ElementMaps, EnergyAxis, PigmentMaps, XRFCube
from .inversion import verify_spectrum
from .io import load_results, open_cube, save_cube, save_results
from .mapping import map_elements, map_pigments
from .mapping.distributed import map_elements_on_cluster, map_pigments_on_cluster
from .network import Predictor, predict_spectra
from .pigments.selection import Palette, select_pigments
from .reporting.detection import Finding, find_pigments
from .simulation import simulate_scan
from .simulation.scan import ScanTruth
from .training.fine_tuning.annotations import Annotation, extract_annotations
from .training.fine_tuning.fit import fine_tune
from .training.fine_tuning.weights import FineTunedNetwork, save_fine_tuned

__version__: str
__all__ = [
    "Acquisition",
    "Annotation",
    "ElementMaps",
    "EnergyAxis",
    "Finding",
    "FineTunedNetwork",
    "Palette",
    "PigmentMaps",
    "Predictor",
    "ScanTruth",
    "XRFCube",
    "calibrated",
    "extract_annotations",
    "find_pigments",
    "fine_tune",
    "load_results",
    "map_elements",
    "map_elements_on_cluster",
    "map_pigments",
    "map_pigments_on_cluster",
    "open_cube",
    "predict_spectra",
    "save_cube",
    "save_fine_tuned",
    "save_results",
    "select_pigments",
    "simulate_scan",
    "verify_spectrum",
    "with_estimated_anode",
]
