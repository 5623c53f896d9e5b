"""Read and set the field of view of a viewer's canvas (no Qt)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.viewer import Viewer


@dataclass(frozen=True)
class View:
    """A field of view in world coordinates.

    Parameters
    ----------
    y, x : float
        Centre, world coordinates.
    span : float
        Extent of the shorter side of the canvas in world units, so that canvases of different
        shapes with the same view show the same detail completely.
    """

    y: float
    x: float
    span: float

    def is_close_to(self, other: View) -> bool:
        """Return whether two views differ by less than a thousandth of their extent."""
        tolerance = 1e-3 * min(self.span, other.span)
        differences = self.y - other.y, self.x - other.x, self.span - other.span
        return all(abs(difference) < tolerance for difference in differences)


def view_of(viewer: Viewer) -> View | None:
    """Return the field of view; None if the canvas is in 3D mode or has no size yet."""
    camera = viewer.scene.camera
    size = min(viewer.canvas.size)
    if viewer.dims.ndisplay != 2 or size <= 0 or not camera.zoom > 0:
        return None
    y, x = camera.center[-2:]
    return View(float(y), float(x), float(size / camera.zoom))


def show_view(viewer: Viewer, view: View) -> None:
    """Set the field of view of the canvas."""
    present = view_of(viewer)
    if present is None or view.span <= 0 or present.is_close_to(view):
        return
    camera = viewer.scene.camera
    camera.center = (*camera.center[:-2], view.y, view.x)
    camera.zoom = min(viewer.canvas.size) / view.span


Extent = tuple[float, float, float, float]


def contains(outer: Extent, inner: Extent) -> bool:
    """Return whether an extent (top, left, bottom, right) holds another, to a thousandth."""
    slack = 1e-3 * max(outer[2] - outer[0], outer[3] - outer[1])
    low = all(one <= other + slack for one, other in zip(outer[:2], inner[:2], strict=True))
    return low and all(a >= b - slack for a, b in zip(outer[2:], inner[2:], strict=True))


def extent_in_view(viewer: Viewer) -> Extent | None:
    """Return the extent of the canvas in world coordinates; None as :func:`view_of`."""
    view = view_of(viewer)
    if view is None:
        return None
    dy, dx = (0.5 * side / viewer.scene.camera.zoom for side in viewer.canvas.size)
    return view.y - dy, view.x - dx, view.y + dy, view.x + dx


def show_extent(viewer: Viewer, extent: Extent, padding: float = 0.02) -> None:
    """Fit an extent (top, left, bottom, right) into the canvas."""
    height, width = viewer.canvas.size
    top, left, bottom, right = extent
    zoom = min(height / (bottom - top), width / (right - left)) / (1 + 2 * padding)
    camera = viewer.scene.camera
    camera.center = (*camera.center[:-2], (top + bottom) / 2, (left + right) / 2)
    camera.zoom = zoom
