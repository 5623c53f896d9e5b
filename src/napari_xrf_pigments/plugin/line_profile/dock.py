"""The Line profile dock: values of the visible maps along a drawn line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from napari.utils.theme import get_theme
from qtpy.compat import isalive
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
)
from superqt.utils import qdebounced

from .. import dialogs
from ..docks.base import Emitter, ScanDock
from ..layers.adding import add_layer
from ..layers.metadata import LayerInfo
from ..layers.region_masks import DrawnLine, lines_of
from ..state.scan import Scan
from ..state.session import Session
from ..widgets.axes import colour_axes
from .model import Profiles, profiles_along

if TYPE_CHECKING:
    from napari.viewer import Viewer

HINT = "Press Draw line and draw a line on the scan; the visible maps are plotted along it."
#: Largest number of maps in one plot.
MAX_MAPS = 8
_LINE_EVENTS = ("data", "visible", "name")
_MAPS = frozenset(
    {"counts", "element", "derived", "group", "pigment", "pigment-top", "pigment-below"}
)


class LineProfileDock(ScanDock):
    """A dock that plots the visible maps of a scan along a line."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.profiles: Profiles | None = None
        self.draw_button = QPushButton("Draw line")
        self.line_box = QComboBox()
        self.line_box.setMinimumContentsLength(8)
        self.width_box = QSpinBox()
        self.width_box.setRange(1, 51)
        self.width_box.setSuffix(" px")
        self.width_box.setToolTip("Width over which values are averaged across the line")
        self.relative = QCheckBox("Share of the maximum")
        self.relative.setToolTip("Divide each map by its highest value along the line")
        self.relative.setChecked(True)
        self.save_button = QPushButton("Save as CSV...")
        self.plot = pg.PlotWidget()
        self.plot.setMinimumHeight(120)
        self.plot.setAcceptDrops(False)
        self.plot.viewport().setAcceptDrops(False)
        self.plot.addLegend(offset=(-6, 6))
        self.status = QLabel(HINT)
        self.status.setWordWrap(True)
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.draw_button)
        first.addWidget(self.line_box, 1)
        second.addWidget(QLabel("Width"))
        second.addWidget(self.width_box)
        second.addWidget(self.relative, 1)
        second.addWidget(self.save_button)
        self.column.addLayout(first)
        self.column.addLayout(second)
        self.add_expanding(self.plot)
        self.column.addWidget(self.status)
        # Delayed, since drawing a line and a run change layers many times.
        self._update_later = qdebounced(self.refresh, timeout=200, parent=self)
        self.draw_button.clicked.connect(lambda: self.draw_line())
        self.line_box.activated.connect(lambda index: self._plot_line())
        self.width_box.valueChanged.connect(lambda width: self._plot_line())
        self.relative.toggled.connect(lambda on: self._draw())
        self.save_button.clicked.connect(lambda: self._choose_and_save())
        layers = self.viewer.layers.events
        for signal in (layers.inserted, layers.removed):
            self.connect_signal(Emitter(signal), self._on_layers)
        for layer in self.viewer.layers:
            self._watch(layer)
        self._theme()
        self.connect_signal(Emitter(self.viewer.events.theme), self._theme)
        self.start()

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Show the lines on another scan."""
        self.draw_button.setEnabled(scan is not None)
        self.refresh()

    def draw_line(self) -> None:
        """Let the user draw a line on a Shapes layer, which is added where there is none."""
        if self.scan is None:
            return
        layer: Any = next((each for each in self.viewer.layers if _is_ours(each)), None)
        if layer is None:
            layer = add_layer(
                self.viewer,
                "shapes",
                None,
                LayerInfo("profile", "lines"),
                name="Profile lines",
                ndim=2,
                edge_color="#ffd24d",
                face_color="transparent",
                edge_width=0.5 * min(self.scan.cube.pixel_mm or (1.0, 1.0)),
            )
        self.viewer.layers.selection.active = layer
        layer.mode = "add_line"

    def refresh(self) -> None:
        """List the drawn lines and plot the selected one, by default the last."""
        scan, selected = self.scan, self.line_box.currentText()
        lines = [] if scan is None else lines_of(self.viewer, scan)
        known = [self.line_box.itemText(i) for i in range(self.line_box.count())]
        self.line_box.clear()
        for line in lines:
            self.line_box.addItem(line.name, line)
        names = [line.name for line in lines]
        new = [name for name in names if name not in known]
        wanted = new[-1] if new else selected
        if wanted in names:
            self.line_box.setCurrentIndex(names.index(wanted))
        self._plot_line()

    def save_to(self, path: Path) -> None:
        """Save the profiles to a file; show an error if that fails."""
        target = path if path.suffix else path.with_suffix(".csv")
        if self.profiles is None:
            return
        try:
            self.profiles.save(target)
        except OSError as error:
            self.session.show_error(str(error))
        else:
            self.status.setText(f"{dialogs.saved_as(target)}.")

    def _plot_line(self) -> None:
        line, scan = self.line_box.currentData(), self.scan
        self.profiles = None
        if scan is not None and isinstance(line, DrawnLine):
            maps = {layer.name: layer.data for layer in self._maps(scan)}
            self.profiles = profiles_along(
                line, maps, scan.cube.pixel_mm, width=self.width_box.value()
            )
        self._draw()

    def _maps(self, scan: Scan) -> list[Any]:
        """Return the visible maps of the scan, the uppermost first."""
        infos = [(layer, LayerInfo.of(layer)) for layer in reversed(self.viewer.layers)]
        shown = [
            layer
            for layer, info in infos
            if info.scan is scan and info.kind in _MAPS and layer.visible and not layer.rgb
        ]
        return shown[:MAX_MAPS]

    def _draw(self) -> None:
        self.plot.clear()
        profiles = self.profiles
        self.save_button.setEnabled(profiles is not None)
        if profiles is None:
            self.status.setText(HINT)
            return
        self.plot.setLabel("bottom", f"Distance ({profiles.unit})")
        for number, (name, values) in enumerate(profiles.values.items()):
            top = float(values[values == values].max(initial=0.0))
            shown = values / top if self.relative.isChecked() and top > 0 else values
            pen = pg.mkPen(pg.intColor(number, MAX_MAPS, minValue=200), width=2)
            self.plot.plot(profiles.distance, shown, pen=pen, name=name, connect="finite")
        length = float(profiles.distance[-1])
        self.status.setText(
            f"{len(profiles.values)} visible maps along {length:.4g} {profiles.unit}."
        )

    def _on_layers(self, event: Any) -> None:
        self._watch(event.value)
        self._update_later()

    def _watch(self, layer: Any) -> None:
        """Update when a line or a map changes, or is shown or hidden."""
        kind, maps = type(layer).__name__, LayerInfo.of(layer).kind in _MAPS
        for name in _LINE_EVENTS if kind == "Shapes" or maps else ():
            signal = Emitter(getattr(layer.events, name))
            if (signal, self._on_change) not in self._connections:
                self.connect_signal(signal, self._on_change)

    def _on_change(self, event: Any = None) -> None:
        self._update_later()

    def _theme(self, event: Any = None) -> None:
        if isalive(self.plot):
            theme = get_theme(self.viewer.theme)
            colour_axes(self.plot, theme.background.as_hex("long"), theme.text.as_hex("long"))

    def _choose_and_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Save the profile", "profile.csv", "CSV (*.csv)"
        )
        if path:
            self.save_to(Path(path))


def _is_ours(layer: Any) -> bool:
    return LayerInfo.of(layer).kind == "profile"
