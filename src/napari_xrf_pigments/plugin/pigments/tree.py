"""What was found: groups that cannot always be told apart, and their members."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..widgets.colour_swatch import swatch
from .rows import FoundRow, percent
from .settings import threshold_slider

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
        self.tree.setHeaderLabels(["Found", "Area", "Mean probability"])
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


class PigmentBar(QWidget):
    """Threshold and place in the palette of one pigment."""

    #: The threshold, or None for that of all.
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
        self.exclude.setToolTip("Hide this pigment; the dock goes on saying so")
        self.add = QPushButton("Keep visible")
        self.add.setCheckable(True)
        self.add.setToolTip("Show this pigment whatever the period, and however little there is")
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
        """Show a pigment's settings, without saying that they changed; no title: none."""
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
    """Says what is hidden; one click shows it."""

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
        """Whether what is hidden is to be shown."""
        return bool(self.button.isChecked())

    def set_sentence(self, sentence: str) -> None:
        """Say what is hidden; nothing where nothing is."""
        self.sentence.setText(sentence)
        self.setVisible(bool(sentence))

    def _toggled(self, on: bool) -> None:
        self.button.setText("Hide" if on else "Show")
        self.reveal_changed.emit(on)
