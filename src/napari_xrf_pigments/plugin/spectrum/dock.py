"""The Spectrum dock: spectra, what they show, what speaks for it, and their energy axis."""

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
from napari_xrf_pigments.fitting.lineshape import fwhm_kev

from ..docks.base import ScanDock
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import LatestOnly
from ..widgets.restore import select_key, select_tab, set_checked, set_number, tab_title
from .curves_tab import CurvesPart, ask_where
from .energy_tab import EnergyPart, ask_which
from .lines_tab import LinesPart
from .pixel_tab import PixelPart
from .plot import SpectrumPlot
from .rows import FitCurves

if TYPE_CHECKING:
    from napari.viewer import Viewer


class SpectrumDock(ScanDock):
    """Spectra of the clicked pixel, of points, regions and the whole scan."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.plot = SpectrumPlot()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setUsesScrollButtons(True)
        self.pixel_part = PixelPart(self)
        self.curves_part = CurvesPart(self)
        self.lines_part = LinesPart(self)
        self.energy_part = EnergyPart(self)
        self._parts = (self.pixel_part, self.curves_part, self.lines_part, self.energy_part)
        for part, title, tip in (
            (self.pixel_part, "Pixel", "What the clicked pixel holds, and what says so"),
            (self.curves_part, "Spectra", "Which spectra are compared; save them"),
            (self.lines_part, "Lines", "Element lines, and what a peak could be"),
            (self.energy_part, "Energy", "Energy axis, anode and voltage"),
        ):
            self.tabs.addTab(_scrolled(part.view), title)
            self.tabs.setTabToolTip(self.tabs.count() - 1, tip)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.splitter.addWidget(self.plot)
        self.splitter.addWidget(self.tabs)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.add_expanding(self.splitter)
        self._unsized = True
        self._fitting = LatestOnly(self._take_fit, self._no_fit)
        self.pixel_part.view.pin_requested.connect(self.curves_part.pin)
        self.plot.fit_wanted.connect(lambda wanted: self._fit())
        self.connect_signal(self.session.pixel_selected, self._on_picked)
        self.connect_signal(self.session.totals_changed, self._on_totals)
        self._theme()
        self.refresh()
        self.viewer.events.theme.connect(self._theme)
        parts = self._parts[:3]
        fitting = self._fitting
        self.destroyed.connect(lambda: (fitting.cancel(), [part.close() for part in parts]))
        self.start()

    @property
    def bars(self) -> Any:
        """The bars of the pixel's probabilities."""
        return self.pixel_part.view.bars

    @property
    def place(self) -> Any:
        """The label that says where the pixel is."""
        return self.pixel_part.view.place

    @property
    def axis_bar(self) -> Any:
        """The bar that says which energy axis is in use."""
        return self.energy_part.axis_bar

    def show_part(self, part: Any) -> None:
        """Bring the tab of a part to the front."""
        self.tabs.setCurrentIndex(self._parts.index(part))

    def tell(self, sentence: str) -> None:
        """Say what went wrong."""
        if sentence:
            self.session.show_error(sentence)

    def ask_where(self, suffix: str, pattern: str) -> str | None:
        """Let the user choose a file to be written."""
        return ask_where(self, "Save", suffix, pattern)

    def ask_which(self, pattern: str) -> str | None:
        """Let the user choose a file to be read."""
        return ask_which(self, pattern)

    def width_of(self, kev: float) -> float:
        """Full width of a line at half its height, keV."""
        known = Conditions.of(self.scan.cube.acquisition if self.scan is not None else None)
        return float(fwhm_kev(np.array([kev]), known.fwhm_mn_ka_ev)[0])

    def save_state(self) -> dict[str, Any]:
        """Return the tab in front and the settings of plot and tabs.

        Pixel, curves and energy axis belong to the scan.
        """
        return {
            "tab": tab_title(self.tabs),
            "logarithmic": self.plot.log.isChecked(),
            "fit": self.plot.fit_box.isChecked(),
            "radius": self.pixel_part.view.radius.value(),
            "statistic": str(self.curves_part.view.statistic.currentData()),
            "elements": list(self.lines_part.table.ticked()),
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Apply the settings of :meth:`save_state`."""
        select_tab(self.tabs, state.get("tab"))
        set_checked(self.plot.log, state.get("logarithmic"))
        set_checked(self.plot.fit_box, state.get("fit"))
        set_number(self.pixel_part.view.radius, state.get("radius"))
        select_key(self.curves_part.view.statistic, state.get("statistic"))
        elements = state.get("elements")
        if isinstance(elements, list):
            self.lines_part.table.set_ticked(map(str, elements))
            self.lines_part.draw()

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
        self.pixel_part.choose(None if scan is None else scan.pixel)
        self.lines_part.reset()
        self.energy_part.reset()
        self.curves_part.reset()
        self.refresh()

    def refresh(self) -> None:
        """Show axis, spectra and what was found, all anew."""
        self.energy_part.refresh()
        self.curves_part.whole()
        self.pixel_part.read()
        self.show_again()

    def show_again(self) -> None:
        """Draw curves, lines and, where it is wanted, the fit."""
        self.curves_part.draw()
        self.lines_part.draw()
        self._fit()

    def _fit(self) -> None:
        """Fit the main spectrum in a thread."""
        scan, main = self.scan, self.curves_part.main()
        if scan is None or main is None or not self.plot.fit_box.isChecked():
            self.plot.set_fit(None)
            return
        counts, axis = main.counts, scan.cube.energies.kev
        conditions = Conditions.of(scan.cube.acquisition)
        explanation = self.pixel_part.explanation
        strangers = explanation.unexplained if explanation is not None else ()
        more = tuple(entry.family for entry in strangers if entry.family)

        def compute() -> tuple[Any, FitCurves]:
            from napari_xrf_pigments.fitting.pixel_fit import fit_pixel

            fit = fit_pixel(counts, axis, conditions, more=more, bin_kev=0.0)
            residual = (fit.counts - fit.model) / np.sqrt(np.maximum(fit.variance, 1.0))
            return counts, FitCurves(fit.kev, fit.model, fit.continuum, residual)

        self._fitting.submit(compute)

    def _take_fit(self, answer: tuple[Any, FitCurves]) -> None:
        main = self.curves_part.main()
        if main is not None and main.counts is answer[0]:
            self.plot.set_fit(answer[1])

    def _no_fit(self, sentence: str) -> None:
        self.plot.set_fit(None)
        self.tell(sentence)

    def _on_picked(self, scan: Scan, y: int, x: int) -> None:
        if scan is self.scan:
            self.pixel_part.choose((y, x))

    def _on_totals(self, scan: Scan) -> None:
        if scan is self.scan:
            self.curves_part.whole()
            main = self.curves_part.main()
            if main is not None and main.key.startswith("whole:"):
                self.show_again()

    def _on_results(self, kind: str) -> None:
        place, scan = self.pixel_part.place_of, self.scan
        if place is None or scan is None:
            return
        if kind == "elements":
            self.lines_part.draw()
        elif self.pixel_part.maps is None:
            self.pixel_part.read()

    def _theme(self, event: Any = None) -> None:
        if not isalive(self.plot):
            return
        theme = get_theme(self.viewer.theme)
        self.plot.set_colours(theme.background.as_hex("long"), theme.text.as_hex("long"))
        self.curves_part.draw()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Plot and tabs stand side by side where there is more width than height."""
        super().resizeEvent(event)
        wide = self.width() > 1.4 * self.height()
        orientation = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if orientation != self.splitter.orientation() or self._unsized:
            self._unsized = False
            self.splitter.setOrientation(orientation)
            self.splitter.setSizes([700, 300] if wide else [460, 540])


def _scrolled(view: QWidget) -> QScrollArea:
    """A view in a flat dock: what does not fit is scrolled to, and no tab makes the dock tall."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setMinimumWidth(view.minimumSizeHint().width())
    area.setWidget(view)
    return area
