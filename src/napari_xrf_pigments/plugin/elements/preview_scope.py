"""Parts of a scan for previews of elemental maps (no Qt)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.mapping.subsets import Part, binned, every_nth, region

from ..layers.adding import add_layer, placement
from ..layers.region_masks import regions_of
from ..state.scan import Scan

if TYPE_CHECKING:
    from napari.viewer import Viewer

WHOLE, REGION = "whole", "region"
PREVIEW_SCOPES: tuple[tuple[str, str], ...] = (
    (WHOLE, "The whole scan"),
    (REGION, "Drawn regions (preview)"),
    ("every 2", "Every 2nd pixel (preview)"),
    ("every 4", "Every 4th pixel (preview)"),
    ("bin 2", "2 x 2 binned (preview)"),
    ("bin 4", "4 x 4 binned (preview)"),
)


class PreviewSubsets:
    """Parts of scans for previews, cached until scan, scope or region change.

    A search for elements belongs to the cube of its part: while the cube is the same, mapping
    needs no second search.
    """

    def __init__(self) -> None:
        self._last: tuple[object, str, bytes] | None = None
        self._part: Part | None = None

    def part(
        self, scan: Scan, scope: str, mask: NDArray[np.bool_] | None = None, name: str = "region"
    ) -> Part | None:
        """Return the part of a scan for a key of :data:`PREVIEW_SCOPES`; None for the whole scan.

        Parameters
        ----------
        scan : Scan
            The scan.
        scope : str
            Key of the scope.
        mask : ndarray of bool, shape (y, x), optional
            The drawn region.
        name : str
            Name of the region.

        Raises
        ------
        ValueError
            If no region is drawn, or the scan is too small.
        """
        if scope == WHOLE:
            return None
        key = scan.cube, scope, b"" if mask is None else np.packbits(mask).tobytes()
        if self._last is None or self._last[0] is not key[0] or self._last[1:] != key[1:]:
            self._part = self._make(scan, scope, mask, name)
            self._last = key
        return self._part

    def part_in_viewer(self, viewer: Viewer, scan: Scan, scope: str) -> Part | None:
        """Return :meth:`part` with the regions drawn on the scan in a viewer.

        Raises
        ------
        ValueError
            If no region is drawn, or the scan is too small.
        """
        if scope != REGION:
            return self.part(scan, scope)
        regions = regions_of(viewer, scan)
        mask = np.any([entry.mask for entry in regions], axis=0) if regions else None
        name = regions[0].name if len(regions) == 1 else f"{len(regions)} regions"
        return self.part(scan, scope, mask, name)

    def _make(self, scan: Scan, scope: str, mask: NDArray[np.bool_] | None, name: str) -> Part:
        if scope == REGION:
            if mask is None or not mask.any():
                raise ValueError("Draw a region on the scan first, in a Shapes or Labels layer.")
            return region(scan.cube, mask, name)
        kind, n = scope.split()
        return (binned if kind == "bin" else every_nth)(scan.cube, int(n))


def start_drawing_region(viewer: Viewer, scan: Scan) -> None:
    """Add a Shapes layer for the region to preview, with the rectangle tool active."""
    layer = add_layer(
        viewer,
        "shapes",
        None,
        name="Preview region",
        face_color="transparent",
        edge_color="#ffd60a",
        edge_width=max(scan.cube.shape[:2]) / 200,
        **placement(scan.cube.pixel_mm),
    )
    layer.mode = "add_rectangle"
