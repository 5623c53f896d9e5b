"""What was found: groups that cannot always be told apart, and their members."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtWidgets import (
    QHeaderView,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..state.rows import FoundRow, percent
from ..widgets.colour_swatch import swatch

_TIPS = (
    "Click a pigment to show its map alone",
    "Share of the painting over the threshold",
    "Mean probability where it is over the threshold",
)


class PigmentTree(QWidget):
    """Pigments with colour, share of the painting and certainty.

    A click asks for that map alone.
    """

    show_requested = Signal(str, str)
    chosen_changed = Signal()
    _KEY = Qt.ItemDataRole.UserRole
    _QUIET = Qt.ItemDataRole.UserRole + 1

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tree = QTreeWidget()
        self.tree.setColumnCount(3)
        self.tree.setHeaderLabels(["Found", "Share", "Sure"])
        self.tree.setRootIsDecorated(True)
        self.tree.setIndentation(14)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, tip in enumerate(_TIPS):
            self.tree.headerItem().setToolTip(column, tip)
            if column:
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tree)
        self.tree.itemClicked.connect(self._clicked)
        self.tree.currentItemChanged.connect(lambda item, before: self.chosen_changed.emit())
        self._rows: tuple[FoundRow, ...] = ()

    @property
    def chosen(self) -> tuple[str, str] | None:
        """Kind and name of the row that is chosen."""
        item = self.tree.currentItem()
        key = item.data(0, self._KEY) if item is not None else None
        return tuple(key) if key else None

    def set_rows(self, rows: Sequence[FoundRow]) -> None:
        """Show rows, what is found first; the rest folds under *Not found*."""
        if tuple(rows) == self._rows:
            return
        self._rows = tuple(rows)
        tops = [self.tree.topLevelItem(i) for i in range(self.tree.topLevelItemCount())]
        folded = {self._name(item): item.isExpanded() for item in tops}
        chosen, place = self.chosen, self.tree.verticalScrollBar().value()
        self.tree.blockSignals(True)
        self.tree.clear()
        for row in (row for row in rows if row.found):
            item = self._item(row)
            self.tree.addTopLevelItem(item)
            item.setExpanded(folded.get(row.name, True))
        missing = [row for row in rows if not row.found]
        if missing:
            rest = QTreeWidgetItem([f"Not found ({len(missing)})", "", ""])
            rest.addChildren([self._item(row) for row in missing])
            self.tree.addTopLevelItem(rest)
            rest.setExpanded(folded.get("missing", False))
        self._choose(chosen)
        self.tree.blockSignals(False)
        self.tree.verticalScrollBar().setValue(place)
        if self.chosen != chosen:
            self.chosen_changed.emit()

    def _choose(self, key: tuple[str, str] | None) -> None:
        pending = [self.tree.topLevelItem(i) for i in range(self.tree.topLevelItemCount())]
        while pending and key is not None:
            item = pending.pop()
            if item.data(0, self._KEY) == key:
                self.tree.setCurrentItem(item)
                return
            pending += [item.child(i) for i in range(item.childCount())]

    def _item(self, row: FoundRow) -> QTreeWidgetItem:
        sure = "" if row.certainty is None else f"{100 * row.certainty:.0f} %"
        item = QTreeWidgetItem([row.title, percent(row.share), sure])
        item.setIcon(0, swatch(row.colour))
        item.setData(0, self._KEY, (row.kind, row.name))
        for column in (1, 2):
            item.setTextAlignment(
                column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            )
        # The whole name, too: a narrow column cuts it.
        item.setToolTip(0, f"{row.title}: {row.note}" if row.note else f"{row.title}\n{_TIPS[0]}")
        if row.note.startswith("Cannot be told apart"):
            vague = QTreeWidgetItem(["cannot be told apart"])
            vague.setFirstColumnSpanned(True)
            self._hush(vague)
            item.addChild(vague)
        elif row.note and row.kind == "pigment":
            item.setText(0, f"{row.title} ({row.note})")
        item.addChildren([self._item(member) for member in row.members])
        if not row.found:
            self._hush(item)
        return item

    def _hush(self, item: QTreeWidgetItem) -> None:
        item.setData(0, self._QUIET, True)
        for column in range(3):
            item.setForeground(column, self.palette().placeholderText())

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme: a grey chosen for the one cannot be read on the other."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            pending = [self.tree.invisibleRootItem()]
            while pending:
                item = pending.pop()
                pending += [item.child(i) for i in range(item.childCount())]
                if item.data(0, self._QUIET):
                    self._hush(item)

    def _name(self, item: QTreeWidgetItem) -> str:
        key = item.data(0, self._KEY)
        return str(key[1]) if key else "missing"

    def _clicked(self, item: QTreeWidgetItem) -> None:
        key = item.data(0, self._KEY)
        if key:
            self.show_requested.emit(*key)
