"""A widget that accepts dropped files and folders."""

from __future__ import annotations

from qtpy.QtCore import QMimeData, Signal
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QWidget


def local_paths(mime: QMimeData | None) -> list[str]:
    """Return the local files and folders of dragged data."""
    urls = mime.urls() if mime is not None and mime.hasUrls() else []
    return [url.toLocalFile() for url in urls if url.isLocalFile()]


class DropTarget(QWidget):
    """A widget that accepts dropped files and folders."""

    paths_dropped = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Accept local paths."""
        if event is not None and local_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Emit the paths that were dropped."""
        paths = local_paths(event.mimeData()) if event is not None else []
        if event is not None and paths:
            event.acceptProposedAction()
            self.paths_dropped.emit(paths)
