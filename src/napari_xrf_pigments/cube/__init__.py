"""The data model: a scan (:class:`XRFCube`) and the maps made from it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
