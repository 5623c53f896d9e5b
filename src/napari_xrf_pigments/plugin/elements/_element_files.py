"""The part of the Elements dock that reads and writes PyMca's fit settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog

from .fit_settings import save_settings, take_settings

if TYPE_CHECKING:
    from .dock import ElementsDock

_FILTER = "PyMca fit settings (*.cfg);;All files (*)"


class ElementFiles:
    """Fit settings from and to files.

    Parameters
    ----------
    dock : ElementsDock
        The dock whose elements they are.
    """

    def __init__(self, dock: ElementsDock) -> None:
        self._dock = dock

    def ask_read(self) -> None:
        """Read a file that the user chooses."""
        path, _ = QFileDialog.getOpenFileName(self._dock, "Read fit settings", "", _FILTER)
        if path:
            self.read(Path(path))

    def ask_write(self) -> None:
        """Write a file that the user names."""
        path, _ = QFileDialog.getSaveFileName(self._dock, "Write fit settings", "fit.cfg", _FILTER)
        if path:
            self.write(Path(path))

    def read(self, path: Path) -> None:
        """Take elements and energy axis from PyMca's settings."""
        dock = self._dock
        if dock.scan is None:
            return
        try:
            rows, sentence = take_settings(dock.scan, path)
        except (ValueError, OSError) as error:
            dock.session.tell(str(error))
            return
        dock.scan.element_rows = tuple(rows)
        dock.elements.set_rows(rows)
        dock.run_bar.set_status(sentence)
        dock.update_bar()

    def write(self, path: Path) -> None:
        """Write the ticked elements and the energy axis for PyMca."""
        dock = self._dock
        if dock.scan is None:
            return
        try:
            save_settings(dock.scan, dock.elements.ticked(), path)
        except (ValueError, OSError) as error:
            dock.session.tell(str(error))
            return
        dock.run_bar.set_status(f"Fit settings: {path.name}")
