"""A periodic table whose elements can be ticked."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QShowEvent
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
_SYMBOLS = tuple(" ".join(_ROWS).split())
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
        self._cells: dict[str, _Cell] = {}
        self._ticked: set[str] = set()
        self._present: set[str] = set()
        self._style()

    @property
    def cells(self) -> dict[str, _Cell]:
        """The buttons; made when the table is first seen: a hundred take a while."""
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
        """The ticked symbols, in the order of the table."""
        return tuple(symbol for symbol in _SYMBOLS if symbol in self._ticked)

    def set_ticked(self, symbols: Iterable[str]) -> None:
        """Tick these elements and no others."""
        self._ticked = set(symbols).intersection(_SYMBOLS)
        for symbol, cell in self._cells.items():
            cell.blockSignals(True)
            cell.setChecked(symbol in self._ticked)
            cell.blockSignals(False)

    def set_present(self, symbols: Iterable[str]) -> None:
        """Write the elements that the spectrum shows in bold."""
        present = set(symbols)
        changed, self._present = present ^ self._present, present
        for symbol in changed & self._cells.keys():
            self._embolden(self._cells[symbol], symbol in present)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Make the buttons."""
        _ = self.cells
        super().showEvent(event)

    def sizeHint(self) -> QSize:
        """That of the buttons, which may not be there yet."""
        return QSize(18 * 21, len(_ROWS) * 21)

    def minimumSizeHint(self) -> QSize:
        """That of the buttons, which may not be there yet."""
        return QSize(18 * 15, len(_ROWS) * 18)

    def _cell(self, symbol: str) -> _Cell:
        cell = _Cell()
        cell.setText(symbol)
        cell.setCheckable(True)
        cell.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        cell.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        cell.setEnabled(symbol not in _INVISIBLE)
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
