"""What all docks share: the session, the bar with the scans, and drops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QLabel, QMainWindow, QVBoxLayout, QWidget

from ..dialogs import ask_for_files, ask_for_folder, main_window
from ..layers.update_queue import LayerUpdateQueue
from ..opening import open_and_offer
from ..state.scan import Scan
from ..state.session import Session, session_of
from ..tasks import Run
from ..widgets.drop_target import DropTarget
from ..widgets.scan_bar import ScanBar
from ._base import shorten

if TYPE_CHECKING:
    from napari.viewer import Viewer


class ScanDock(DropTarget):
    """A dock that works on the chosen scan of its viewer.

    Parameters
    ----------
    napari_viewer : Viewer
        Filled in by napari.
    session : Session, optional
        Tests pass their own.
    """

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__()
        self.session = session or session_of(napari_viewer)
        self._listening: list[tuple[Any, Callable[..., None]]] = []
        self._scan: Scan | None = None
        self.layer_updates = LayerUpdateQueue(self)
        self._docked = False
        self._size_before: QSize | None = None
        self.scan_bar = ScanBar()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(8, 6, 8, 6)
        self.column.addWidget(self.scan_bar)
        self.scan_bar.scan_chosen.connect(self._choose)
        self.scan_bar.open_files_requested.connect(lambda: self._open(ask_for_files(self)))
        self.scan_bar.open_folder_requested.connect(lambda: self._open(ask_for_folder(self)))
        self.paths_dropped.connect(self._open_later)
        # The Python object outlives the widget: a slot called then would crash.
        self._runs: list[Run] = []
        listening, runs = self._listening, self._runs
        self.destroyed.connect(lambda: _silence(listening, runs))
        self.listen(self.session.scans_changed, self._list_scans)
        self.listen(self.session.scan_changed, self._on_scan)

    @property
    def viewer(self) -> Viewer:
        """The viewer."""
        return self.session.viewer

    @property
    def scan(self) -> Scan | None:
        """The scan the dock works on."""
        return self._scan

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return bool(self._runs)

    @property
    def busy(self) -> bool:
        """Whether a run is under way, or maps still wait for their layers."""
        return self.running or self.layer_updates.busy

    def start(self) -> None:
        """Show the present state; called when a dock is complete."""
        self._on_scan(self.session.scan)

    def listen(self, signal: Any, slot: Callable[..., None]) -> None:
        """Connect a signal of the model until the dock is gone."""
        signal.connect(slot)
        self._listening.append((signal, slot))

    def unlisten(self, signal: Any, slot: Callable[..., None]) -> None:
        """Take back :meth:`listen`."""
        signal.disconnect(slot, missing_ok=True)
        self._listening.remove((signal, slot))

    def event(self, event: QEvent | None) -> bool:
        """Notice when the dock is closed: napari takes the widget out and forgets it."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            if self.parent() is not None:
                self._docked = True
                window = main_window(self.viewer)
                self._size_before = None if window is None else window.size()
            elif self._docked:
                # Out of sight first: a plot that is half gone must not be painted.
                self.hide()
                self.layer_updates.stop()
                self.leave()
                _silence(self._listening, self._runs)
                self.deleteLater()
        return bool(super().event(event))

    def showEvent(self, event: Any) -> None:
        """Give the dock and its tab a title that they have room for."""
        super().showEvent(event)
        frame: Any = self.parent()
        while frame is not None and not isinstance(frame, QDockWidget):
            frame = frame.parent()
        if frame is None:
            return
        if shorten(frame, "windowTitle", "setWindowTitle"):
            # A menu has just opened it: one below the other, docks would outgrow the screen.
            _share_place(frame, self._size_before)
        # napari draws the bar over it.
        label = getattr(frame.titleBarWidget(), "title", None)
        if isinstance(label, QLabel):
            shorten(label, "text", "setText")

    def hideEvent(self, event: Any) -> None:
        """Notice when the viewer is closed: its widgets live until Python collects them."""
        super().hideEvent(event)
        if self._docked and self._runs and self._window_closed():
            _silence([], self._runs)

    def _window_closed(self) -> bool:
        try:
            viewer = self.session.viewer
        except RuntimeError:  # the viewer is gone
            return True
        return getattr(viewer, "window", None) is not None and main_window(viewer) is None

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Another scan was chosen; for subclasses."""

    def leave(self) -> None:
        """The dock was closed; for subclasses."""

    def save_state(self) -> dict[str, Any]:
        """Return the settings of the dock as JSON values; for subclasses."""
        return {}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Apply what :meth:`save_state` returned, ignoring what does not fit; for subclasses."""

    def stretch(self, widget: QWidget, factor: int = 1) -> None:
        """Add a widget that takes the free room."""
        self.column.addWidget(widget, factor)

    def _on_scan(self, scan: Scan | None) -> None:
        before, self._scan = self._scan, scan
        self._list_scans()
        self.scan_changed(before, scan)

    def _list_scans(self) -> None:
        scans = self.session.scans
        chosen = scans.index(self._scan) if self._scan in scans else None
        self.scan_bar.set_scans([scan.name for scan in scans], chosen)

    def _choose(self, index: int) -> None:
        if index < len(self.session.scans):
            self.session.choose(self.session.scans[index])

    def _open(self, paths: list[str]) -> None:
        if paths:
            open_and_offer(self.viewer, paths)

    def _open_later(self, paths: list[str]) -> None:
        # The program that the files were dragged from waits for the drop to end.
        QTimer.singleShot(0, lambda: self._open(paths))


def _share_place(frame: QDockWidget, before: QSize | None) -> None:
    """Put a dock on the right as a tab over another one of ours that is there.

    The window, which has grown for two of them, gets its size from before back.
    """
    window = frame.parent()
    right = Qt.DockWidgetArea.RightDockWidgetArea
    if not isinstance(window, QMainWindow) or window.dockWidgetArea(frame) != right:
        return
    direct = Qt.FindChildOption.FindDirectChildrenOnly
    for other in window.findChildren(QDockWidget, options=direct):
        ours = isinstance(other.widget(), ScanDock) and window.dockWidgetArea(other) == right
        if ours and other is not frame and other.isVisible() and not other.isFloating():
            # Else the picture would be drawn at every size in between.
            window.setUpdatesEnabled(False)
            window.tabifyDockWidget(other, frame)
            QTimer.singleShot(0, lambda: _settle(window, frame, before))
            return


def _settle(window: QMainWindow, frame: QDockWidget, before: QSize | None) -> None:
    with suppress(RuntimeError):  # it was closed meanwhile
        frame.raise_()
        if before is not None and not (window.isMaximized() or window.isFullScreen()):
            window.resize(before)
    with suppress(RuntimeError):
        window.setUpdatesEnabled(True)


def _silence(listening: list[tuple[Any, Callable[..., None]]], runs: list[Run]) -> None:
    for run in runs:
        run.detach()
    for signal, slot in listening:
        signal.disconnect(slot, missing_ok=True)
