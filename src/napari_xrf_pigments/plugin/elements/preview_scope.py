"""Parts of a scan to try elements on (no Qt)."""

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
SCOPES: tuple[tuple[str, str], ...] = (
    (WHOLE, "The whole scan"),
    (REGION, "Drawn regions (preview)"),
    ("every 2", "Every 2nd pixel (preview)"),
    ("every 4", "Every 4th pixel (preview)"),
    ("bin 2", "2 x 2 binned (preview)"),
    ("bin 4", "4 x 4 binned (preview)"),
)


class Trials:
    """Makes parts of scans; the same one again as long as nothing changed.

    A search is kept with the part that it was made on, so that mapping it needs no second.
    """

    def __init__(self) -> None:
        self._last: tuple[object, str, bytes] | None = None
        self._part: Part | None = None

    def part(
        self, scan: Scan, scope: str, mask: NDArray[np.bool_] | None = None, name: str = "region"
    ) -> Part | None:
        """Return the subset of a scan for a key of :data:`SCOPES`; None is the whole scan.

        Parameters
        ----------
        scan : Scan
            The scan.
        scope : str
            Key of what is mapped.
        mask : ndarray of bool, shape (y, x), optional
            The drawn region.
        name : str
            What the region is called.

        Raises
        ------
        ValueError
            If nothing is drawn, or the scan is too small.
        """
        if scope == WHOLE:
            return None
        key = scan.cube, scope, b"" if mask is None else np.packbits(mask).tobytes()
        if self._last is None or self._last[0] is not key[0] or self._last[1:] != key[1:]:
            self._part = self._make(scan, scope, mask, name)
            self._last = key
        return self._part

    def chosen(self, viewer: Viewer, scan: Scan, scope: str) -> Part | None:
        """Return the same subset, with the regions drawn on the scan in a viewer.

        Raises
        ------
        ValueError
            As :meth:`part`.
        """
        if scope != REGION:
            return self.part(scan, scope)
        found = regions_of(viewer, scan)
        mask = np.any([entry.mask for entry in found], axis=0) if found else None
        name = found[0].name if len(found) == 1 else f"{len(found)} regions"
        return self.part(scan, scope, mask, name)

    def _make(self, scan: Scan, scope: str, mask: NDArray[np.bool_] | None, name: str) -> Part:
        if scope == REGION:
            if mask is None or not mask.any():
                raise ValueError("Draw a region on the scan first, as a shape or a label.")
            return region(scan.cube, mask, name)
        kind, n = scope.split()
        return (binned if kind == "bin" else every_nth)(scan.cube, int(n))


def let_draw(viewer: Viewer, scan: Scan) -> None:
    """Add a layer for the region to try, with the tool for a rectangle in hand."""
    layer = add_layer(
        viewer,
        "shapes",
        None,
        name="Region to try",
        face_color="transparent",
        edge_color="#ffd60a",
        edge_width=max(scan.cube.shape[:2]) / 200,
        **placement(scan.cube.pixel_mm),
    )
    layer.mode = "add_rectangle"
