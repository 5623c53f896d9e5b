"""The list of open scans and a button to open another."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QAction,
    QComboBox,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QToolButton,
    QWidget,
)


class ScanBar(QWidget):
    """A list of scans and an *Open scan* button."""

    scan_chosen = Signal(int)
    open_files_requested = Signal()
    open_folder_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.combo = QComboBox()
        self.combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.combo.setMinimumContentsLength(10)
        self.button = QToolButton()
        self.button.setText("Open scan...")
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        # The arrow would overlap the text.
        self.button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        menu = QMenu(self.button)
        self.open_files = QAction("Files...", menu)
        self.open_folder = QAction("Folder...", menu)
        menu.addActions([self.open_files, self.open_folder])
        self.button.setMenu(menu)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.combo, 1)
        layout.addWidget(self.button)
        self.combo.activated.connect(self.scan_chosen.emit)
        self.open_files.triggered.connect(lambda: self.open_files_requested.emit())
        self.open_folder.triggered.connect(lambda: self.open_folder_requested.emit())
        self.set_scans((), None)

    def set_scans(self, names: Sequence[str], chosen: int | None) -> None:
        """List the open scans and select one by its index."""
        self.combo.blockSignals(True)
        self.combo.clear()
        self.combo.addItems(list(names) or ["Drop a scan here"])
        self.combo.setEnabled(bool(names))
        self.combo.setCurrentIndex(chosen if chosen is not None else 0)
        self.combo.blockSignals(False)
