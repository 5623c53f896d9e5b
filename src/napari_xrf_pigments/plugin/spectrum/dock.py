"""The Spectrum dock: a plot of spectra, and tabs for pixel, spectra, lines and energy axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.theme import get_theme
from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QSizePolicy, QSplitter, QTabWidget

from napari_xrf_pigments.fitting.conditions import Conditions
from napari_xrf_pigments.physics.lines import visible_series
from napari_xrf_pigments.pigments.display import element_colour

from ..docks.base import ScanDock, ScrolledContent
from ..state.scan import Curve, Scan
from ..state.session import Session
from ..tasks import LatestOnly
from ..widgets.restore import select_key, select_tab, set_checked, set_number, tab_title
from .canvas import FitCurves
from .curves_tab import CurvesTab
from .energy_tab import EnergyTab
from .lines_tab import LinesTab
from .manual_calibration import MAIN_SHARE
from .pixel_tab import PixelTab
from .plot import DrawnCurve, MarkedLine, SpectrumPlot

if TYPE_CHECKING:
    from napari.viewer import Viewer
    from numpy.typing import NDArray

    from napari_xrf_pigments.cube import EnergyAxis

    from ..layers.region_masks import Region


class SpectrumDock(ScanDock):
    """Spectra of the selected pixel, of pinned pixels, of regions and of the whole scan.

    The tabs do not know one another: they emit signals, which this dock connects.
    """

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.plot = SpectrumPlot()
        self.pixel_tab = PixelTab(self.session, self.plot)
        self.curves_tab = CurvesTab(self.viewer, self.session, self.plot)
        self.lines_tab = LinesTab(self.session)
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
            # The Pixel tab keeps the position in view and scrolls the results below it.
            scrolled = view if view is self.pixel_tab.view else ScrolledContent(view)
            self.tabs.addTab(scrolled, title)
            self.tabs.setTabToolTip(self.tabs.count() - 1, tip)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.splitter.addWidget(self.plot)
        self.splitter.addWidget(self.tabs)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.add_expanding(self.splitter)
        self._unsized = True
        self._preview: EnergyAxis | None = None
        #: Line family clicked in the list of elements.
        self._selected_family = ""
        #: Counts of a spectrum, and the line families found in it.
        self._named: tuple[NDArray[np.float64] | None, tuple[str, ...]] = (None, ())
        self._naming = LatestOnly(self._take_names)
        self._fitting = LatestOnly(self._take_fit, self._show_fit_failure)
        self._connect_tabs()
        self._theme()
        self.viewer.events.theme.connect(self._theme)
        self._close_with_widget()
        self.start()
        if self.scan is None:
            self.refresh()

    def _connect_tabs(self) -> None:
        pixel, curves, lines = self.pixel_tab, self.curves_tab, self.lines_tab
        pixel.spectrum_read.connect(self._show_spectrum)
        pixel.maps_changed.connect(self._mark_lines)
        pixel.explained.connect(self._update_front_tab)
        pixel.view.pin_requested.connect(lambda: curves.pin(pixel.place))
        curves.curves_changed.connect(self.draw)
        lines.marks_changed.connect(self._mark_lines)
        lines.peak_selected.connect(lambda kev: self.plot.show_near(kev, kev))
        self.energy_tab.preview_changed.connect(self._set_preview)
        self.tabs.currentChanged.connect(lambda index: self._update_front_tab())
        self.plot.peak_clicked.connect(self.identify_peak)
        self.plot.handle_moved.connect(self._move_line)
        self.plot.fit_toggled.connect(lambda checked: self._fit())
        self.connect_signal(self.session.pixel_selected, self._on_pixel)
        self.connect_signal(self.session.totals_changed, self._on_totals)
        self.connect_signal(self.session.element_selected, self._on_element)
        curves.region_requested.connect(self._explain_region)

    def _close_with_widget(self) -> None:
        # The Python objects outlive the widgets: a result received then would crash.
        tabs = (self.pixel_tab, self.curves_tab, self.lines_tab)
        requests = (self._fitting, self._naming)

        def close() -> None:
            for request in requests:
                request.cancel()
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
            self.lines_tab.update_marks()

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Show another scan."""
        if scan is before:
            return
        if before is not None:
            self.disconnect_signal(before.energies_changed, self.refresh)
            self.disconnect_signal(before.axis_judged, self.energy_tab.refresh)
            self.disconnect_signal(before.pixel_size_changed, self.energy_tab.refresh)
            self.disconnect_signal(before.results_changed, self._on_results)
        if scan is not None:
            self.connect_signal(scan.energies_changed, self.refresh)
            self.connect_signal(scan.axis_judged, self.energy_tab.refresh)
            self.connect_signal(scan.pixel_size_changed, self.energy_tab.refresh)
            self.connect_signal(scan.results_changed, self._on_results)
        self._selected_family = ""
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
        self._draw_curves()
        self._name_peaks()
        self._mark_lines()
        self._fit()

    def identify_peak(self, kev: float) -> None:
        """List what the peak of the main spectrum at an energy (keV) could be."""
        main = self._main()
        if main is not None:
            select_tab(self.tabs, "Lines")
            self.lines_tab.identify(kev, main.counts)

    def _main(self) -> Curve | None:
        return None if self.scan is None else self.scan.curves.main()

    def _show_spectrum(self, name: str, counts: NDArray[np.float64], pixels: int) -> None:
        if self.scan is not None:
            self.scan.curves.set_pixel(name, counts, pixels)
            self.draw()

    def _set_preview(self, axis: EnergyAxis | None) -> None:
        """Draw the main curve on another energy axis, too, or (None) no longer."""
        self._preview = axis
        self._draw_curves()

    def _draw_curves(self) -> None:
        """Draw the ticked curves, the main one first."""
        scan, main = self.scan, self._main()
        if scan is None or main is None:
            self.plot.set_curves(())
        else:
            kev = scan.cube.energies.kev
            ordered = [main, *(c for c in scan.curves.shown() if c.key != main.key)]
            drawn = [DrawnCurve(c.key, c.name, c.colour, kev, c.counts) for c in ordered]
            if self._preview is not None:
                name, kev = "After calibration", self._preview.kev
                drawn.append(DrawnCurve("after", name, "#ff9f40", kev, main.counts, dashed=True))
            self.plot.set_curves(drawn)
        self._update_front_tab()

    def _update_front_tab(self) -> None:
        """Update the tab in front with the spectra; a hidden tab is updated when it is shown."""
        front, found = self.tabs.tabText(self.tabs.currentIndex()), self.pixel_tab.explanation
        if front == "Spectra":
            self.curves_tab.list_curves()
        elif front == "Lines" and found is not None:
            self.lines_tab.set_present(found.fit)

    def _mark_lines(self) -> None:
        """Mark the lines found at the pixel, and those chosen in the Lines tab."""
        scan = self.scan
        if scan is None:
            self.plot.set_lines(())
            return
        families = dict.fromkeys(
            (*self.pixel_tab.families(), *self.lines_tab.families, *self._found_families())
        )
        if self._selected_family:
            families[self._selected_family] = None
        end, tube_kv = float(scan.cube.energies.kev[-1]), scan.cube.acquisition.tube_kv
        lines = [
            MarkedLine(s.label, s.kev, element_colour(s.family), main=s.strength > MAIN_SHARE)
            for s in visible_series(tuple(families), end, tube_kv)
        ]
        mark = self.lines_tab.peak_mark
        if mark is not None and all(abs(line.kev - mark.kev) > 0.02 for line in lines):
            lines.append(mark)
        self.plot.set_lines(lines)

    def _found_families(self) -> tuple[str, ...]:
        """Return the families found in the main spectrum."""
        main = self._main()
        return self._named[1] if main is not None and self._named[0] is main.counts else ()

    def _name_peaks(self) -> None:
        """Find the elements of the main spectrum in a thread, so that its peaks carry names."""
        scan, main = self.scan, self._main()
        if scan is None or main is None or self._named[0] is main.counts or not scan.checked:
            return
        if main.key.startswith("whole:") and not scan.totals.ended:
            return
        counts, cube, services = main.counts, scan.cube, self.session.services
        total = counts * main.pixels
        self._naming.submit(lambda: (counts, services.name_peaks(cube, total)))

    def _take_names(self, result: tuple[NDArray[np.float64], tuple[str, ...]]) -> None:
        self._named = result
        self._mark_lines()

    def _on_element(self, family: str) -> None:
        """Mark the lines of an element that the user clicked, and show its main line."""
        if self.scan is None:
            return
        self._selected_family = family
        self._mark_lines()

    def _explain_region(self, region: Region) -> None:
        select_tab(self.tabs, "Pixel")
        self.pixel_tab.set_region(region)

    def _move_line(self, key: str, kev: float) -> None:
        main = self._main()
        if main is not None:
            self.energy_tab.move_line(key, kev, main.counts)

    def _fit(self) -> None:
        """Fit the main spectrum in a thread."""
        scan, main = self.scan, self._main()
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
        main = self._main()
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
            main = self._main()
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
        self._draw_curves()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Put plot and tabs side by side where the dock is wider than high."""
        super().resizeEvent(event)
        wide = self.width() > 1.4 * self.height()
        orientation = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if orientation != self.splitter.orientation() or self._unsized:
            self._unsized = False
            self.splitter.setOrientation(orientation)
            self.splitter.setSizes([700, 300] if wide else [460, 540])
