"""The Spectrum dock: a plot of spectra, and tabs for pixel, spectra, lines and energy axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.theme import get_theme
from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QScrollArea, QSizePolicy, QSplitter, QTabWidget, QWidget

from napari_xrf_pigments.fitting.conditions import Conditions

from ..docks.base import ScanDock
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import LatestOnly
from ..widgets.restore import select_key, select_tab, set_checked, set_number, tab_title
from .curves_tab import CurvesTab
from .energy_tab import EnergyTab
from .lines_tab import LinesTab
from .pixel_tab import PixelTab
from .plot import FitCurves, SpectrumPlot

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from numpy.typing import NDArray


class SpectrumDock(ScanDock):
    """Spectra of the selected pixel, of pinned pixels, of regions and of the whole scan.

    The tabs do not know one another: they emit signals, which this dock connects.
    """

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.plot = SpectrumPlot()
        self.pixel_tab = PixelTab(self.session, self.plot)
        self.curves_tab = CurvesTab(self.viewer, self.session, self.plot)
        self.lines_tab = LinesTab(self.session, self.plot)
        self.energy_tab = EnergyTab(self.session, self.plot)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setUsesScrollButtons(True)
        for view, title, tip in (
            (
                self.pixel_tab.view,
                "Pixel",
                "Predictions for the selected pixel, and their evidence",
            ),
            (self.curves_tab.view, "Spectra", "Compare spectra and save them"),
            (self.lines_tab.view, "Lines", "Mark element lines and identify peaks"),
            (self.energy_tab.view, "Energy", "Energy axis, anode and voltage"),
        ):
            self.tabs.addTab(_scrolled(view), title)
            self.tabs.setTabToolTip(self.tabs.count() - 1, tip)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.splitter.addWidget(self.plot)
        self.splitter.addWidget(self.tabs)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.add_expanding(self.splitter)
        self._unsized = True
        self._fitting = LatestOnly(self._take_fit, self._show_fit_failure)
        self._connect_tabs()
        self._theme()
        self.viewer.events.theme.connect(self._theme)
        self._close_with_widget()
        self.start()
        if self.scan is None:
            self.refresh()

    def _connect_tabs(self) -> None:
        pixel, curves = self.pixel_tab, self.curves_tab
        pixel.spectrum_read.connect(curves.set_pixel)
        pixel.maps_changed.connect(self._mark_lines)
        pixel.fitted.connect(self.lines_tab.set_present)
        pixel.view.pin_requested.connect(lambda: curves.pin(pixel.place))
        curves.curves_changed.connect(self.draw)
        self.energy_tab.preview_changed.connect(curves.set_preview)
        self.plot.peak_clicked.connect(self.identify_peak)
        self.plot.handle_moved.connect(self._move_line)
        self.plot.fit_wanted.connect(lambda wanted: self._fit())
        self.connect_signal(self.session.pixel_selected, self._on_pixel)
        self.connect_signal(self.session.totals_changed, self._on_totals)

    def _close_with_widget(self) -> None:
        # The Python objects outlive the widgets: a result received then would crash.
        tabs, fitting = (self.pixel_tab, self.curves_tab, self.lines_tab), self._fitting

        def close() -> None:
            fitting.cancel()
            for tab in tabs:
                tab.close()

        self.destroyed.connect(close)

    def save_state(self) -> dict[str, Any]:
        """Return the tab in front and the settings of plot and tabs.

        Pixel, curves and energy axis belong to the scan.
        """
        return {
            "tab": tab_title(self.tabs),
            "logarithmic": self.plot.log.isChecked(),
            "fit": self.plot.fit_box.isChecked(),
            "radius": self.pixel_tab.view.radius.value(),
            "statistic": str(self.curves_tab.view.statistic.currentData()),
            "elements": list(self.lines_tab.table.ticked()),
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Apply the settings of :meth:`save_state`."""
        select_tab(self.tabs, state.get("tab"))
        set_checked(self.plot.log, state.get("logarithmic"))
        set_checked(self.plot.fit_box, state.get("fit"))
        set_number(self.pixel_tab.view.radius, state.get("radius"))
        select_key(self.curves_tab.view.statistic, state.get("statistic"))
        elements = state.get("elements")
        if isinstance(elements, list):
            self.lines_tab.table.set_ticked(map(str, elements))
            self.lines_tab.draw()

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Show another scan."""
        if scan is before:
            return
        if before is not None:
            self.disconnect_signal(before.energies_changed, self.refresh)
            self.disconnect_signal(before.results_changed, self._on_results)
        if scan is not None:
            self.connect_signal(scan.energies_changed, self.refresh)
            self.connect_signal(scan.results_changed, self._on_results)
        for tab in (self.lines_tab, self.curves_tab, self.energy_tab, self.pixel_tab):
            tab.set_scan(scan)
        self.refresh()

    def refresh(self) -> None:
        """Update axis, spectra and predictions."""
        self.energy_tab.refresh()
        self.curves_tab.update_totals()
        self.pixel_tab.read()
        self.draw()

    def draw(self) -> None:
        """Draw curves, lines and, where it is shown, the fit."""
        self.curves_tab.draw()
        self._mark_lines()
        self._fit()

    def identify_peak(self, kev: float) -> None:
        """List what the peak of the main spectrum at an energy (keV) could be."""
        main = self.curves_tab.main()
        if main is not None:
            select_tab(self.tabs, "Lines")
            self.lines_tab.identify(kev, main.counts)

    def _mark_lines(self) -> None:
        self.lines_tab.set_families(self.pixel_tab.families())

    def _move_line(self, key: str, kev: float) -> None:
        main = self.curves_tab.main()
        if main is not None:
            self.energy_tab.move_line(key, kev, main.counts)

    def _fit(self) -> None:
        """Fit the main spectrum in a thread."""
        scan, main = self.scan, self.curves_tab.main()
        if scan is None or main is None or not self.plot.fit_box.isChecked():
            self.plot.set_fit(None)
            return
        counts, axis = main.counts, scan.cube.energies.kev
        conditions = Conditions.of(scan.cube.acquisition)
        more = self.pixel_tab.unexpected_families()

        def compute() -> tuple[NDArray[np.float64], FitCurves]:
            from napari_xrf_pigments.fitting.pixel_fit import fit_pixel

            fit = fit_pixel(counts, axis, conditions, more=more, bin_kev=0.0)
            residual = (fit.counts - fit.model) / np.sqrt(np.maximum(fit.variance, 1.0))
            return counts, FitCurves(fit.kev, fit.model, fit.continuum, residual)

        self._fitting.submit(compute)

    def _take_fit(self, result: tuple[NDArray[np.float64], FitCurves]) -> None:
        main = self.curves_tab.main()
        if main is not None and main.counts is result[0]:
            self.plot.set_fit(result[1])

    def _show_fit_failure(self, sentence: str) -> None:
        self.plot.set_fit(None)
        self.session.show_error(sentence)

    def _on_pixel(self, scan: Scan, y: int, x: int) -> None:
        if scan is self.scan:
            self.pixel_tab.set_pixel((y, x))

    def _on_totals(self, scan: Scan) -> None:
        if scan is self.scan:
            self.curves_tab.update_totals()
            main = self.curves_tab.main()
            if main is not None and main.key.startswith("whole:"):
                self.draw()

    def _on_results(self, kind: str) -> None:
        if self.pixel_tab.place is None:
            return
        if kind == "elements":
            self._mark_lines()
        elif self.pixel_tab.maps is None:
            self.pixel_tab.read()

    def _theme(self, event: Any = None) -> None:
        if not isalive(self.plot):
            return
        theme = get_theme(self.viewer.theme)
        self.plot.set_colours(theme.background.as_hex("long"), theme.text.as_hex("long"))
        self.curves_tab.draw()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Put plot and tabs side by side where the dock is wider than high."""
        super().resizeEvent(event)
        wide = self.width() > 1.4 * self.height()
        orientation = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if orientation != self.splitter.orientation() or self._unsized:
            self._unsized = False
            self.splitter.setOrientation(orientation)
            self.splitter.setSizes([700, 300] if wide else [460, 540])


def _scrolled(view: QWidget) -> QScrollArea:
    """Put a view into a scroll area, so that no tab sets the height of the dock."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumWidth(view.minimumSizeHint().width())
    area.setWidget(view)
    return area
