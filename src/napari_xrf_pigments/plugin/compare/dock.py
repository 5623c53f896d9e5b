"""The Compare dock: two maps side by side, divided by a swipe line, or under a lens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QLabel
from superqt.utils import qthrottled

from ..docks.base import Emitter, ScanDock
from ..layers.rendering import is_flat_image, render_layer, value_text
from ..layers.sync import select_pixel_at
from ..state.session import Session
from ..widgets.restore import select_key, set_checked, set_number
from .linked_view import View, contains, extent_in_view, show_extent, show_view, view_of
from .pair_plot import PairPlot
from .toolbar import CompareBar

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

#: Events of layers after which they are drawn again.
_APPEARANCE_EVENTS = (
    "data",
    "set_data",
    "contrast_limits",
    "colormap",
    "gamma",
    "affine",
    "scale",
    "translate",
)


class CompareDock(ScanDock):
    """A dock that compares two layers of the viewer in their own colours."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.bar = CompareBar()
        self.plot = PairPlot()
        # Never empty: a line that appears would shift the maps under the mouse.
        self.values = QLabel("Move the mouse over a map to see the values of both.")
        self.values.setWordWrap(True)
        self.column.addWidget(self.bar)
        self.add_expanding(self.plot)
        self.column.addWidget(self.values)
        self._shown: list[Layer | None] = [None, None]
        self._fitted = self._moving_viewer = False
        # Throttled, because a run changes its maps often.
        self._redraw_later = qthrottled(self._redraw, timeout=150, leading=False, parent=self)
        self.bar.maps_changed.connect(self._on_maps_changed)
        self.bar.mode_changed.connect(self.plot.set_mode)
        self.bar.radius_changed.connect(self.plot.set_lens_radius)
        self.bar.fit_requested.connect(self._fit)
        self.bar.link_changed.connect(lambda linked: self._update_view())
        self.plot.view_changed.connect(self._update_viewer)
        self.plot.resized.connect(self._update_view)
        self.plot.hovered.connect(self._on_hover)
        self.plot.clicked.connect(lambda y, x: select_pixel_at(self.viewer, (y, x)))
        layers = self.viewer.layers.events
        for signal in (layers.inserted, layers.removed, layers.reordered):
            self._connect_event(signal, self._list_maps)
        self._connect_event(self.viewer.cursor.events.position, self._on_cursor)
        camera = self.viewer.scene.camera.events
        for signal in (camera.center, camera.zoom):
            self._connect_event(signal, self._update_view)
        self._list_maps()
        self.start()

    @property
    def layers(self) -> tuple[Layer | None, Layer | None]:
        """The two compared layers."""
        return self._shown[0], self._shown[1]

    def compare(self, first: Layer, second: Layer) -> None:
        """Compare two layers."""
        self._set_layers(first, second)
        self._list_maps()

    def save_state(self) -> dict[str, Any]:
        """Return the names of the two maps, the mode and its settings."""
        return {
            "maps": [None if layer is None else layer.name for layer in self._shown],
            "mode": self.bar.mode,
            "lens_radius": self.bar.radius.value(),
            "linked": self.linked,
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Apply the settings of :meth:`save_state`."""
        by_name = {layer.name: layer for layer in self.viewer.layers if is_flat_image(layer)}
        maps = state.get("maps")
        if isinstance(maps, list) and len(maps) == 2 and all(name in by_name for name in maps):
            self.compare(by_name[maps[0]], by_name[maps[1]])
        select_key(self.bar.mode_box, state.get("mode"))
        set_number(self.bar.radius, state.get("lens_radius"))
        set_checked(self.bar.link_button, state.get("linked"))

    def _connect_event(self, signal: Any, slot: Any) -> None:
        """Connect to a signal of napari until the dock is closed."""
        self.connect_signal(Emitter(signal), slot)

    def _list_maps(self, event: Any = None) -> None:
        images = [layer for layer in reversed(self.viewer.layers) if is_flat_image(layer)]
        pair = [layer if layer in images else None for layer in self._shown]
        visible = [layer for layer in images if layer.visible]
        for index in range(2):
            others = [layer for layer in (*visible, *images) if layer not in pair]
            if pair[index] is None and others:
                pair[index] = others[0]
        self.bar.set_maps([(layer.name, layer) for layer in images], *pair)
        self._set_layers(*pair)

    def _on_maps_changed(self) -> None:
        first, second = self.bar.keys
        self._set_layers(first, second)

    def _set_layers(self, first: Any, second: Any) -> None:
        if [first, second] == self._shown:
            return
        for layer in {one for one in self._shown if one is not None}:
            for signal in _appearance_signals(layer):
                self.disconnect_signal(Emitter(signal), self._redraw_soon)
        self._shown = [first, second]
        for layer in {one for one in self._shown if one is not None}:
            for signal in _appearance_signals(layer):
                self._connect_event(signal, self._redraw_soon)
        self._redraw()

    def _redraw_soon(self, event: Any = None) -> None:
        self._redraw_later()

    def _redraw(self) -> None:
        for index, layer in enumerate(self._shown):
            self.plot.set_picture(index, None if layer is None else render_layer(layer))
        if not self._fitted and all(layer is not None for layer in self._shown):
            self._fitted = True
            self.plot.fit()
            self._update_view()

    @property
    def linked(self) -> bool:
        """Whether the maps and the viewer's canvas show the same field of view."""
        return bool(self.bar.link_button.isChecked())

    def _fit(self) -> None:
        self.plot.fit()
        self._update_viewer()

    def _update_view(self, event: Any = None) -> None:
        """Show the field of view of the viewer's canvas, if they are linked."""
        view = view_of(self.viewer) if self.linked and not self._moving_viewer else None
        present, extent = self.plot.view(), self.plot.extent()
        field = None if view is None else extent_in_view(self.viewer)
        if field is not None and extent is not None and contains(field, extent):
            # The plots have another shape than the canvas: the same centre and zoom would cut
            # maps that the canvas shows completely.
            if not self.plot.shows_extent():
                self.plot.fit()
        elif view is not None and present is not None and not view.is_close_to(View(*present)):
            self.plot.set_view(view.y, view.x, view.span)

    def _update_viewer(self) -> None:
        """Show the field of view of the plot in the viewer's canvas, if they are linked."""
        view = self.plot.view()
        if not self.linked or view is None:
            return
        # Centre and zoom change one after the other; the state between them is ignored.
        self._moving_viewer = True
        try:
            extent, field = self.plot.extent(), extent_in_view(self.viewer)
            if extent is None or field is None or not self.plot.shows_extent():
                show_view(self.viewer, View(*view))
            elif not contains(field, extent):
                show_extent(self.viewer, extent)
        finally:
            self._moving_viewer = False

    def _on_hover(self, y: float, x: float) -> None:
        texts = [f"x {x:.2f}, y {y:.2f}"]
        for layer in self._shown:
            if layer is not None:
                texts.append(f"{layer.name}: {value_text(layer, (y, x)) or 'outside'}")
        self.values.setText("   ".join(texts))

    def _on_cursor(self, event: Any) -> None:
        y, x = self.viewer.cursor.position[-2:]
        self.plot.set_cursor(float(y), float(x))
        self._on_hover(float(y), float(x))


def _appearance_signals(layer: Layer) -> list[Any]:
    """Return the signals that a layer emits when its appearance changes."""
    signals = (getattr(layer.events, name, None) for name in _APPEARANCE_EVENTS)
    return [signal for signal in signals if signal is not None]
