"""The Lines tab: a periodic table to mark element lines, and names for a clicked peak."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QSize, Qt, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_xrf_pigments.fitting.conditions import Conditions
from napari_xrf_pigments.pigments.display import element_colour

from ..tasks import LatestOnly
from .plot import MarkedLine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_xrf_pigments.fitting.peak_identification import PeakName
    from napari_xrf_pigments.fitting.pixel_fit import PixelFit

    from ..state.scan import Scan
    from ..state.session import Session

HINT = "Click a peak in the plot to identify it."
#: Net counts over their standard deviation from which an element is present.
_SIGNIFICANT = 5.0
_ROWS = (
    "H                                                  He",
    "Li Be                               B  C  N  O  F  Ne",
    "Na Mg                               Al Si P  S  Cl Ar",
    "K  Ca Sc Ti V  Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr",
    "Rb Sr Y  Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I  Xe",
    "Cs Ba La Hf Ta W  Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn",
    "         Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu",
    "         Th Pa U",
)
_SYMBOLS = tuple(" ".join(_ROWS).split())
#: Elements whose lines are absorbed before the detector.
_UNDETECTABLE = frozenset("H He Li Be B C N O F Ne".split())


class _Cell(QToolButton):
    """A button without margins."""

    def sizeHint(self) -> QSize:
        return QSize(20, 20)

    def minimumSizeHint(self) -> QSize:
        return QSize(14, 17)


class PeriodicTable(QWidget):
    """A periodic table whose elements can be ticked.

    Signals
    -------
    ticked_changed : tuple of str
        Symbols of the ticked elements.
    """

    ticked_changed = Signal(tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cells: dict[str, _Cell] = {}
        self._ticked: set[str] = set()
        self._present: set[str] = set()
        self._style()

    @property
    def cells(self) -> dict[str, _Cell]:
        """The buttons by symbol, made when the table is first shown: a hundred take a while."""
        if not self._cells:
            grid = QGridLayout(self)
            grid.setSpacing(1)
            grid.setContentsMargins(0, 0, 0, 0)
            for row, text in enumerate(_ROWS):
                for column in range(18):
                    symbol = text[3 * column : 3 * column + 3].strip()
                    if symbol:
                        grid.addWidget(self._cell(symbol), row, column)
        return self._cells

    def ticked(self) -> tuple[str, ...]:
        """Return the ticked symbols, in the order of the table."""
        return tuple(symbol for symbol in _SYMBOLS if symbol in self._ticked)

    def set_ticked(self, symbols: Iterable[str]) -> None:
        """Tick these elements and no others."""
        self._ticked = set(symbols).intersection(_SYMBOLS)
        for symbol, cell in self._cells.items():
            cell.blockSignals(True)
            cell.setChecked(symbol in self._ticked)
            cell.blockSignals(False)

    def set_present(self, symbols: Iterable[str]) -> None:
        """Show the elements present in the spectrum in bold."""
        present = set(symbols)
        changed, self._present = present ^ self._present, present
        for symbol in changed & self._cells.keys():
            self._embolden(self._cells[symbol], symbol in present)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Make the buttons before the table is shown."""
        _ = self.cells
        super().showEvent(event)

    def sizeHint(self) -> QSize:
        """Return the size of the buttons, which may not exist yet."""
        return QSize(18 * 21, len(_ROWS) * 21)

    def minimumSizeHint(self) -> QSize:
        """Return the least size of the buttons, which may not exist yet."""
        return QSize(18 * 15, len(_ROWS) * 18)

    def _cell(self, symbol: str) -> _Cell:
        cell = _Cell()
        cell.setText(symbol)
        cell.setCheckable(True)
        cell.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        cell.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        cell.setEnabled(symbol not in _UNDETECTABLE)
        cell.setAccessibleName(symbol)
        cell.setChecked(symbol in self._ticked)
        self._embolden(cell, symbol in self._present)
        cell.toggled.connect(lambda on: self._tick(symbol, on))
        self._cells[symbol] = cell
        return cell

    def _tick(self, symbol: str, on: bool) -> None:
        if on:
            self._ticked.add(symbol)
        else:
            self._ticked.discard(symbol)
        self.ticked_changed.emit(self.ticked())

    @staticmethod
    def _embolden(cell: _Cell, bold: bool) -> None:
        font = cell.font()
        font.setBold(bold)
        font.setUnderline(bold)
        cell.setFont(font)

    def _style(self) -> None:
        self.setStyleSheet(
            "QToolButton { padding: 0px; margin: 0px; border-radius: 2px; font-size: 9px; }"
            "QToolButton:checked { background-color: #d07a1e; color: white; }"
        )


@dataclass(frozen=True)
class PeakRow:
    """A name that a peak could have.

    Parameters
    ----------
    label : str
        Such as ``"Fe Kα"``.
    kev : float
        Energy of the line, keV.
    reason : str
        Why it is likely or not.
    share : float
        Score relative to the best name, 0-1.
    """

    label: str
    kev: float
    reason: str
    share: float


