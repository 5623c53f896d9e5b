"""The Register dock: registration of images onto a scan by control points."""
