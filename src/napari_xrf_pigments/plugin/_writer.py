"""The writer in napari's File menu: all results of a scan in one file."""

from __future__ import annotations

from typing import Any

from .layers.metadata import results_of_metadata


def write_results(path: str, layer_data: list[tuple[Any, dict[str, Any], str]]) -> list[str]:
    """Save the maps that layers show, and all other results of their scan.

    Parameters
    ----------
    path : str
        ``.zarr`` or ``.h5``.
    layer_data : list of layer data tuples
        Layers of one scan.

    Returns
    -------
    list of str
        The path written.

    Raises
    ------
    RuntimeError
        If the layers show no results.
    """
    from ..io import save_results

    elements, pigments = results_of_metadata(meta["metadata"] for _, meta, _ in layer_data)
    if elements is None and pigments is None:
        # With a ValueError, napari would try other writers.
        raise RuntimeError("These layers are not elemental or pigment maps; map the scan first.")
    save_results(path, elements=elements, pigments=pigments)
    return [path]
