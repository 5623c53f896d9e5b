"""Results as napari layers and back; the only package that adds layers or reads their metadata."""
