"""The circle that marks the clicked pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..state.scan import Scan
from .sync import map_layers, placement, unselected

if TYPE_CHECKING:
    from napari.viewer import Viewer


def show_marker(viewer: Viewer, scan: Scan, y: int, x: int) -> None:
    """Put the circle of a scan on a pixel, making it where there is none."""
    found = map_layers(viewer, scan, {"marker"})
    if found:
        (layer,) = found.values()
        layer.data = [[y, x]]
        # Maps that were added since would hide it.
        if viewer.layers[-1] is not layer:
            viewer.layers.move(viewer.layers.index(layer), len(viewer.layers))
        return
    rows, columns, _ = scan.cube.shape
    with unselected(viewer):
        viewer.add_points(
            [[y, x]],
            name="Clicked pixel",
            size=max(2.0, 0.03 * max(rows, columns)),
            symbol="disc",
            face_color="transparent",
            border_color="#00e5ff",
            metadata={"xrf_scan": scan, "xrf_cube": scan.cube, "xrf_map": ("marker", "pixel")},
            **placement(scan.cube.pixel_mm),
        )
