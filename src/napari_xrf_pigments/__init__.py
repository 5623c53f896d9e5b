"""Pigment maps of paintings from macro X-ray fluorescence (XRF) scans.

The public names are loaded on first use, so that importing the package costs
next to nothing: no torch, no dask, no Qt.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .calibration.anode import with_estimated_anode
    from .calibration.automatic import calibrated
    from .cube import Acquisition, ElementMaps, EnergyAxis, PigmentMaps, XRFCube
    from .io import open_cube
    from .mapping import map_elements, map_pigments
    from .network import predict_spectra
    from .simulation import simulate_scan

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
    "with_estimated_anode",
]

_HOME = {
    "Acquisition": ".cube",
    "ElementMaps": ".cube",
    "EnergyAxis": ".cube",
    "PigmentMaps": ".cube",
    "XRFCube": ".cube",
    "calibrated": ".calibration.automatic",
    "map_elements": ".mapping",
    "map_pigments": ".mapping",
    "open_cube": ".io",
    "predict_spectra": ".network",
    "simulate_scan": ".simulation",
    "with_estimated_anode": ".calibration.anode",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("napari-xrf-pigments")
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
