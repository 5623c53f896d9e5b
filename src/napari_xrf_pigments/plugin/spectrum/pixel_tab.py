"""The Spectrum dock's pixel: its spectrum, its prediction, and what speaks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ..state.curves import Pin
from ..tasks import LatestOnly
from .marks import bands_of, bars_of, evidence_html, evidence_of, unexplained_html
from .probability_bars import ProbabilityBars
from .rows import Bar

if TYPE_CHECKING:
    from ..state.scan import Scan
    from ..state.services import Services
    from .dock import SpectrumDock


class PixelPanel(QWidget):
    """Place, radius, bars and the evidence.

    Signals
    -------
    radius_changed : int
        Radius in pixels over which spectra are averaged.
    pin_requested
        The pixel shall stay in the plot.
    """

    radius_changed = Signal(int)
    pin_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.place = _label()
        self.radius = QSpinBox()
        self.radius.setRange(0, 50)
        self.radius.setSuffix(" px")
        self.radius.setToolTip("Average over all pixels within this radius; 0 is one pixel")
        self.radius.setKeyboardTracking(False)
        self.pin = QPushButton("Pin")
        self.pin.setToolTip("Keep this spectrum in the plot to compare it with others")
        self.pin.setEnabled(False)
        self.bars = ProbabilityBars()
        self.evidence = _label()
        self.unexplained = _label()
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(QLabel("Radius"))
        row.addWidget(self.radius)
        row.addStretch(1)
        row.addWidget(self.pin)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(6)
        column.addWidget(self.bars)
        column.addWidget(self.evidence)
        column.addWidget(self.unexplained)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 4, 2, 0)
        layout.setSpacing(4)
        layout.addWidget(self.place)
        layout.addLayout(row)
        layout.addWidget(scroll, 1)
        self.radius.valueChanged.connect(self.radius_changed.emit)
        self.pin.clicked.connect(lambda: self.pin_requested.emit())


def _label() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


HINT = "Click a pixel to see its spectrum; until then, this is the sum of the whole scan."
NOTHING_OPEN = "Open a scan, then click a pixel to see its spectrum."


@dataclass(frozen=True)
class _Wish:
    """What an answer is for: later wishes make it worthless."""

    scan: Any
    cube: Any
    y: int
    x: int
    radius: int


class PixelPart:
    """Follows the clicked pixel.

    Parameters
    ----------
    dock : SpectrumDock
        The dock.
    """

    def __init__(self, dock: SpectrumDock) -> None:
        self.dock = dock
        self.view = PixelPanel()
        self.explanation: Any = None
        self.maps: Any = None
        self._pixel: tuple[int, int] | None = None
        self._reading = LatestOnly(self._take_spectrum, dock.tell)
        self._predicting = LatestOnly(self._take_maps, self._no_prediction)
        self._explaining = LatestOnly(self._take_explanation)
        self.view.radius_changed.connect(lambda radius: self.read())
        self.view.bars.bar_pointed.connect(self._show_evidence)
        self.view.bars.bar_clicked.connect(self._show_evidence)

    @property
    def place_of(self) -> tuple[int, int, int] | None:
        """Row, column and radius of the pixel."""
        if self._pixel is None:
            return None
        return (*self._pixel, self.view.radius.value())

    def close(self) -> None:
        """Take no answer any more."""
        for asking in (self._reading, self._predicting, self._explaining):
            asking.cancel()

    def choose(self, pixel: tuple[int, int] | None) -> None:
        """Follow another pixel, or none."""
        self._pixel = pixel
        self.read()

    def read(self) -> None:
        """Read the pixel's spectrum in a thread and ask what it shows."""
        scan = self.dock.scan
        self.explanation = self.maps = None
        self.dock.plot.set_bands(())
        self.view.evidence.setText("")
        self.view.unexplained.setText("")
        self.view.pin.setEnabled(scan is not None and self._pixel is not None)
        if scan is None or self._pixel is None:
            self.view.place.setText(HINT if scan is not None else NOTHING_OPEN)
            self.view.bars.set_bars((), "")
            return
        wish = _Wish(scan, scan.cube, *self._pixel, self.view.radius.value())
        self.view.place.setText(place_text(scan, wish.y, wish.x, wish.radius, None))
        self._reading.submit(lambda: (wish, scan.cube.spectrum(wish.y, wish.x, wish.radius)))
        results = scan.pigments
        known = results is not None and results.is_predicted(wish.y, wish.x)
        if known and not wish.radius and not scan.stale_reason_of("pigments"):
            self._show_maps(results.maps_at(wish.y, wish.x))
        else:
            self.view.bars.set_bars((), "Asking the network about this pixel ...")

    def _take_spectrum(self, answer: tuple[_Wish, np.ndarray]) -> None:
        wish, counts = answer
        if not self._wanted(wish):
            return
        text = place_text(wish.scan, wish.y, wish.x, wish.radius, float(counts.sum()))
        self.view.place.setText(text)
        title = Pin(wish.y, wish.x, wish.radius).title("Pixel")
        self.dock.curves_part.pixel(title, counts)
        self.dock.show_again()
        # A mean is no spectrum of counts: the network is asked about the sum.
        whole = counts * pixels_within(wish.scan, wish.y, wish.x, wish.radius)
        services = self.dock.session.services
        if self.maps is None:
            self._predicting.submit(lambda: (wish, services.predict(wish.cube, whole)))
        results = wish.scan.pigments
        if self.maps is not None and results.context:
            # The map's answer is that of more than this spectrum.
            self._explaining.submit(lambda: _explained_together(wish, services))
        else:
            self._explaining.submit(lambda: (wish, services.explain(wish.cube, whole), 1.0))

    def _take_maps(self, answer: tuple[_Wish, Any]) -> None:
        wish, maps = answer
        if self._wanted(wish) and self.maps is None:
            self._show_maps(maps)

    def _no_prediction(self, sentence: str) -> None:
        if self.maps is None:
            self.view.bars.set_bars((), sentence)

    def _show_maps(self, maps: Any) -> None:
        self.maps = maps
        self.view.bars.set_bars(bars_of(maps), "No pigment is likely here.")
        self.dock.lines_part.draw()

    def _take_explanation(self, answer: tuple[_Wish, Any, float]) -> None:
        wish, explanation, pixels = answer
        if not self._wanted(wish) or explanation is None:
            return
        if pixels > 1:
            self.view.place.setText(
                f"{self.view.place.text()}  ·  answered with {pixels - 1:.0f} like neighbours"
            )
        self.explanation = explanation
        if self.maps is None:
            self._show_maps(explanation.maps)
        self.view.unexplained.setText(unexplained_html(explanation.unexplained))
        if self.view.bars.bars and self.view.bars.chosen < 0:
            self.view.bars.choose(0)
        self._show_evidence(-1)
        self.dock.lines_part.present(explanation.fit)

    def _show_evidence(self, row: int) -> None:
        """Explain a bar; without one, that which was clicked last."""
        bars = self.view.bars
        row = row if row >= 0 else bars.chosen
        bar: Bar | None = bars.bars[row] if 0 <= row < len(bars.bars) else None
        evidence = None if bar is None else evidence_of(self.explanation, bar.kind, bar.name)
        if bar is None or self.explanation is None:
            self.view.evidence.setText("")
            self.dock.plot.set_bands(())
        elif evidence is None:
            self.view.evidence.setText(
                f"<b>{bar.title}</b> is below the threshold; no evidence was computed."
            )
            self.dock.plot.set_bands(())
        else:
            self.view.evidence.setText(evidence_html(evidence, bar.top, bar.below))
            self.dock.plot.set_bands(bands_of(evidence, self.dock.width_of))

    def _wanted(self, wish: _Wish) -> bool:
        scan = self.dock.scan
        now = (*self._pixel, self.view.radius.value()) if self._pixel else None
        return scan is wish.scan and scan.cube is wish.cube and now == (wish.y, wish.x, wish.radius)


def _explained_together(wish: _Wish, services: Services) -> tuple[_Wish, Any, float]:
    counts, pixels = services.pooled(wish.cube, wish.y, wish.x)
    return wish, services.explain(wish.cube, counts), pixels


def pixels_within(scan: Scan, y: int, x: int, radius: int) -> int:
    """Measured pixels of the disc that a spectrum is the mean of."""
    if radius <= 0:
        return 1
    rows, columns, _ = scan.cube.shape
    yy, xx = np.ogrid[:rows, :columns]
    inside = (yy - y) ** 2 + (xx - x) ** 2 <= radius**2
    if scan.cube.valid is not None:
        inside &= scan.cube.valid
    return max(1, int(inside.sum()))


def place_text(scan: Scan, y: int, x: int, radius: int, total: float | None) -> str:
    """Where a pixel is and how much was counted there."""
    text = f"Pixel x {x}, y {y}"
    place = scan.millimetres(y, x)
    if place is not None:
        text += f"  ·  {place[1]:.1f} mm, {place[0]:.1f} mm"
    if radius:
        text += f"  ·  mean of {pixels_within(scan, y, x, radius)} pixels"
    return text if total is None else f"{text}  ·  {total:,.0f} counts"
