"""Field of view of a viewer's canvas, read and set (no Qt)."""

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
        Its middle, world coordinates.
    span : float
        How much of the world the shorter side of the canvas shows: two canvases of different
        shapes with the same view show the same detail whole.
    """

    y: float
    x: float
    span: float

    def like(self, other: View) -> bool:
        """Return whether the difference is invisible."""
        near = 1e-3 * min(self.span, other.span)
        places = abs(self.y - other.y) < near and abs(self.x - other.x) < near
        return places and abs(self.span - other.span) < near


def view_of(viewer: Viewer) -> View | None:
    """Return the field of view; None where the canvas shows no plane or has no size yet."""
    camera = viewer.scene.camera
    size = min(viewer.canvas.size)
    if viewer.dims.ndisplay != 2 or size <= 0 or not camera.zoom > 0:
        return None
    y, x = camera.center[-2:]
    return View(float(y), float(x), float(size / camera.zoom))


def show_view(viewer: Viewer, view: View) -> None:
    """Set the field of view of the canvas."""
    present = view_of(viewer)
    if present is None or view.span <= 0 or present.like(view):
        return
    camera = viewer.scene.camera
    camera.center = (*camera.center[:-2], view.y, view.x)
    camera.zoom = min(viewer.canvas.size) / view.span
