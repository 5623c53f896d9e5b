"""The list of pigments, by groups with the same diagnostic elements, and their settings."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..widgets.colour_swatch import swatch
from ..widgets.tree_items import all_items, set_columns, top_items
from .pigment_rows import PigmentRow, percent
from .settings import threshold_slider

_TIPS = (
    "Click a pigment to show its map alone",
    "Share of the painting above the threshold",
    "Mean probability where it is above the threshold",
)


class PigmentTree(QWidget):
    """Pigments with colour, area and mean probability.

    A click requests to show the map alone.
    """

    show_requested = Signal(str, str)
    selection_changed = Signal()
    _KEY = Qt.ItemDataRole.UserRole
    _GREY = Qt.ItemDataRole.UserRole + 1

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tree = QTreeWidget()
        set_columns(self.tree, ["Found", "Area", "Mean\nprobability"], _TIPS)
        self.tree.setRootIsDecorated(True)
        self.tree.setIndentation(14)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tree)
        self.tree.itemClicked.connect(self._clicked)
        self.tree.currentItemChanged.connect(self._current_changed)
        self._rows: tuple[PigmentRow, ...] = ()

    @property
    def selected(self) -> tuple[str, str] | None:
        """Kind and name of the selected row."""
        item = self.tree.currentItem()
        key = item.data(0, self._KEY) if item is not None else None
        return tuple(key) if key else None

    def clear_selection(self) -> None:
        """Select no row."""
        self.tree.setCurrentItem(None)

    def set_rows(self, rows: Sequence[PigmentRow]) -> None:
        """Show rows; those not found are folded under *Not found*."""
        if tuple(rows) == self._rows:
            return
        self._rows = tuple(rows)
        expanded = {self._name(item): item.isExpanded() for item in top_items(self.tree)}
        selected, bar = self.selected, self.tree.verticalScrollBar()
        scrolled = 0 if bar is None else bar.value()
        self.tree.blockSignals(True)
        self.tree.clear()
        for row in (row for row in rows if row.found):
            item = self._item(row)
            self.tree.addTopLevelItem(item)
            item.setExpanded(expanded.get(row.name, True))
        missing = [row for row in rows if not row.found]
        if missing:
            rest = QTreeWidgetItem([f"Not found ({len(missing)})", "", ""])
            rest.addChildren([self._item(row) for row in missing])
            self.tree.addTopLevelItem(rest)
            rest.setExpanded(expanded.get("missing", False))
        for item in all_items(self.tree):
            # Rows without figures take the full width, which Qt sets only for items in a tree.
            item.setFirstColumnSpanned(item.data(0, self._KEY) is None)
        self._select(selected)
        self.tree.blockSignals(False)
        if bar is not None:
            bar.setValue(scrolled)
        if self.selected != selected:
            self.selection_changed.emit()

    def _select(self, key: tuple[str, str] | None) -> None:
        for item in all_items(self.tree) if key is not None else ():
            if item.data(0, self._KEY) == key:
                self.tree.setCurrentItem(item)
                return

    def _item(self, row: PigmentRow) -> QTreeWidgetItem:
        certainty = "" if row.certainty is None else f"{100 * row.certainty:.0f} %"
        item = QTreeWidgetItem([row.title, percent(row.share), certainty])
        item.setIcon(0, swatch(row.colour))
        item.setData(0, self._KEY, (row.kind, row.name))
        for column in (1, 2):
            item.setTextAlignment(
                column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            )
        # With the name, which a narrow column cuts.
        item.setToolTip(0, "\n".join(filter(None, (row.title, row.note, row.details, _TIPS[0]))))
        if row.note.startswith("Cannot be told apart"):
            vague = QTreeWidgetItem([f"cannot be told apart: {row.alternatives}"])
            self._make_grey(vague)
            item.addChild(vague)
        elif row.note and row.kind == "pigment":
            item.setText(0, f"{row.title} ({row.note})")
        item.addChildren([self._item(member) for member in row.members])
        if not row.found:
            self._make_grey(item)
        return item

    def _make_grey(self, item: QTreeWidgetItem) -> None:
        item.setData(0, self._GREY, True)
        for column in range(3):
            item.setForeground(column, self.palette().placeholderText())

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the theme: the grey of one cannot be read on the other."""
        super().changeEvent(event)
        changes = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)
        if event is not None and event.type() in changes:
            for item in all_items(self.tree):
                if item.data(0, self._GREY):
                    self._make_grey(item)

    def _name(self, item: QTreeWidgetItem) -> str:
        key = item.data(0, self._KEY)
        return str(key[1]) if key else "missing"

    def _current_changed(self, item: QTreeWidgetItem | None) -> None:
        self.selection_changed.emit()
        # The arrow keys show a map as a click does.
        if item is not None:
            self._clicked(item)

    def _clicked(self, item: QTreeWidgetItem) -> None:
        key = item.data(0, self._KEY)
        if key:
            self.show_requested.emit(*key)


class PigmentBar(QWidget):
    """Settings of the selected pigment: its threshold, and whether it is hidden or kept visible."""

    #: The threshold, or None for the common one.
    threshold_changed = Signal(object)
    exclude_changed = Signal(bool)
    add_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel()
        self.own = QCheckBox("Separate threshold")
        self.own.setToolTip("A threshold for this pigment alone")
        self.slider = threshold_slider()
        self.exclude = QPushButton("Exclude")
        self.exclude.setCheckable(True)
        self.exclude.setToolTip("Hide this pigment; it stays listed as hidden")
        self.add = QPushButton("Keep visible")
        self.add.setCheckable(True)
        self.add.setToolTip("Show this pigment regardless of period and area")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self.title, 1)
        first.addWidget(self.exclude)
        first.addWidget(self.add)
        second.addWidget(self.own)
        second.addWidget(self.slider, 1)
        layout.addLayout(first)
        layout.addLayout(second)
        self.own.toggled.connect(self._own_toggled)
        self.slider.valueChanged.connect(lambda value: self.threshold_changed.emit(float(value)))
        self.exclude.clicked.connect(self.exclude_changed.emit)
        self.add.clicked.connect(self.add_changed.emit)
        self.set_pigment("")

    def set_pigment(
        self,
        title: str,
        threshold: float = 0.5,
        own: bool = False,
        excluded: bool = False,
        added: bool = False,
    ) -> None:
        """Show the settings of a pigment without a signal; an empty title hides them."""
        self.setVisible(bool(title))
        self.title.setText(title)
        for widget in (self.own, self.slider):
            widget.blockSignals(True)
        self.own.setChecked(own)
        self.slider.setValue(threshold)
        self.slider.setEnabled(own)
        for widget in (self.own, self.slider):
            widget.blockSignals(False)
        self.exclude.setChecked(excluded)
        self.add.setChecked(added)

    def _own_toggled(self, own: bool) -> None:
        self.slider.setEnabled(own)
        self.threshold_changed.emit(float(self.slider.value()) if own else None)


class HiddenBar(QWidget):
    """Lists the hidden pigments, with a button to show them."""

    reveal_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.button = QPushButton("Show")
        self.button.setCheckable(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.sentence, 1)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        self.button.toggled.connect(self._toggled)
        self.set_sentence("")

    @property
    def reveal(self) -> bool:
        """Whether hidden pigments are shown."""
        return bool(self.button.isChecked())

    def set_sentence(self, sentence: str) -> None:
        """Show which pigments are hidden; empty where none are."""
        self.sentence.setText(sentence)
        self.setVisible(bool(sentence))

    def _toggled(self, on: bool) -> None:
        self.button.setText("Hide" if on else "Show")
        self.reveal_changed.emit(on)
