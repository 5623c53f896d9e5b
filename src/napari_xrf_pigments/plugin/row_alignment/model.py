"""Odd rows moved into place: which maps tell by how much, and corrected copies (no Qt)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..layers.sync import counts_layer_data
from ..state.totals import TotalCounts

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_xrf_pigments.mapping.registration.row_alignment import Sawtooth

    from ..state.scan import Scan

#: Maps that do not say where a pixel of the scan lies.
_NOT_MAPS = {"aligned", "preview", "marker", "agreement", "joined"}


def telling_maps(scan: Scan) -> NDArray[np.float32]:
    """Maps of a scan from which its sawtooth is estimated, shape (map, y, x)."""
    if scan.elements is not None and len(scan.elements.names):
        return np.asarray(scan.elements.counts)
    return np.asarray(scan.totals.image)[None]


def sentence_of(found: Sawtooth) -> str:
    """What was estimated, in words."""
    if not found.found:
        return (
            f"No sawtooth stands out: {found.shift:+.2f} ± {found.sigma:.2f} pixels between odd "
            "and even rows."
        )
    return (
        f"Odd rows lie {abs(found.shift):.2f} ± {found.sigma:.2f} pixels too far "
        f"{'right' if found.shift > 0 else 'left'}; moving them raises their correlation with "
        f"the rows beside them from {found.before:.3f} to {found.after:.3f}."
    )


def scan_maps(viewer: Viewer, scan: Scan, visible_only: bool = True) -> list[Image]:
    """Layers that show maps of the scan with a value for each of its pixels."""
    return [
        layer
        for layer in viewer.layers
        if layer.metadata.get("xrf_scan") is scan
        and layer.metadata.get("xrf_map", ("",))[0] not in _NOT_MAPS
        and type(layer).__name__ == "Image"
        and tuple(layer.data.shape[:2]) == scan.cube.shape[:2]
        and not layer.rgb
        and (layer.visible or not visible_only)
    ]


def show_preview(viewer: Viewer, scan: Scan, layer: Image, shift: float) -> Image:
    """A map with its odd rows moved, over the map itself."""
    from napari_xrf_pigments.mapping.registration.row_alignment import align_rows

    data = align_rows(layer.data, shift)
    key = ("preview", "sawtooth")
    for other in viewer.layers:
        if other.metadata.get("xrf_map") == key and other.metadata.get("xrf_scan") is scan:
            other.data = data
            return other
    return _copy(viewer, scan, layer, data, "Preview of aligned rows", key, shift)


def drop_preview(viewer: Viewer, scan: Scan) -> None:
    """Remove the preview."""
    for layer in list(viewer.layers):
        if layer.metadata.get("xrf_map") == ("preview", "sawtooth"):
            if layer.metadata.get("xrf_scan") is scan:
                viewer.layers.remove(layer)


def add_aligned(viewer: Viewer, scan: Scan, layers: Iterable[Image], shift: float) -> list[Image]:
    """Corrected copies of maps; the maps themselves are hidden, not changed."""
    from napari_xrf_pigments.mapping.registration.row_alignment import align_rows

    added = []
    for layer in layers:
        kind, name = layer.metadata["xrf_map"]
        data = align_rows(layer.data, shift)
        key = ("aligned", f"{kind} {name}")
        added.append(_copy(viewer, scan, layer, data, f"{layer.name}, rows aligned", key, shift))
        layer.visible = False
    return added


def aligned_scan(scan: Scan, shift: float) -> tuple[Any, dict[str, Any]]:
    """Layer data and settings of a scan with corrected counts."""
    from napari_xrf_pigments.mapping.registration.row_alignment import aligned_cube

    cube = aligned_cube(scan.cube, shift)
    data, settings, _ = counts_layer_data(cube, TotalCounts(cube), f"{scan.name}, rows aligned")
    settings["metadata"]["xrf_sawtooth"] = shift
    return data, settings


def _copy(
    viewer: Viewer,
    scan: Scan,
    layer: Image,
    data: NDArray[np.float32],
    name: str,
    key: tuple[str, str],
    shift: float,
) -> Image:
    copy = viewer.add_image(
        data,
        name=name,
        colormap=layer.colormap,
        contrast_limits=tuple(layer.contrast_limits),
        gamma=layer.gamma,
        # A preview must hide what it replaces.
        blending="translucent" if key[0] == "preview" else layer.blending,
        scale=layer.scale,
        translate=layer.translate,
        units=layer.units,
        metadata={
            "xrf_scan": scan,
            "xrf_cube": scan.cube,
            "xrf_map": key,
            "xrf_sawtooth": shift,
        },
    )
    return copy
