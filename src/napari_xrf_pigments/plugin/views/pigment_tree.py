"""What was found: groups that cannot always be told apart, and their members."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHeaderView,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..rows import FoundRow
from .swatch import swatch


def percent(share: float) -> str:
    """A share for people."""
    if share <= 0:
        return "-"
    return "< 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


class PigmentTree(QWidget):
    """Pigments with colour and share of the painting; a click asks for that map alone."""

    show_requested = Signal(str, str)
    _KEY = Qt.ItemDataRole.UserRole

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tree = QTreeWidget()
        self.tree.setColumnCount(2)
        self.tree.setHeaderLabels(["Found", "Share"])
        self.tree.setRootIsDecorated(True)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.headerItem().setToolTip(1, "Share of the painting over the threshold")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tree)
        self.tree.itemClicked.connect(self._clicked)

    def set_rows(self, rows: Sequence[FoundRow]) -> None:
        """Show rows, what is found first; the rest folds under *Not found*."""
        tops = [self.tree.topLevelItem(i) for i in range(self.tree.topLevelItemCount())]
        folded = {self._name(item): item.isExpanded() for item in tops}
        self.tree.clear()
        for row in (row for row in rows if row.found):
            item = self._item(row)
            self.tree.addTopLevelItem(item)
            item.setExpanded(folded.get(row.name, True))
        missing = [row for row in rows if not row.found]
        if missing:
            rest = QTreeWidgetItem([f"Not found ({len(missing)})", ""])
            rest.addChildren([self._item(row) for row in missing])
            self.tree.addTopLevelItem(rest)
            rest.setExpanded(folded.get("missing", False))

    def _item(self, row: FoundRow) -> QTreeWidgetItem:
        item = QTreeWidgetItem([row.title, percent(row.share)])
        item.setIcon(0, swatch(row.colour))
        item.setData(0, self._KEY, (row.kind, row.name))
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setToolTip(0, "Click to show this map alone")
        item.addChildren([self._item(member) for member in row.members])
        if not row.found:
            for column in (0, 1):
                item.setForeground(column, self.palette().placeholderText())
        return item

    def _name(self, item: QTreeWidgetItem) -> str:
        key = item.data(0, self._KEY)
        return str(key[1]) if key else "missing"

    def _clicked(self, item: QTreeWidgetItem) -> None:
        key = item.data(0, self._KEY)
        if key:
            self.show_requested.emit(*key)
