"""The base of all docks: session, list of scans, dropped files, signals, title."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, QSize, Qt, QTimer
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import (
    QDockWidget,
    QFrame,
    QLabel,
    QMainWindow,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ..dialogs import ask_for_files, ask_for_folder, main_window
from ..layers.sync import camera_state, fit_view, session_of, unwrapped, view_is_untouched
from ..layers.update_queue import LayerUpdateQueue, run_incrementally
from ..opening import open_scans
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import Run
from ..widgets.drop_target import DropTarget
from ..widgets.scan_bar import ScanBar

if TYPE_CHECKING:
    from napari.viewer import Viewer

Slot = Callable[..., Any]

#: napari appends the title of the plugin, or its name, to the title of a dock.
_SUFFIXES = (" (XRF Pigments)", " (napari-xrf-pigments)")


#: Titles on the tabs of docks that share one area of the window.
_TAB_TITLES = {
    "Compare maps": "Compare",
    "Pigment against its elements": "Agreement",
    "Register a picture": "Register",
    "Correct the sawtooth": "Sawtooth",
    "Stitch sections": "Stitch",
    "Teach pigments": "Teach",
    "Region table": "Regions",
    "Line profile": "Profile",
}


class Emitter:
    """A signal of napari with the connect and disconnect methods of psygnal.

    Parameters
    ----------
    signal : EventEmitter
        Such as ``viewer.layers.events.inserted``.
    """

    def __init__(self, signal: Any) -> None:
        self._signal = signal

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Emitter) and other._signal is self._signal

    def __hash__(self) -> int:
        return id(self._signal)

    def connect(self, slot: Slot) -> None:
        """Call a slot at every event."""
        self._signal.connect(slot)

    def disconnect(self, slot: Slot, missing_ok: bool = True) -> None:
        """Stop calling a slot; napari ignores one that is not connected."""
        self._signal.disconnect(slot)


class ScrolledContent(QScrollArea):
    """A widget that can be scrolled vertically where it does not fit.

    Its width is never cut. Docks and tabs in it do not set the height of the window.

    Parameters
    ----------
    content : QWidget
        The widget.
    least_height : int
        Height to which the area can be reduced, pixels.
    """

    def __init__(
        self, content: QWidget, least_height: int = 110, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._least_height = least_height
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setWidget(content)

    def sizeHint(self) -> QSize:
        """Return the size of the content."""
        content = self.widget()
        return super().sizeHint() if content is None else content.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return the width of the content, with its scroll bar, and a small height."""
        content, bar = self.widget(), self.verticalScrollBar()
        if content is None or bar is None:
            return super().minimumSizeHint()
        least = content.minimumSizeHint()
        width = least.width() + bar.sizeHint().width()
        return QSize(width, min(least.height(), self._least_height))

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take over the size of the content when it changes."""
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

    def scroll_to_top(self) -> None:
        """Show the top of the content."""
        bar = self.verticalScrollBar()
        if bar is not None:
            bar.setValue(0)


class ScanDock(DropTarget):
    """A dock that works on the selected scan of its viewer.

    Parameters
    ----------
    napari_viewer : Viewer
        Filled in by napari; only a weak reference to it is kept.
    session : Session, optional
        By default the session of the viewer.
    """

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__()
        self._viewer = weakref.ref(unwrapped(napari_viewer))
        self.session = session or session_of(napari_viewer)
        self._connections: list[tuple[Any, Slot]] = []
        self._scan: Scan | None = None
        self.layer_updates = LayerUpdateQueue(self)
        self._docked = False
        self._size_before: QSize | None = None
        self.scan_bar = ScanBar()
        content = QWidget()
        self.column = QVBoxLayout(content)
        self.column.setContentsMargins(8, 6, 8, 6)
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(ScrolledContent(content))
        self.column.addWidget(self.scan_bar)
        self.scan_bar.scan_chosen.connect(self._select_scan)
        self.scan_bar.open_files_requested.connect(lambda: self._open(ask_for_files(self)))
        self.scan_bar.open_folder_requested.connect(lambda: self._open(ask_for_folder(self)))
        self.paths_dropped.connect(self._open_later)
        # The Python object outlives the widget: a slot called then would crash.
        self._runs: list[Run] = []
        connections, runs = self._connections, self._runs
        self.destroyed.connect(lambda: disconnect_all(connections, runs))
        self.connect_signal(self.session.scans_changed, self._list_scans)
        self.connect_signal(self.session.scan_changed, self._on_scan)

    @property
    def viewer(self) -> Viewer:
        """The viewer."""
        viewer = self._viewer()
        if viewer is None:
            raise RuntimeError("The viewer of this dock was closed.")
        return viewer

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
        """Whether a run is under way, or layers of maps are still to be updated."""
        return self.running or self.layer_updates.busy

    def start(self) -> None:
        """Show the present state; subclasses call it at the end of their constructor."""
        self._on_scan(self.session.scan)

    def connect_signal(self, signal: Any, slot: Slot) -> None:
        """Connect a signal of session, scan or napari until the dock is closed."""
        signal.connect(slot)
        self._connections.append((signal, slot))

    def disconnect_signal(self, signal: Any, slot: Slot) -> None:
        """Disconnect a signal that :meth:`connect_signal` connected."""
        signal.disconnect(slot, missing_ok=True)
        self._connections.remove((signal, slot))

    def event(self, event: QEvent | None) -> bool:
        """Clean up when the dock is closed, which removes the widget from its frame."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            if self.parent() is not None:
                self._docked = True
                window = main_window(self.viewer)
                self._size_before = None if window is None else window.size()
                if window is not None and view_is_untouched(self.viewer):
                    run_incrementally(window, _fit_view(self.viewer))
            elif self._docked:
                # Hidden first, because a plot that is partly deleted must not be painted.
                self.hide()
                self.layer_updates.stop()
                self.on_close()
                disconnect_all(self._connections, self._runs)
                self.deleteLater()
        return bool(super().event(event))

    def showEvent(self, event: QShowEvent | None) -> None:
        """Shorten the title, for which frame and tab have little space."""
        super().showEvent(event)
        frame = _frame_of(self)
        if frame is None:
            return
        if _shorten_title(frame.windowTitle, frame.setWindowTitle):
            # A tab has less space than the title bar.
            frame.setWindowTitle(_TAB_TITLES.get(frame.windowTitle(), frame.windowTitle()))
            # It was just opened by a menu. Docks below each other would not fit on the screen.
            tabify_with_siblings(frame, self._size_before)
        # The title bar of napari has a label of its own.
        label = getattr(frame.titleBarWidget(), "title", None)
        if isinstance(label, QLabel):
            _shorten_title(label.text, label.setText)

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Stop the runs when the viewer is closed, whose widgets may exist for some time."""
        super().hideEvent(event)
        if self._docked and self._runs and self._window_is_closed():
            disconnect_all([], self._runs)

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Show another scan; for subclasses."""

    def on_close(self) -> None:
        """Clean up when the dock is closed; for subclasses."""

    def save_state(self) -> dict[str, Any]:
        """Return the settings of the dock as JSON values; for subclasses."""
        return {}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Apply the settings of :meth:`save_state`; ignore invalid values; for subclasses."""

    def add_expanding(self, widget: QWidget, factor: int = 1) -> None:
        """Add a widget that expands into the free space."""
        self.column.addWidget(widget, factor)

    def _window_is_closed(self) -> bool:
        viewer = self._viewer()
        if viewer is None:
            return True
        return getattr(viewer, "window", None) is not None and main_window(viewer) is None

    def _on_scan(self, scan: Scan | None) -> None:
        before, self._scan = self._scan, scan
        self._list_scans()
        self.scan_changed(before, scan)

    def _list_scans(self) -> None:
        scans = self.session.scans
        index = scans.index(self._scan) if self._scan in scans else None
        self.scan_bar.set_scans([scan.name for scan in scans], index)

    def _select_scan(self, index: int) -> None:
        if index < len(self.session.scans):
            self.session.select_scan(self.session.scans[index])

    def _open(self, paths: list[str]) -> None:
        if paths:
            open_scans(self.viewer, paths)

    def _open_later(self, paths: list[str]) -> None:
        # The program that the files were dragged from is blocked until the drop ends.
        QTimer.singleShot(0, lambda: self._open(paths))


def own_title(title: str) -> str | None:
    """Return the title of a dock without that of the plugin; None if it does not contain it."""
    for suffix in _SUFFIXES:
        if title.endswith(suffix):
            return title.removesuffix(suffix)
    return None


def disconnect_all(connections: list[tuple[Any, Slot]], runs: list[Run]) -> None:
    """Disconnect the signals of a dock that was closed, and stop its runs."""
    for run in runs:
        run.detach()
    for signal, slot in connections:
        signal.disconnect(slot, missing_ok=True)


def tabify_with_siblings(frame: QDockWidget, size_before: QSize | None) -> None:
    """Make a dock on the right a tab beside another one, and restore the size of the window."""
    window = frame.parent()
    right = Qt.DockWidgetArea.RightDockWidgetArea
    if not isinstance(window, QMainWindow) or window.dockWidgetArea(frame) != right:
        return
    direct = Qt.FindChildOption.FindDirectChildrenOnly
    for other in window.findChildren(QDockWidget, options=direct):
        ours = isinstance(other.widget(), ScanDock) and window.dockWidgetArea(other) == right
        if ours and other is not frame and other.isVisible() and not other.isFloating():
            # Otherwise the canvas would be drawn at every intermediate size.
            window.setUpdatesEnabled(False)
            window.tabifyDockWidget(other, frame)
            QTimer.singleShot(0, partial(restore_size, window, frame, size_before))
            return


#: Turns of the event loop after which the canvas has its new size when a dock was added.
_TURNS = 4


def _fit_view(viewer: Viewer) -> Iterator[None]:
    """Fit the image into the canvas that a new dock made smaller, unless the user moves it."""
    before = camera_state(viewer)
    for _ in range(_TURNS):
        yield
    if main_window(viewer) is not None and camera_state(viewer) == before:
        fit_view(viewer)


def _frame_of(widget: QWidget) -> QDockWidget | None:
    """Return the frame in which napari shows the widget of a dock."""
    frame = widget.parentWidget()
    while frame is not None and not isinstance(frame, QDockWidget):
        frame = frame.parentWidget()
    return frame


def _shorten_title(get: Callable[[], str], set_title: Callable[[str], None]) -> bool:
    """Remove the title of the plugin from that of a dock; return whether it was contained."""
    title = own_title(get())
    if title is None:
        return False
    set_title(title)
    return True


def restore_size(window: QMainWindow, frame: QDockWidget, before: QSize | None) -> None:
    """Raise a dock, and restore the size that the window had before the dock was added."""
    with suppress(RuntimeError):  # the dock may be closed by now
        frame.raise_()
        if before is not None and not (window.isMaximized() or window.isFullScreen()):
            window.resize(before)
    with suppress(RuntimeError):
        window.setUpdatesEnabled(True)
