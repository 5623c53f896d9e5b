"""The Pixel tab: predictions for the selected pixel, their evidence, and unassigned peaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QEvent, QObject, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_xrf_pigments.fitting.conditions import Conditions
from napari_xrf_pigments.fitting.lineshape import fwhm_kev
from napari_xrf_pigments.physics.lines import line_family
from napari_xrf_pigments.pigments import display
from napari_xrf_pigments.pigments.catalogue import certain_families
from napari_xrf_pigments.pigments.display import format_probability

from ..docks.base import ScrolledContent
from ..state.scan import Pin
from ..tasks import LatestOnly
from .plot import Band, SpectrumPlot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_xrf_pigments.cube import PigmentMaps, XRFCube
    from napari_xrf_pigments.fitting.unexpected_peaks import UnexpectedPeak
    from napari_xrf_pigments.mapping.explanation import Evidence, Explanation

    from ..layers.region_masks import Region
    from ..state.scan import Scan
    from ..state.services import Services
    from ..state.session import Session

HINT = "Click a pixel to see its spectrum; until then, this is the sum of the whole scan."
NOTHING_OPEN = "Open a scan, then click a pixel to see its spectrum."
_MOST_ALTERNATIVES = 6
#: Less probable pigments are not listed.
LISTED_FROM = 0.1
MOST_BARS = 12


@dataclass(frozen=True)
class Bar:
    """The probability of a pigment or a group.

    Parameters
    ----------
    title : str
        Display name.
    colour : str
        ``"#rrggbb"``.
    value : float
        Probability in any layer, 0-1.
    top, below : float or None
        Probabilities in the top layer and below it; None for groups.
    kind, name : str
        ``"group"`` or ``"pigment"``, and the id.
    """

    title: str
    colour: str
    value: float
    top: float | None = None
    below: float | None = None
    kind: str = ""
    name: str = ""

    @property
    def depth(self) -> str:
        """The most probable layers, in words."""
        if self.top is None or self.below is None:
            return ""
        words = [word for word, p in (("top", self.top), ("below", self.below)) if p >= 0.5]
        return " + ".join(words)


def bars_of(maps: PigmentMaps) -> list[Bar]:
    """Return the bars of one spectrum, the most probable first.

    A group gets a bar of its own where it is certain but none of its members is.

    Parameters
    ----------
    maps : PigmentMaps
        The prediction, arrays (pigment, 1) and (group, 1).
    """
    here = {name: float(p) for name, p in zip(maps.names, maps.probability[:, 0], strict=True)}
    top = {name: float(p) for name, p in zip(maps.names, maps.top[:, 0], strict=True)}
    below = {name: float(p) for name, p in zip(maps.names, maps.below[:, 0], strict=True)}
    bars = []
    for group, value in zip(maps.groups, maps.group_probability[:, 0], strict=True):
        members = display.group_members(group)
        best = max((here.get(name, 0.0) for name in members), default=0.0)
        if len(members) > 1 and value >= 0.5 > best:
            title, colour = display.group_title(group), display.group_colour(group)
            bars.append(Bar(title, colour, float(value), kind="group", name=group))
    for name, value in here.items():
        if value >= LISTED_FROM:
            title, colour = display.pigment_title(name), display.pigment_colour(name)
            bars.append(Bar(title, colour, value, top[name], below[name], "pigment", name))
    return sorted(bars, key=lambda bar: -bar.value)[:MOST_BARS]


class ProbabilityBars(QWidget):
    """A column of bars with names, percentages and layers.

    Signals
    -------
    bar_pointed : int
        Number of the bar under the mouse; -1 for none.
    bar_clicked : int
        Number of a clicked bar.
    """

    ROW = 20
    bar_pointed = Signal(int)
    bar_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars: tuple[Bar, ...] = ()
        self.empty_text = ""
        self.selected = -1
        self._pointed = -1
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def set_bars(self, bars: Sequence[Bar], empty_text: str = "") -> None:
        """Show bars, or a text where there are none."""
        self.bars = tuple(bars)
        self.selected = self._pointed = -1
        self.empty_text = empty_text
        self.setMinimumHeight(self.sizeHint().height())
        self.updateGeometry()
        self.update()

    def select(self, row: int) -> None:
        """Highlight a bar; -1 for none."""
        self.selected = row
        self.update()

    def row_at(self, position: QPointF) -> int:
        """Return the number of the bar at a position; -1 for none."""
        row = int((position.y() - 2) // self.ROW)
        return row if 0 <= row < len(self.bars) else -1

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Emit the bar under the mouse."""
        if event is not None:
            self._point(self.row_at(event.position()))

    def leaveEvent(self, event: QEvent | None) -> None:
        """Emit that no bar is under the mouse."""
        self._point(-1)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Select and emit the clicked bar."""
        if event is not None and (row := self.row_at(event.position())) >= 0:
            self.select(row)
            self.bar_clicked.emit(row)

    def _point(self, row: int) -> None:
        if row != self._pointed:
            self._pointed = row
            self.update()
            self.bar_pointed.emit(row)

    def sizeHint(self) -> QSize:
        """Return the size of all rows."""
        return QSize(280, max(2, len(self.bars)) * self.ROW + 4)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the rows."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().windowText().color()
        if not self.bars:
            painter.setPen(text)
            flags = Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(2, 2, -2, -2), int(flags), self.empty_text)
            return
        for row, bar in enumerate(self.bars):
            self._paint_row(painter, row, bar, text)

    def _paint_row(self, painter: QPainter, row: int, bar: Bar, text: QColor) -> None:
        metrics = painter.fontMetrics()
        names = max(metrics.horizontalAdvance(entry.title) for entry in self.bars) + 8
        names = min(names, int(0.45 * self.width()))
        depths = metrics.horizontalAdvance("top + below") + 8
        numbers = metrics.horizontalAdvance("100 %") + 8
        y, height = row * self.ROW + 2, self.ROW - 4
        length = max(20, self.width() - names - depths - numbers)
        line = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        if row in (self.selected, self._pointed):
            shade = QColor(text)
            shade.setAlpha(50 if row == self.selected else 25)
            painter.fillRect(QRectF(0, y - 1, self.width(), height + 2), shade)
        painter.setPen(text)
        title = metrics.elidedText(bar.title, Qt.TextElideMode.ElideRight, names - 6)
        painter.drawText(QRectF(2, y, names, height), int(line), title)
        frame = QRectF(names, y + 1, length, height - 2)
        painter.setPen(QColor("#808080"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(frame)
        painter.setBrush(QColor(bar.colour))
        painter.drawRect(QRectF(names, y + 1, max(1.0, bar.value * length), height - 2))
        painter.setPen(text)
        x = names + length + 6
        painter.drawText(QRectF(x, y, numbers, height), int(line), f"{round(100 * bar.value)} %")
        painter.drawText(QRectF(x + numbers, y, depths, height), int(line), bar.depth)


class PixelPanel(QWidget):
    """Position, radius, probabilities and evidence.

    Signals
    -------
    radius_changed : int
        Radius in pixels over which spectra are averaged.
    pin_requested
        Keep the spectrum of the pixel in the plot.
    """

    radius_changed = Signal(int)
    pin_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.position = _label()
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
        self.results = ScrolledContent(inside, least_height=50)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 4, 2, 0)
        layout.setSpacing(4)
        layout.addWidget(self.position)
        layout.addLayout(row)
        layout.addWidget(self.results, 1)
        self.radius.valueChanged.connect(self.radius_changed.emit)
        self.pin.clicked.connect(lambda: self.pin_requested.emit())


def _label() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


@dataclass(frozen=True)
class _Request:
    """The spectrum that a result belongs to: after a later request it is obsolete."""

    scan: Scan
    cube: XRFCube
    y: int
    x: int
    radius: int
    region: Region | None = None


class PixelTab(QObject):
    """Reads the spectrum of the selected pixel and shows predictions and evidence.

    Parameters
    ----------
    session : Session
        Provides the functions that predict and explain, and receives errors.
    plot : SpectrumPlot
        The bands of the evidence are drawn there.

    Signals
    -------
    spectrum_read : str, ndarray, int
        Name and counts, shape (channel,), of the spectrum of the pixel or region, and the number
        of pixels of which it is the mean.
    maps_changed
        The prediction for the pixel changed.
    explained
        Evidence and fit of the spectrum were computed.
    """

    spectrum_read = Signal(str, object, int)
    maps_changed = Signal()
    explained = Signal()

    def __init__(self, session: Session, plot: SpectrumPlot) -> None:
        super().__init__()
        self._session, self._plot = session, plot
        self.view = PixelPanel()
        self.scan: Scan | None = None
        self.explanation: Explanation | None = None
        self.maps: PigmentMaps | None = None
        self._pixel: tuple[int, int] | None = None
        self._region: Region | None = None
        self._reading = LatestOnly(self._take_spectrum, session.show_error)
        self._predicting = LatestOnly(self._take_maps, self._show_failure)
        self._explaining = LatestOnly(self._take_explanation)
        self.view.radius_changed.connect(lambda radius: self.read())
        self.view.bars.bar_pointed.connect(self._show_evidence)
        self.view.bars.bar_clicked.connect(self._show_evidence)

    @property
    def place(self) -> Pin | None:
        """The selected pixel and the radius around it; None where none is selected."""
        if self._pixel is None or self._region is not None:
            return None
        return Pin(*self._pixel, self.view.radius.value())

    def close(self) -> None:
        """Receive no results any more."""
        for request in (self._reading, self._predicting, self._explaining):
            request.cancel()

    def set_scan(self, scan: Scan | None) -> None:
        """Show another scan, and the pixel last selected in it."""
        self.scan = scan
        self.set_pixel(None if scan is None else scan.pixel)

    def set_pixel(self, pixel: tuple[int, int] | None) -> None:
        """Show another pixel (y, x), or none."""
        self._pixel, self._region = pixel, None
        self.view.results.scroll_to_top()
        self.read()

    def set_region(self, region: Region) -> None:
        """Show a region, whose summed spectrum is predicted and explained like a pixel."""
        self._region = region
        self.view.results.scroll_to_top()
        self.read()

    def families(self) -> list[str]:
        """Return the line families mapped or predicted at the pixel."""
        families: list[str] = []
        if self.scan is not None and (self._pixel is not None or self._region is not None):
            if self.scan.elements is not None and self._pixel is not None and not self._region:
                families += self.scan.elements.significant(*self._pixel)
            if self.maps is not None:
                maps = self.maps
                families += certain_families(
                    _probable(maps.names, maps.probability),
                    _probable(maps.groups, maps.group_probability),
                )
        return families

    def unexpected_families(self) -> tuple[str, ...]:
        """Return the line families of the unassigned peaks of the spectrum."""
        peaks = () if self.explanation is None else self.explanation.unexplained
        return tuple(peak.family for peak in peaks if peak.family)

    def read(self) -> None:
        """Read the spectrum of the pixel in a thread, and predict from it."""
        scan = self.scan
        self.explanation = self.maps = None
        self._plot.set_bands(())
        self.view.evidence.setText("")
        self.view.unexplained.setText("")
        self.view.pin.setEnabled(scan is not None and self.place is not None)
        if scan is not None and self._region is not None:
            self._read_region(scan, self._region)
            return
        if scan is None or self._pixel is None:
            self.view.position.setText(HINT if scan is not None else NOTHING_OPEN)
            self.view.bars.set_bars((), "")
            return
        request = _Request(scan, scan.cube, *self._pixel, self.view.radius.value())
        y, x, radius = request.y, request.x, request.radius
        self.view.position.setText(scan.describe_position(y, x, radius))
        self._reading.submit(lambda: (request, request.cube.spectrum(y, x, radius)))
        results = scan.pigments
        if (
            results is not None
            and results.is_predicted(y, x)
            and not radius
            and not scan.stale_reason_of("pigments")
        ):
            self._show_maps(results.maps_at(y, x))
        else:
            self.view.bars.set_bars((), "Computing the prediction for this pixel ...")

    def _read_region(self, scan: Scan, region: Region) -> None:
        request = _Request(scan, scan.cube, 0, 0, 0, region)
        self.view.position.setText(f"Region {region.name}")
        self.view.bars.set_bars((), "Computing the prediction for this region ...")
        self._reading.submit(lambda: (request, request.cube.region_spectrum(region.mask, "sum")))

    def _take_spectrum(self, result: tuple[_Request, NDArray[np.float64]]) -> None:
        request, counts = result
        if not self._is_current(request):
            return
        services = self._session.services
        if request.region is not None:
            pixels = max(1, int(request.region.mask.sum()))
            name = request.region.name
            self.view.position.setText(
                f"Region {name}  ·  {pixels:,} pixels  ·  {float(counts.sum()):,.0f} counts"
            )
            self.spectrum_read.emit(f"Region {name}, mean", counts / pixels, pixels)
            self._predicting.submit(lambda: (request, services.predict(request.cube, counts)))
            self._explaining.submit(lambda: (request, services.explain(request.cube, counts), 1.0))
            return
        y, x, radius = request.y, request.x, request.radius
        text = request.scan.describe_position(y, x, radius, float(counts.sum()))
        self.view.position.setText(text)
        pixels = request.scan.pixels_within(y, x, radius)
        self.spectrum_read.emit(Pin(y, x, radius).title("Pixel"), counts, pixels)
        # A mean is no spectrum of counts: the prediction is for the sum.
        total = counts * pixels
        if self.maps is None:
            self._predicting.submit(lambda: (request, services.predict(request.cube, total)))
        results = request.scan.pigments
        if self.maps is not None and results is not None and results.context:
            # The prediction of the map is for more than this spectrum.
            self._explaining.submit(lambda: _explain_pooled(request, services))
        else:
            self._explaining.submit(lambda: (request, services.explain(request.cube, total), 1.0))

    def _take_maps(self, result: tuple[_Request, PigmentMaps]) -> None:
        request, maps = result
        if self._is_current(request) and self.maps is None:
            self._show_maps(maps)

    def _show_failure(self, sentence: str) -> None:
        if self.maps is None:
            self.view.bars.set_bars((), sentence)

    def _show_maps(self, maps: PigmentMaps) -> None:
        self.maps = maps
        self.view.bars.set_bars(bars_of(maps), "No pigment is likely here.")
        self.maps_changed.emit()

    def _take_explanation(self, result: tuple[_Request, Explanation | None, float]) -> None:
        request, explanation, pixels = result
        if not self._is_current(request) or explanation is None:
            return
        if pixels > 1:
            text = f"predicted together with {pixels - 1:.0f} similar neighbours"
            self.view.position.setText(f"{self.view.position.text()}  ·  {text}")
        self.explanation = explanation
        if self.maps is None:
            self._show_maps(explanation.maps)
        self.view.unexplained.setText(unexplained_html(explanation.unexplained))
        if self.view.bars.bars and self.view.bars.selected < 0:
            self.view.bars.select(0)
        self._show_evidence(-1)
        self.explained.emit()

    def _show_evidence(self, row: int) -> None:
        """Show the evidence for a bar; for -1, that for the selected one."""
        bars = self.view.bars
        row = row if row >= 0 else bars.selected
        bar: Bar | None = bars.bars[row] if 0 <= row < len(bars.bars) else None
        bands: list[Band] = []
        if bar is None or self.explanation is None or self.scan is None:
            self.view.evidence.setText("")
        elif (evidence := self.explanation.evidence_for(bar.kind, bar.name)) is None:
            self.view.evidence.setText(
                f"<b>{bar.title}</b> is below the threshold; no evidence was computed."
            )
        else:
            self.view.evidence.setText(evidence_html(evidence, bar.top, bar.below))
            resolution = Conditions.of(self.scan.cube.acquisition).fwhm_mn_ka_ev
            bands = bands_of(evidence, lambda kev: float(fwhm_kev(np.array([kev]), resolution)[0]))
        self._plot.set_bands(bands)

    def _is_current(self, request: _Request) -> bool:
        scan, region = self.scan, request.region
        if scan is not request.scan or scan.cube is not request.cube or self._region is not region:
            return False
        return region is not None or self.place == Pin(request.y, request.x, request.radius)


def _explain_pooled(
    request: _Request, services: Services
) -> tuple[_Request, Explanation | None, float]:
    counts, pixels = services.pooled_spectrum(request.cube, request.y, request.x)
    return request, services.explain(request.cube, counts), pixels


def _probable(names: Sequence[str], probability: NDArray[np.float32]) -> list[str]:
    """Return the names whose probability, shape (name, 1), is at least one half."""
    return [name for name, value in zip(names, probability[:, 0], strict=True) if value >= 0.5]


def bands_of(evidence: Evidence, fwhm_kev: Callable[[float], float]) -> list[Band]:
    """Return bands over the lines of some evidence, as wide as the lines appear.

    Parameters
    ----------
    evidence : Evidence
        Lines without counts get no band.
    fwhm_kev : callable
        Full width at half maximum, keV, of a line at an energy in keV.
    """
    bands = []
    for line in evidence.lines:
        if line.counts <= 0:
            continue
        family = line_family(line.family, 120.0)
        colour = display.element_colour(line.family)
        for entry, strength in zip(family.lines, family.strength, strict=True):
            if strength > 0.08:
                half = 0.6 * fwhm_kev(entry.kev)
                bands.append(Band(entry.kev - half, entry.kev + half, colour))
    return _merge_overlapping(bands)


def evidence_html(evidence: Evidence, top: float | None = None, below: float | None = None) -> str:
    """Describe evidence and alternatives of a prediction as HTML."""
    is_group = evidence.kind == "group"
    title = (display.group_title if is_group else display.pigment_title)(evidence.name)
    parts = [f"<b>{escape(title)}</b>: {format_probability(evidence.probability)}"]
    if top is not None and below is not None:
        parts[0] += f" (top {format_probability(top)}, below {format_probability(below)})"
    lines = ", ".join(
        f"<b>{line.family}</b> at {line.kev:.2f} keV ({line.counts:,.0f} ± {line.sigma:,.0f})"
        for line in evidence.lines
    )
    if lines:
        without = format_probability(evidence.without)
        parts.append(f"Evidence: {lines}. Probability without these lines: {without}.")
    else:
        parts.append("No single element supports it.")
    others = [escape(display.pigment_title(name)) for name in evidence.alternatives]
    if is_group:
        parts.append(f"One or more of: {_abridged(others)}.")
    elif others:
        parts.append(f"Same elements: {_abridged(others)}.")
    mixtures = [
        " with ".join(escape(display.group_title(group).lower()) for group in pair)
        for pair in evidence.mixtures
    ]
    if mixtures:
        parts.append(f"Or a mixture: {'; '.join(mixtures)}.")
    return "<br>".join(parts)


def unexplained_html(peaks: Sequence[UnexpectedPeak]) -> str:
    """Describe the unassigned peaks of a spectrum as HTML; empty where there are none."""
    if not peaks:
        return ""
    names = [
        f"{peak.kev:.2f} keV ({peak.sigma:.0f} σ" + (f"; {peak.family}?)" if peak.family else ")")
        for peak in peaks
    ]
    noun = "peak" if len(names) == 1 else "peaks"
    return f"<b>Unassigned {noun}</b> at {', '.join(names)}; check neighbouring pixels."


def _abridged(names: Sequence[str]) -> str:
    more = len(names) - _MOST_ALTERNATIVES
    shown = ", ".join(names[:_MOST_ALTERNATIVES])
    return f"{shown} and {more} more" if more > 0 else shown


def _merge_overlapping(bands: list[Band]) -> list[Band]:
    merged: list[Band] = []
    for band in sorted(bands, key=lambda b: (b.colour, b.low)):
        last = merged[-1] if merged else None
        if last is not None and last.colour == band.colour and band.low <= last.high:
            merged[-1] = Band(last.low, max(last.high, band.high), band.colour)
        else:
            merged.append(band)
    return merged
