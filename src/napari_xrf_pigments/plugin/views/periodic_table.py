"""A periodic table whose elements can be ticked."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QGridLayout, QSizePolicy, QToolButton, QWidget

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
#: Lighter ones have no line that a scanner sees.
_INVISIBLE = frozenset("H He Li Be B C N O F Ne".split())


class _Cell(QToolButton):
    """A button that is as small as it is let."""

    def sizeHint(self) -> QSize:
        return QSize(20, 20)

    def minimumSizeHint(self) -> QSize:
        return QSize(14, 17)


class PeriodicTable(QWidget):
    """All elements as small buttons.

    Signals
    -------
    ticked_changed : tuple of str
        Symbols that are ticked.
    """

    ticked_changed = Signal(tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setSpacing(1)
        grid.setContentsMargins(0, 0, 0, 0)
        self.cells: dict[str, _Cell] = {}
        for row, text in enumerate(_ROWS):
            for column in range(18):
                symbol = text[3 * column : 3 * column + 3].strip()
                if symbol:
                    grid.addWidget(self._cell(symbol), row, column)
        self._style()

    def ticked(self) -> tuple[str, ...]:
        """The ticked symbols, in the order of the table."""
        return tuple(symbol for symbol, cell in self.cells.items() if cell.isChecked())

    def set_ticked(self, symbols: Iterable[str]) -> None:
        """Tick these elements and no others."""
        wanted = set(symbols)
        for symbol, cell in self.cells.items():
            cell.blockSignals(True)
            cell.setChecked(symbol in wanted)
            cell.blockSignals(False)

    def set_present(self, symbols: Iterable[str]) -> None:
        """Write the elements that the spectrum shows in bold."""
        present = set(symbols)
        for symbol, cell in self.cells.items():
            font = cell.font()
            font.setBold(symbol in present)
            font.setUnderline(symbol in present)
            cell.setFont(font)

    def _cell(self, symbol: str) -> _Cell:
        cell = _Cell()
        cell.setText(symbol)
        cell.setCheckable(True)
        cell.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        cell.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        cell.setEnabled(symbol not in _INVISIBLE)
        cell.setAccessibleName(symbol)
        cell.toggled.connect(lambda on: self.ticked_changed.emit(self.ticked()))
        self.cells[symbol] = cell
        return cell

    def _style(self) -> None:
        self.setStyleSheet(
            "QToolButton { padding: 0px; margin: 0px; border-radius: 2px; font-size: 9px; }"
            "QToolButton:checked { background-color: #d07a1e; color: white; }"
        )
