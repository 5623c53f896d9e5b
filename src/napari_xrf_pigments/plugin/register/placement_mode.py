"""Mode of the viewer for placing control points: image on the left, scan on the right (no Qt)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.layers import Layer, Points
    from napari.viewer import Viewer


class ControlPointMode:
    """Show two layers side by side with their points until :meth:`end`.

    napari fills its grid in the order of layers. The four layers are therefore moved to the top;
    order, visibility and grid are restored at the end.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    left, right : tuple of Layer and Points
        A layer and the points on it.
    """

    def __init__(
        self, viewer: Viewer, left: tuple[Layer, Points], right: tuple[Layer, Points]
    ) -> None:
        self._viewer = viewer
        self._points = {(0, 0): left[1], (0, 1): right[1]}
        grid = viewer.canvas.grid
        self._order = list(viewer.layers)
        self._visible = {layer: layer.visible for layer in viewer.layers}
        self._grid = (grid.enabled, grid.stride, grid.shape)
        shown = [*right, *left]
        for layer in self._order:
            layer.visible = layer in shown
        for layer in shown:
            viewer.layers.move(viewer.layers.index(layer), len(viewer.layers))
        # Two layers per cell, counted from the top: the left pair first.
        grid.stride, grid.shape, grid.enabled = -2, (1, 2), True
        viewer.mouse_move_callbacks.append(self._activate_under_mouse)
        self._activate(left[1], "add")
        viewer.reset_view()

    def end(self) -> None:
        """Restore layers, grid and modes."""
        viewer = self._viewer
        if self._activate_under_mouse in viewer.mouse_move_callbacks:
            viewer.mouse_move_callbacks.remove(self._activate_under_mouse)
        for points in self._points.values():
            points.mode = "pan_zoom"
        grid = viewer.canvas.grid
        grid.enabled, grid.stride, grid.shape = self._grid
        remaining = [layer for layer in self._order if layer in viewer.layers]
        for index, layer in enumerate(remaining):
            viewer.layers.move(viewer.layers.index(layer), index)
            layer.visible = self._visible[layer]
        viewer.reset_view()

    def _activate_under_mouse(self, viewer: Viewer, event: Any) -> None:
        """Activate the points layer under the mouse."""
        points = self._points.get(event.viewbox)
        active = viewer.layers.selection.active
        if points is None or points is active or points not in viewer.layers:
            return
        if active in self._points.values():
            self._activate(points, str(active.mode))

    def _activate(self, points: Points, mode: str) -> None:
        self._viewer.layers.selection.active = points
        points.mode = mode
