"""The list of elements: ticks, line families and significance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..state.rows import ElementRow
from ..widgets.colour_swatch import swatch
from ..widgets.tree_items import set_columns, top_items

_TIPS = (
    "Click an element to show its map alone; tick the elements to map",
    "Lines whose counts are mapped",
    "Highest significance in the scan: net counts divided by their standard deviation",
)


class ElementList(QWidget):
    """A list of elements with ticks.

    Parameters
    ----------
    colour_of : callable
        Returns the colour, ``"#rrggbb"``, of a line family.
    """

    show_requested = Signal(str)
    ticks_changed = Signal()

    def __init__(self, colour_of: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour_of = colour_of
        self._rows: list[ElementRow] = []
        self.tree = QTreeWidget()
        set_columns(self.tree, ["Element", "Line", "Significance"], _TIPS)
        self.tree.setRootIsDecorated(False)
        self.tree.setMinimumHeight(90)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tree, 1)
        self.tree.itemClicked.connect(self._clicked)
        self.tree.itemChanged.connect(lambda item, column: self.ticks_changed.emit())

    def set_rows(self, rows: Sequence[ElementRow], ticked: Sequence[str] | None = None) -> None:
        """List elements; all are ticked, or only the given line families."""
        self.tree.blockSignals(True)
        self.tree.clear()
        self._rows = list(rows)
        for row in rows:
            self._add(row, ticked is None or row.family in ticked)
        self.tree.blockSignals(False)
        self.ticks_changed.emit()

    def add_rows(self, rows: Sequence[ElementRow]) -> None:
        """Add elements, ticked; for an element already listed, change its line family."""
        by_symbol = {row.family.split()[0]: row for row in self._rows}
        unticked = {row.family.split()[0] for row in self._rows} - {
            family.split()[0] for family in self.ticked()
        }
        for row in rows:
            symbol = row.family.split()[0]
            before = by_symbol.get(symbol)
            families = row.families if before is None else before.families
            families = tuple(dict.fromkeys((*families, row.family)))
            strength = None if before is None else before.strength
            by_symbol[symbol] = ElementRow(row.family, families, strength)
            unticked.discard(symbol)
        ticked = [row.family for symbol, row in by_symbol.items() if symbol not in unticked]
        self.set_rows(list(by_symbol.values()), ticked)

    def names(self) -> tuple[str, ...]:
        """Return the line family of each listed element."""
        return tuple(row.family for row in self._rows)

    def ticked(self) -> tuple[str, ...]:
        """Return the ticked line families."""
        return tuple(
            row.family
            for row, item in zip(self._rows, top_items(self.tree), strict=True)
            if item.checkState(0) == Qt.CheckState.Checked
        )

    def set_ticked(self, family: str, ticked: bool) -> None:
        """Tick or untick a line family."""
        state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
        top_items(self.tree)[self.names().index(family)].setCheckState(0, state)

    def _add(self, row: ElementRow, ticked: bool) -> None:
        symbol, shell = row.family.split()
        strength = "" if row.strength is None else f"{row.strength:,.0f}"
        item = QTreeWidgetItem([symbol, shell, strength])
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(0, Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        item.setIcon(0, swatch(self._colour_of(row.family)))
        item.setToolTip(0, _TIPS[0])
        item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.tree.addTopLevelItem(item)
        if len(row.families) > 1:
            item.setText(1, "")
            self.tree.setItemWidget(item, 1, self._shells(row))

    def _shells(self, row: ElementRow) -> QComboBox:
        box = QComboBox()
        for family in sorted(row.families):
            box.addItem(family.split()[1], family)
        box.setCurrentIndex(box.findData(row.family))
        box.setToolTip(f"Map {row.family.split()[0]} by its K, L or M lines")
        box.activated.connect(lambda index: self._select_family(box, str(box.itemData(index))))
        return box

    def _select_family(self, box: QComboBox, family: str) -> None:
        symbol = family.split()[0]
        for index, row in enumerate(self._rows):
            if row.family.split()[0] == symbol:
                self._rows[index] = replace(row, family=family)
        self.ticks_changed.emit()

    def _clicked(self, item: QTreeWidgetItem) -> None:
        self.show_requested.emit(self._rows[self.tree.indexOfTopLevelItem(item)].family)
