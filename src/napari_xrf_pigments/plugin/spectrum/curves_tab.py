"""The Spectra tab: spectra of the whole scan, regions and pinned pixels, compared and saved."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtWidgets import (
    QAction,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import qdebounced

from .. import dialogs
from ..layers.region_masks import Region, prepare_regions
from ..state.scan import PIXEL, Curve, Curves, Pin, plot_colour
from ..tasks import LatestOnly
from ..widgets.colour_swatch import swatch
from .plot import SpectrumPlot

if TYPE_CHECKING:
    import numpy as np
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from ..state.scan import Scan
    from ..state.session import Session

Statistic = Literal["mean", "sum", "max"]
STATISTICS: tuple[tuple[str, Statistic], ...] = (
    ("Mean", "mean"),
    ("Sum", "sum"),
    ("Maximum", "max"),
)
_WORDS = {"mean": "mean", "sum": "sum", "max": "maximum"}
_FILTERS = {"csv": "Table (*.csv)", "msa": "EMSA/MAS spectrum (*.msa)"}
#: Events of Shapes and Labels layers after which regions are read again.
_REGION_EVENTS = ("data", "labels_update", "paint", "visible", "name", "affine", "scale")


@dataclass(frozen=True)
class CurveRow:
    """A curve in the list of curves.

    Parameters
    ----------
    key, name : str
        Key, and display name.
    colour : str
        ``"#rrggbb"``.
    shown, removable : bool
        Whether it is drawn, and whether it can be removed.
    """

    key: str
    name: str
    colour: str
    shown: bool
    removable: bool


class CurveList(QWidget):
    """The list of curves, the statistic of regions, and the buttons to remove and save.

    Signals
    -------
    shown_changed : str, bool
        Key of a curve, and whether it is ticked.
    remove_requested : str
        Key of the curve to remove.
    statistic_changed : str
        Statistic of the pixels of a region: "mean", "sum" or "max".
    export_requested : str
        Format to save the ticked curves in: "csv" or "msa".
    explain_requested : str
        Key of the region to explain.
    """

    shown_changed = Signal(str, bool)
    remove_requested = Signal(str)
    statistic_changed = Signal(str)
    export_requested = Signal(str)
    explain_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.items = QListWidget()
        # In a flat dock the list shrinks, not the buttons below it.
        self.items.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.items.setMinimumHeight(56)
        self.items.setToolTip("Ticked spectra are drawn and saved")
        self.statistic = QComboBox()
        for title, value in STATISTICS:
            self.statistic.addItem(title, value)
        self.statistic.setToolTip("Statistic of the pixels of a region")
        self.remove = QPushButton("Remove")
        self.remove.setToolTip("Remove the selected pinned pixel from the list")
        self.export = QToolButton()
        self.export.setText("Save ...")
        self.export.setToolTip("Save the ticked spectra")
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.export.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        menu = QMenu(self.export)
        self.save_csv = QAction("Table (CSV) ...", menu)
        self.save_msa = QAction("Spectra (MSA) ...", menu)
        menu.addActions([self.save_csv, self.save_msa])
        self.export.setMenu(menu)
        self.explain = QPushButton("Explain")
        self.explain.setToolTip("Show the pigments of the selected region, and their evidence")
        row = QHBoxLayout()
        row.addWidget(QLabel("Regions:"))
        row.addWidget(self.statistic, 1)
        row.addWidget(self.explain)
        row.addWidget(self.remove)
        row.addWidget(self.export)
        self.hint = QLabel("Draw regions on a Shapes or Labels layer to add their spectra here.")
        self.hint.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 4, 2, 0)
        layout.addWidget(self.items, 1)
        layout.addLayout(row)
        layout.addWidget(self.hint)
        self.items.itemChanged.connect(self._on_changed)
        self.items.currentRowChanged.connect(lambda row: self._update())
        self.remove.clicked.connect(self._on_remove)
        self.explain.clicked.connect(self._on_explain)
        self.statistic.currentIndexChanged.connect(
            lambda index: self.statistic_changed.emit(self.statistic.currentData())
        )
        self.save_csv.triggered.connect(lambda: self.export_requested.emit("csv"))
        self.save_msa.triggered.connect(lambda: self.export_requested.emit("msa"))
        self._rows: tuple[CurveRow, ...] = ()
        self._update()

    def set_rows(self, rows: Sequence[CurveRow]) -> None:
        """Show curves."""
        selected = self._selected_key()
        self._rows = tuple(rows)
        self.items.blockSignals(True)
        self.items.clear()
        for row in self._rows:
            item = QListWidgetItem(swatch(row.colour), row.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if row.shown else Qt.CheckState.Unchecked)
            item.setData(Qt.ItemDataRole.UserRole, row.key)
            item.setToolTip(row.name)
            self.items.addItem(item)
            if row.key == selected:
                self.items.setCurrentItem(item)
        self.items.blockSignals(False)
        self._update()

    def _selected_key(self) -> str | None:
        item = self.items.currentItem()
        return None if item is None else str(item.data(Qt.ItemDataRole.UserRole))

    def _on_changed(self, item: QListWidgetItem) -> None:
        shown = item.checkState() == Qt.CheckState.Checked
        self.shown_changed.emit(item.data(Qt.ItemDataRole.UserRole), shown)

    def _on_explain(self) -> None:
        self.explain_requested.emit(self._selected_key() or "")

    def _on_remove(self) -> None:
        key = self._selected_key()
        if key is not None:
            self.remove_requested.emit(key)

    def _update(self) -> None:
        selected = self._selected_key()
        removable = any(row.key == selected and row.removable for row in self._rows)
        self.remove.setEnabled(removable)
        self.explain.setEnabled(selected is not None and selected.startswith("region:"))
        self.export.setEnabled(any(row.shown for row in self._rows))


class CurvesTab(QObject):
    """Updates the curves of the whole scan, of regions and of pinned pixels, and lists all.

    Parameters
    ----------
    viewer : Viewer
        Regions are drawn on its layers; only a weak reference to it is kept.
    session : Session
        Receives errors.
    plot : SpectrumPlot
        Curves are listed in the colours that it draws them in.

    Signals
    -------
    curves_changed
        Curves were added, removed, ticked or unticked, and must be drawn again.
    region_requested : Region
        The region to explain.
    """

    curves_changed = Signal()
    region_requested = Signal(object)

    def __init__(self, viewer: Viewer, session: Session, plot: SpectrumPlot) -> None:
        super().__init__()
        self._viewer = weakref.ref(viewer)
        self._session, self._plot = session, plot
        self.view = CurveList()
        self.scan: Scan | None = None
        self._no_curves = Curves()
        self._statistic: Statistic = "mean"
        self._region_of: dict[str, Region] = {}
        self._regions = LatestOnly(self._take_regions, session.show_error)
        self._pinning = LatestOnly(self._take_pins, session.show_error)
        self._saving = LatestOnly(dialogs.info, session.show_error)
        self._debounced = qdebounced(self.read_regions, timeout=300, parent=self.view)
        self._connections: list[tuple[Any, Any]] = []
        self.view.shown_changed.connect(self._show)
        self.view.remove_requested.connect(self._remove)
        self.view.statistic_changed.connect(self._set_statistic)
        self.view.export_requested.connect(self._save_as)
        self.view.explain_requested.connect(self._explain)
        for signal in (viewer.layers.events.inserted, viewer.layers.events.removed):
            self._connect(signal, self._on_layers)
        for layer in viewer.layers:
            self._watch(layer)

    @property
    def curves(self) -> Curves:
        """The curves of the scan."""
        return self._no_curves if self.scan is None else self.scan.curves

    def close(self) -> None:
        """Disconnect from all layers and receive no results any more."""
        self._regions.cancel()
        self._pinning.cancel()
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self._connections = []

    def set_scan(self, scan: Scan | None) -> None:
        """Show the curves of another scan."""
        self.scan = scan
        self.update_totals()
        self._read_pins()
        self._debounced()

    def update_totals(self) -> None:
        """Update the spectra of the whole scan."""
        scan = self.scan
        if scan is None:
            return
        totals = scan.totals
        mean = totals.spectrum / max(1, totals.measured)
        has_pixel = self.curves.get(PIXEL) is not None
        for key, name, colour, counts, pixels in (
            ("whole:sum", "Whole scan, sum", "#5fd3c6", totals.spectrum, 1),
            ("whole:mean", "Whole scan, mean", "#9aa0a6", mean, max(1, totals.measured)),
            ("whole:max", "Whole scan, maximum", "#c77dff", totals.maximum, 1),
        ):
            shown = key == "whole:sum" and not has_pixel
            self.curves.upsert(Curve(key, name, colour, counts.copy(), shown, pixels=pixels))

    def pin(self, pin: Pin | None) -> None:
        """Keep the spectrum of the selected pixel in the plot."""
        pixel = self.curves.get(PIXEL)
        if pixel is not None and pin is not None:
            self._add_pin(pin, pixel.counts)
            self.curves_changed.emit()

    def list_curves(self) -> None:
        """List all curves in their colours."""
        rows = []
        for c in self.curves:
            # As drawn: some colours cannot be distinguished from the background.
            colour = self._plot.readable(c.colour or self._plot.own_colour).name()
            rows.append(CurveRow(c.key, c.name, colour, c.shown, c.removable))
        self.view.set_rows(rows)

    def read_regions(self) -> None:
        """Compute the spectra of all drawn regions in a thread."""
        scan, viewer = self.scan, self._viewer()
        if scan is None or viewer is None or self._session.closed:
            return
        regions, statistic, cube = prepare_regions(viewer, scan), self._statistic, scan.cube

        def compute() -> tuple[Scan, Statistic, list[tuple[Region, NDArray[np.float64]]]]:
            spectra = [
                (region, cube.region_spectrum(region.mask, statistic))
                for region in regions()
                if cube.valid is None or (region.mask & cube.valid).any()
            ]
            return scan, statistic, spectra

        self._regions.submit(compute)

    def save(self, path: Path, kind: str) -> None:
        """Save the ticked spectra as ``"csv"`` or ``"msa"``, in a thread."""
        from napari_xrf_pigments.io.spectra import save_spectra_csv, save_spectra_msa

        scan, spectra = self.scan, self.curves.spectra()
        if scan is None:
            return
        axis, settings = scan.cube.energies, scan.cube.acquisition
        path = path if path.suffix else path.with_suffix(f".{kind}")

        def write() -> str:
            if kind == "csv":
                return f"{dialogs.saved_as(save_spectra_csv(path, spectra, axis))}."
            paths = save_spectra_msa(path, spectra, axis, settings)
            names = ", ".join(entry.name for entry in paths)
            return f"Saved as {names} in {path.absolute().parent}."

        self._saving.submit(write)

    def choose_path(self, suffix: str, pattern: str) -> str | None:
        """Open the dialog for a file to save."""
        path, _ = QFileDialog.getSaveFileName(self.view, "Save", f"spectra.{suffix}", pattern)
        return path or None

    def _save_as(self, kind: str) -> None:
        path = self.choose_path(kind, _FILTERS[kind]) if self.scan is not None else None
        if path is not None:
            self.save(Path(path), kind)

    def _add_pin(self, pin: Pin, counts: NDArray[np.float64]) -> None:
        colour = self.curves.free_colour()
        self.curves.upsert(Curve(pin.key, pin.title("Pinned"), colour, counts, True, True))

    def _read_pins(self) -> None:
        """Read the spectra of the pinned pixels of a saved session, in a thread."""
        scan = self.scan
        pins = [] if scan is None else scan.curves.pending_pins()
        if scan is None or not pins:
            return

        def compute() -> tuple[Scan, list[tuple[Pin, NDArray[np.float64]]]]:
            measured = [pin for pin in pins if scan.measured(pin.y, pin.x)]
            return scan, [(pin, scan.cube.spectrum(pin.y, pin.x, pin.radius)) for pin in measured]

        self._pinning.submit(compute)

    def _take_pins(self, result: tuple[Scan, list[tuple[Pin, NDArray[np.float64]]]]) -> None:
        scan, spectra = result
        if scan is self.scan:
            for pin, counts in spectra:
                self._add_pin(pin, counts)
            self.curves_changed.emit()

    def _take_regions(
        self, result: tuple[Scan, Statistic, list[tuple[Region, NDArray[np.float64]]]]
    ) -> None:
        scan, statistic, spectra = result
        if scan is not self.scan:
            return
        curves = [
            Curve(
                f"region:{region.name}",
                f"{region.name}, {_WORDS[statistic]}",
                plot_colour(region.colour, number),
                counts,
                pixels=int(region.mask.sum()) if statistic == "mean" else 1,
            )
            for number, (region, counts) in enumerate(spectra)
        ]
        self._region_of = {f"region:{region.name}": region for region, _ in spectra}
        self.curves.replace_group("region:", curves)
        self.curves_changed.emit()

    def _explain(self, key: str) -> None:
        if key in self._region_of:
            self.region_requested.emit(self._region_of[key])

    def _set_statistic(self, statistic: Statistic) -> None:
        self._statistic = statistic
        self.read_regions()

    def _show(self, key: str, shown: bool) -> None:
        self.curves.show(key, shown)
        self.curves_changed.emit()

    def _remove(self, key: str) -> None:
        self.curves.remove(key)
        self.curves_changed.emit()

    def _on_layers(self, event: Any) -> None:
        if _holds_regions(event.value):
            self._watch(event.value)
            self._read_regions_later()

    def _watch(self, layer: Any) -> None:
        if not _holds_regions(layer):
            return
        for name in _REGION_EVENTS:
            signal = getattr(layer.events, name, None)
            if signal is not None and (signal, self._read_regions_later) not in self._connections:
                self._connect(signal, self._read_regions_later)

    def _connect(self, signal: Any, slot: Any) -> None:
        signal.connect(slot)
        self._connections.append((signal, slot))

    def _read_regions_later(self, event: Any = None) -> None:
        self._debounced()


def _holds_regions(layer: Any) -> bool:
    return type(layer).__name__ in ("Shapes", "Labels")
