"""Alignment of odd rows: maps for the estimate, preview and corrected copies (no Qt)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..layers.adding import add_layer, add_scan
from ..layers.metadata import LayerInfo, map_layers

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_xrf_pigments.mapping.registration.row_alignment import Sawtooth

    from ..state.scan import Scan

_PREVIEW = ("preview", "sawtooth")
#: Kinds of layers that are not maps of the scan as measured.
_NOT_MAPS = {"aligned", "preview", "marker", "agreement", "joined"}


def most_informative_maps(scan: Scan) -> NDArray[np.float32]:
    """Return the maps from which the shift is estimated, shape (map, y, x)."""
    if scan.elements is not None and len(scan.elements.names):
        return np.asarray(scan.elements.counts)
    return np.asarray(scan.totals.image)[None]


def sentence_of(sawtooth: Sawtooth) -> str:
    """Describe the estimate in one sentence."""
    shift, sigma = sawtooth.shift, sawtooth.sigma
    if not sawtooth.found:
        return (
            f"No significant sawtooth: the shift between odd and even rows is {shift:+.2f} ± "
            f"{sigma:.2f} pixels."
        )
    return (
        f"Odd rows are shifted {abs(shift):.2f} ± {sigma:.2f} pixels to the "
        f"{'right' if shift > 0 else 'left'}; correcting this raises their correlation with the "
        f"neighbouring rows from {sawtooth.before:.3f} to {sawtooth.after:.3f}."
    )


def scan_maps(viewer: Viewer, scan: Scan, visible_only: bool = True) -> list[Image]:
    """Return the layers with maps of the scan as measured."""
    return [
        layer
        for layer in viewer.layers
        if LayerInfo.of(layer).scan is scan
        and LayerInfo.of(layer).kind not in _NOT_MAPS
        and type(layer).__name__ == "Image"
        and tuple(layer.data.shape[:2]) == scan.cube.shape[:2]
        and not layer.rgb
        and (layer.visible or not visible_only)
    ]


def show_preview(viewer: Viewer, scan: Scan, layer: Image, shift: float) -> Image:
    """Show a corrected copy of a map above the map itself."""
    from napari_xrf_pigments.mapping.registration.row_alignment import align_rows

    data = align_rows(layer.data, shift)
    shown = map_layers(viewer, scan, {"preview"}).get(_PREVIEW)
    if shown is not None:
        shown.data = data
        return shown
    return _copy(viewer, scan, layer, data, "Preview of aligned rows", _PREVIEW, shift)


def remove_preview(viewer: Viewer, scan: Scan) -> None:
    """Remove the preview."""
    layer = map_layers(viewer, scan, {"preview"}).get(_PREVIEW)
    if layer is not None:
        viewer.layers.remove(layer)


def add_aligned(viewer: Viewer, scan: Scan, layers: Iterable[Image], shift: float) -> list[Image]:
    """Add corrected copies of maps and hide the maps, which do not change."""
    from napari_xrf_pigments.mapping.registration.row_alignment import align_rows

    added = []
    for layer in layers:
        data = align_rows(layer.data, shift)
        key = ("aligned", " ".join(LayerInfo.of(layer).key))
        added.append(_copy(viewer, scan, layer, data, f"{layer.name}, rows aligned", key, shift))
        layer.visible = False
    return added


def add_aligned_scan(viewer: Viewer, scan: Scan, shift: float) -> None:
    """Add a scan with corrected counts."""
    from napari_xrf_pigments.mapping.registration.row_alignment import aligned_cube

    cube = aligned_cube(scan.cube, shift)
    add_scan(viewer, cube, f"{scan.name}, rows aligned", made={"row_shift": shift})


def _copy(
    viewer: Viewer,
    scan: Scan,
    layer: Image,
    data: NDArray[np.float32],
    name: str,
    key: tuple[str, str],
    shift: float,
) -> Image:
    copy: Image = add_layer(
        viewer,
        "image",
        data,
        LayerInfo(*key, scan=scan, made={"row_shift": shift}),
        name=name,
        colormap=layer.colormap,
        contrast_limits=tuple(layer.contrast_limits),
        gamma=layer.gamma,
        # The preview must hide the map below it.
        blending="translucent" if key[0] == "preview" else layer.blending,
        scale=layer.scale,
        translate=layer.translate,
        units=layer.units,
    )
    return copy
