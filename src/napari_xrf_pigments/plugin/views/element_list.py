"""The line families to be mapped, with ticks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QSizePolicy, QVBoxLayout, QWidget

from .swatch import swatch


class ElementList(QWidget):
    """A list of line families with ticks.

    Parameters
    ----------
    colour_of : callable
        Colour of a line family, ``"#rrggbb"``.
    """

    show_requested = Signal(str)
    ticks_changed = Signal()

    def __init__(self, colour_of: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour_of = colour_of
        self.items = QListWidget()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.items, 1)
        self.items.itemClicked.connect(lambda item: self.show_requested.emit(item.text()))
        self.items.itemChanged.connect(lambda item: self.ticks_changed.emit())

    def set_names(self, names: Sequence[str]) -> None:
        """Show line families, all ticked."""
        self.items.blockSignals(True)
        self.items.clear()
        for name in names:
            item = QListWidgetItem(swatch(self._colour_of(name)), name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            item.setToolTip("Click to show this map alone")
            self.items.addItem(item)
        self.items.blockSignals(False)
        self.ticks_changed.emit()

    def names(self) -> tuple[str, ...]:
        """All line families of the list."""
        return tuple(self.items.item(row).text() for row in range(self.items.count()))

    def ticked(self) -> tuple[str, ...]:
        """The line families with a tick."""
        rows = (self.items.item(row) for row in range(self.items.count()))
        return tuple(row.text() for row in rows if row.checkState() == Qt.CheckState.Checked)

    def set_ticked(self, name: str, ticked: bool) -> None:
        """Set or take away a tick."""
        state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
        for item in self.items.findItems(name, Qt.MatchFlag.MatchExactly):
            item.setCheckState(state)