class PeakList(QWidget):
    """Names that a peak could have, to select one.

    Signals
    -------
    selected : int
        Number of the selected name.
    """

    selected = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel(HINT)
        self.title.setWordWrap(True)
        self.items = QListWidget()
        self.items.setMinimumHeight(60)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.title)
        layout.addWidget(self.items, 1)
        self.items.currentRowChanged.connect(self._on_row)

    def set_rows(self, title: str, rows: Sequence[PeakRow]) -> None:
        """Show names below a title."""
        self.title.setText(title or HINT)
        self.items.blockSignals(True)
        self.items.clear()
        for row in rows:
            item = QListWidgetItem(f"{row.label}  ·  {row.kev:.2f} keV  ·  {_words(row.share)}")
            item.setToolTip(row.reason)
            self.items.addItem(item)
        self.items.blockSignals(False)

    def _on_row(self, row: int) -> None:
        if row >= 0:
            self.selected.emit(row)


def _words(share: float) -> str:
    return "fits" if share > 0.6 else "possible" if share > 0.25 else "unlikely"


class LinesTab(QObject):
    """Chooses element lines to be marked in the plot, and identifies peaks.

    Parameters
    ----------
    session : Session
        Receives errors.

    Signals
    -------
    marks_changed
        Other lines are to be marked: see the attributes.
    peak_selected : float
        Energy, keV, of the line that was selected for a peak.

    Attributes
    ----------
    families : tuple of str
        Line families of the ticked elements and of the selected peak.
    peak_mark : MarkedLine or None
        The selected peak.
    """

    marks_changed = Signal()
    peak_selected = Signal(float)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.families: tuple[str, ...] = ()
        self.peak_mark: MarkedLine | None = None
        self.scan: Scan | None = None
        self.table = PeriodicTable()
        self.peaks = PeakList()
        self.view = QWidget()
        column = QVBoxLayout(self.view)
        column.setContentsMargins(2, 4, 2, 0)
        column.setSpacing(4)
        column.addWidget(self.table)
        column.addWidget(self.peaks, 1)
        self._names: tuple[PeakName, ...] = ()
        self._selected_peak: PeakName | None = None
        self._naming = LatestOnly(self._take_names, session.show_error)
        self.table.ticked_changed.connect(lambda symbols: self.update_marks())
        self.peaks.selected.connect(self._select)

    def close(self) -> None:
        """Receive no results any more."""
        self._naming.cancel()

    def set_scan(self, scan: Scan | None) -> None:
        """Remove what belongs to another scan."""
        self.scan = scan
        self._names, self._selected_peak = (), None
        self.peaks.set_rows("", ())
        self.table.set_present(())

    def identify(self, kev: float, counts: NDArray[np.float64]) -> None:
        """Find in a thread what the peak of a spectrum at an energy (keV) could be."""
        if self.scan is None:
            return
        axis = self.scan.cube.energies.kev
        conditions = Conditions.of(self.scan.cube.acquisition)

        def compute() -> tuple[tuple[float, float, float], tuple[PeakName, ...]]:
            from napari_xrf_pigments.fitting.peak_identification import measure_peak, name_peak

            peak = measure_peak(kev, counts, axis, conditions)
            return peak, name_peak(kev, counts, axis, conditions)

        self.peaks.set_rows(f"Identifying the peak at {kev:.2f} keV ...", ())
        self._naming.submit(compute)

    def set_present(self, fit: PixelFit) -> None:
        """Highlight in the table the elements that a fit finds significant."""
        significant = [name for name in fit.names if _is_significant(fit, name)]
        self.table.set_present(name.split()[0] for name in significant)

    def update_marks(self) -> None:
        """Update the lines to be marked, those of ticked elements and of the selected peak."""
        peak = self._selected_peak
        self.families = tuple(
            f"{symbol} {shell}" for symbol in self.table.ticked() for shell in "KLM"
        )
        self.peak_mark = None
        if peak is not None:
            self.families += (peak.family,) if peak.family else ()
            colour = element_colour(peak.family) if peak.family else "#c0c0c0"
            self.peak_mark = MarkedLine(peak.label, peak.kev, colour)
        self.marks_changed.emit()

    def _take_names(self, result: tuple[tuple[float, float, float], tuple[PeakName, ...]]) -> None:
        (kev, net, noise), names = result
        self._names, self._selected_peak = names, None
        best = max((name.score for name in names), default=1.0) or 1.0
        rows = [
            PeakRow(name.label, name.kev, name.reason, name.score / max(best, 0.2))
            for name in names
        ]
        title = f"The peak at {kev:.2f} keV ({net:,.0f} ± {noise:,.0f} counts) could be:"
        if net < _SIGNIFICANT * noise:
            title = f"No clear peak at {kev:.2f} keV; lines near it:"
        self.peaks.set_rows(title if rows else f"No known line at {kev:.2f} keV.", rows)
        self.update_marks()

    def _select(self, row: int) -> None:
        self._selected_peak = self._names[row]
        self.update_marks()
        self.peak_selected.emit(self._names[row].kev)


def _is_significant(fit: PixelFit, name: str) -> bool:
    if not fit.family(name).any():
        return False
    net, sigma = fit.net(name)
    return bool(net > _SIGNIFICANT * sigma)
