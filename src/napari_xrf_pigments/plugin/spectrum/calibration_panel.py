"""Manual energy calibration: lines to drag onto their peaks, residuals, and buttons."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from .manual_calibration import PlacedLine

HINT = "Add a line, then drag it onto its peak in the plot. Two or more set gain and offset."


class CalibrationPanel(QWidget):
    """The lines of a manual calibration with their residuals, and its buttons.

    Signals
    -------
    line_added : str, float
        Name and energy in keV of a line to add to the plot.
    line_removed : str
        Key of the line to remove.
    apply_requested, clear_requested, undo_requested, save_requested, load_requested
        Clicked buttons.
    """

    line_added = Signal(str, float)
    line_removed = Signal(str)
    apply_requested = Signal()
    clear_requested = Signal()
    undo_requested = Signal()
    save_requested = Signal()
    load_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice = QComboBox()
        self.choice.setMinimumContentsLength(8)
        self.choice.setToolTip("A line whose peak you recognise")
        self.add = QPushButton("Add line")
        self.table = QTreeWidget()
        self.table.setHeaderLabels(["Line", "keV", "Channel", "Residual"])
        self.table.setRootIsDecorated(False)
        self.table.setMinimumHeight(56)
        self.table.setToolTip("Press Delete to remove the selected line")
        header = self.table.header()
        if header is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.message = QLabel(HINT)
        self.message.setWordWrap(True)
        self.buttons = {
            name: QPushButton(text)
            for name, text in (
                ("apply", "Apply"),
                ("clear", "Clear"),
                ("undo", "Undo"),
                ("load", "Load ..."),
                ("save", "Save ..."),
            )
        }
        for name, tip in (
            ("apply", "Use the axis fitted to these lines"),
            ("clear", "Remove the lines"),
            ("undo", "Undo the last change of axis, anode or voltage"),
            ("load", "Use a calibration from a file"),
            ("save", "Save axis, anode and voltage in a file"),
        ):
            self.buttons[name].setToolTip(tip)
            self.buttons[name].clicked.connect(getattr(self, f"{name}_requested").emit)
        grid = QGridLayout()
        grid.setSpacing(4)
        grid.addWidget(self.choice, 0, 0, 1, 2)
        grid.addWidget(self.add, 0, 2)
        below = QHBoxLayout()
        below.setSpacing(3)
        for button in self.buttons.values():
            button.setMinimumWidth(0)
            button.setStyleSheet("QPushButton { padding: 3px 5px; }")
            below.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(grid)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.message)
        layout.addLayout(below)
        self.add.clicked.connect(self._on_add)
        self._choices: tuple[tuple[str, float], ...] = ()
        self.set_state((), HINT, can_apply=False, can_undo=False, has_scan=False)

    def set_choices(self, choices: Sequence[tuple[str, float]]) -> None:
        """Offer lines: name and keV each."""
        if tuple(choices) == self._choices:
            return
        self._choices = tuple(choices)
        selected = self.choice.currentText()
        self.choice.clear()
        for name, kev in self._choices:
            self.choice.addItem(f"{name}  {kev:.3f} keV", (name, kev))
        preferred = [i for i, (name, _) in enumerate(self._choices) if name == "Fe Kα"]
        index = self.choice.findText(selected)
        self.choice.setCurrentIndex(index if index >= 0 else (preferred or [0])[0])

    def set_state(
        self,
        rows: Sequence[PlacedLine],
        message: str,
        *,
        can_apply: bool,
        can_undo: bool,
        has_scan: bool,
    ) -> None:
        """Show lines and a message, and enable the buttons that apply."""
        self.table.clear()
        for row in rows:
            channel = "drag it" if row.channel is None else f"{row.channel:.2f}"
            residual = "" if row.residual_ev is None else f"{row.residual_ev:+.1f} eV"
            item = QTreeWidgetItem([row.label, f"{row.true_kev:.3f}", channel, residual])
            item.setData(0, Qt.ItemDataRole.UserRole, row.key)
            self.table.addTopLevelItem(item)
        self.message.setText(message or HINT)
        self.add.setEnabled(has_scan)
        self.buttons["apply"].setEnabled(can_apply)
        self.buttons["clear"].setEnabled(bool(rows))
        self.buttons["undo"].setEnabled(can_undo)
        self.buttons["save"].setEnabled(has_scan)
        self.buttons["load"].setEnabled(has_scan)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Remove the selected line when Delete is pressed."""
        item = self.table.currentItem()
        if (
            event is not None
            and item is not None
            and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        ):
            self.line_removed.emit(item.data(0, Qt.ItemDataRole.UserRole))
            return
        super().keyPressEvent(event)

    def _on_add(self) -> None:
        data = self.choice.currentData()
        if data is not None:
            self.line_added.emit(*data)
