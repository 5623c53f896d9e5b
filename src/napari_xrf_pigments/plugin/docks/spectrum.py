"""The Spectrum dock: the clicked pixel's spectrum and what was found in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.qt.threading import thread_worker
from napari.utils.theme import get_theme
from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QLabel, QScrollArea, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from ..answer import bars_of, families_of, marked_lines
from ..scan import Scan
from ..session import Session
from ..views.axis_bar import AxisBar
from ..views.bars import ProbabilityBars
from ..views.spectrum_plot import SpectrumPlot
from .base import ScanDock

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from ...cube import PigmentMaps

HINT = "Click a pixel to see its spectrum; until then, this is the sum of the whole scan."


class SpectrumDock(ScanDock):
    """Spectrum, lines and pigment probabilities of one pixel."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.plot = SpectrumPlot()
        self.bars = ProbabilityBars()
        self.place = QLabel(HINT)
        self.place.setWordWrap(True)
        self.place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.axis_bar = AxisBar()
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.splitter.addWidget(self.plot)
        self.splitter.addWidget(self._side())
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.stretch(self.splitter)
        self._pixel: tuple[int, int] | None = None
        self._asked = 0
        self._unsized = True
        self.axis_bar.estimate_requested.connect(self._use_estimate)
        self.listen(self.session.picked, self._on_picked)
        self.listen(self.session.totals_changed, self._on_totals)
        self._theme()
        self.refresh()
        self.viewer.events.theme.connect(self._theme)
        self.start()

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Show the sum of another scan."""
        if scan is before:
            return
        self._pixel = None
        if before is not None:
            self.unlisten(before.energies_changed, self.refresh)
            self.unlisten(before.results_changed, self._on_results)
        if scan is not None:
            self.listen(scan.energies_changed, self.refresh)
            self.listen(scan.results_changed, self._on_results)
        self.refresh()

    def refresh(self) -> None:
        """Show spectrum, axis and what was found."""
        scan = self.scan
        if scan is None:
            self.plot.set_lines(())
            self.bars.set_bars((), "")
            self.axis_bar.set_axis("", estimated=False, can_switch=False)
            self.place.setText("Open a scan, then click a pixel to see its spectrum.")
            return
        self.axis_bar.set_axis(
            scan.axis_sentence(),
            estimated=scan.uses_estimate,
            can_switch=scan.can_estimate,
            details=scan.axis_details(),
        )
        if self._pixel is None:
            self.place.setText(HINT)
            self.plot.set_spectrum(scan.cube.energies.kev, scan.totals.spectrum)
            self.plot.set_lines(())
            self.bars.set_bars((), "")
            return
        y, x = self._pixel
        counts = scan.spectrum(y, x)
        self.place.setText(_place_text(scan, y, x, float(counts.sum())))
        self.plot.set_spectrum(scan.cube.energies.kev, counts)
        self._answer(scan, y, x)

    def _answer(self, scan: Scan, y: int, x: int) -> None:
        results = scan.pigments
        if results is not None and results.computed(y, x):
            self._show_answer(scan, y, x, results.maps_at(y, x))
            return
        self.bars.set_bars((), "Asking the network about this pixel ...")
        self.plot.set_lines(self._element_lines(scan, y, x))
        self._asked += 1
        ask, spectrum, cube = self._asked, scan.spectrum(y, x), scan.cube
        predict = self.session.services.predict

        def look() -> PigmentMaps | str:
            try:
                return predict(cube, spectrum)
            except (ValueError, OSError, ImportError) as error:
                return str(error)

        def take(answer: PigmentMaps | str) -> None:
            # An answer to an earlier click comes too late.
            if ask == self._asked and scan is self.scan and self._pixel == (y, x):
                if isinstance(answer, str):
                    self.bars.set_bars((), answer)
                else:
                    self._show_answer(scan, y, x, answer)

        worker = thread_worker(look, ignore_errors=True)()
        worker.returned.connect(take)
        worker.start()

    def _show_answer(self, scan: Scan, y: int, x: int, maps: PigmentMaps) -> None:
        self.bars.set_bars(bars_of(maps), "No pigment is likely here.")
        lines = self._element_lines(scan, y, x)
        found = families_of(maps)
        if found:
            axis, acquisition = scan.cube.energies, scan.cube.acquisition
            shown = {line.label for line in lines}
            more = marked_lines(found, axis, acquisition.tube_kv)
            lines = [*lines, *(line for line in more if line.label not in shown)]
        self.plot.set_lines(lines)

    def _element_lines(self, scan: Scan, y: int, x: int) -> list[Any]:
        if scan.elements is None:
            return []
        names = scan.elements.significant(y, x)
        return marked_lines(names, scan.cube.energies, scan.cube.acquisition.tube_kv)

    def _on_picked(self, scan: Scan, y: int, x: int) -> None:
        if scan is self.scan:
            self._pixel = (y, x)
            self.refresh()

    def _on_totals(self, scan: Scan) -> None:
        if scan is self.scan and self._pixel is None:
            self.refresh()

    def _on_results(self, kind: str) -> None:
        if self._pixel is not None and self.scan is not None:
            results = self.scan.pigments
            if kind == "elements" or (results is not None and results.computed(*self._pixel)):
                self._answer(self.scan, *self._pixel)

    def _use_estimate(self, estimate: bool) -> None:
        if self.scan is not None:
            self.scan.use_estimate(estimate)

    def _theme(self, event: Any = None) -> None:
        if not isalive(self.plot):
            return
        theme = get_theme(self.viewer.theme)
        self.plot.set_colours(theme.background.as_hex("long"), theme.text.as_hex("long"))

    def _side(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(4, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self.bars)
        column.addWidget(self.place)
        column.addWidget(scroll, 1)
        column.addWidget(self.axis_bar)
        return side

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Plot and bars stand side by side where there is more width than height."""
        super().resizeEvent(event)
        wide = self.width() > 1.4 * self.height()
        orientation = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if orientation != self.splitter.orientation() or self._unsized:
            self._unsized = False
            self.splitter.setOrientation(orientation)
            self.splitter.setSizes([760, 240] if wide else [500, 500])


def _place_text(scan: Scan, y: int, x: int, total: float) -> str:
    text = f"Pixel x {x}, y {y}"
    place = scan.millimetres(y, x)
    if place is not None:
        text += f"  ·  {place[1]:.1f} mm, {place[0]:.1f} mm"
    return f"{text}  ·  {total:,.0f} counts"
