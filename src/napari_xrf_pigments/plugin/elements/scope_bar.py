"""What of a scan is mapped, further elements, and fit settings in files."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QToolButton,
    QWidget,
)


class ElementScope(QWidget):
    """Whole scan or a part of it to try on; elements to add; PyMca's settings.

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
        self.scope_box.setToolTip("Try elements on a part of the scan before mapping all of it")
        for key, label in scopes:
            self.scope_box.addItem(label, key)
        self.add_field = QLineEdit()
        self.add_field.setPlaceholderText("Cr, Pb M")
        self.add_field.setToolTip("Elements or line families to add to the list; press Enter")
        self.add_field.setMinimumWidth(50)
        self.files = QToolButton()
        self.files.setText("PyMca...")
        self.files.setToolTip("Fit settings in PyMca's .cfg files")
        self.files.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        # The arrow would lie on the text.
        self.files.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        menu = QMenu(self.files)
        self.read_action = menu.addAction("Read fit settings (.cfg)...")
        self.write_action = menu.addAction("Write fit settings (.cfg)...")
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
        """Key of what is mapped."""
        return str(self.scope_box.currentData())

    def _add(self) -> None:
        text = self.add_field.text().strip()
        if text:
            self.add_requested.emit(text)
