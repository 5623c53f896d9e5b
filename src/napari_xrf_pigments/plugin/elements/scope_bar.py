"""Controls for the scope of a map, for adding elements, and for files of fit settings."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QAction,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QToolButton,
    QWidget,
)


class ElementScope(QWidget):
    """Select the whole scan or a part to preview, add elements, read and write PyMca settings.

    Parameters
    ----------
    scopes : sequence of (str, str)
        Pairs of key and label; the first is the whole scan.
    """

    scope_changed = Signal(str)
    add_requested = Signal(str)
    read_requested = Signal()
    write_requested = Signal()

    def __init__(self, scopes: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scope_box = QComboBox()
        self.scope_box.setMinimumContentsLength(8)
        self.scope_box.setToolTip("Map the whole scan, or preview a part of it first")
        for key, label in scopes:
            self.scope_box.addItem(label, key)
        self.add_field = QLineEdit()
        self.add_field.setPlaceholderText("Cr, Pb M")
        self.add_field.setToolTip("Elements or line families to add to the list; press Enter")
        self.add_field.setMinimumWidth(50)
        self.files = QToolButton()
        self.files.setText("PyMca...")
        self.files.setToolTip("Fit settings in .cfg files of PyMca")
        self.files.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        # The arrow would overlap the text.
        self.files.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        menu = QMenu(self.files)
        self.read_action = QAction("Read fit settings (.cfg)...", menu)
        self.write_action = QAction("Write fit settings (.cfg)...", menu)
        menu.addActions([self.read_action, self.write_action])
        self.files.setMenu(menu)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.add_field, 1)
        row.addWidget(self.files)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Map", self.scope_box)
        form.addRow("Add", row)
        self.scope_box.currentIndexChanged.connect(
            lambda index: self.scope_changed.emit(self.scope)
        )
        self.add_field.returnPressed.connect(self._add)
        self.read_action.triggered.connect(lambda: self.read_requested.emit())
        self.write_action.triggered.connect(lambda: self.write_requested.emit())

    @property
    def scope(self) -> str:
        """Key of the scope."""
        return str(self.scope_box.currentData())

    def _add(self) -> None:
        text = self.add_field.text().strip()
        if text:
            self.add_requested.emit(text)
