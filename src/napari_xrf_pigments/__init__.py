"""Pigment maps of paintings from macro X-ray fluorescence (XRF) scans.

The public names are loaded on first use, so that importing the package costs
next to nothing: no torch, no dask, no Qt.
"""

from importlib.metadata import version

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = version("napari-xrf-pigments")
