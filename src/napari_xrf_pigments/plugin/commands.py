"""Commands of the menus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt

from . import dialogs as notices
from ._background import Latest
from ._preference import offer_to_remember
from .giving_way import window_works
from .layers.update_queue import feed_once
from .opening import open_paths
from .saved_session._saved_session_view import our_docks
from .state.session import seen_of, session_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari.viewer import Viewer
    from qtpy.QtWidgets import QWidget

FILTER = (
    "Scans (*.rpl *.raw *.h5 *.hdf5 *.nxs *.npy *.npz *.mca *.msa *.emsa *.spx *.bcf *.pdz *.edf "
    "*.hdr *.img *.bil *.bip *.bsq *.tif *.tiff);;"
    "Element maps (*.dms *.ims *.csv *.txt *.dat *.tif *.tiff);;"
    "All files (*)"
)


def open_and_offer(viewer: Viewer, paths: list[str | Path]) -> None:
    """Open scans in a viewer and offer to remember the choice where napari would ask."""
    for path in open_paths(viewer, paths, session_of(viewer).services):
        offer_to_remember(path)


def ask_for_files(parent: QWidget | None) -> list[str]:
    """Let the user choose files of scans."""
    from qtpy.QtWidgets import QFileDialog

    paths, _ = QFileDialog.getOpenFileNames(parent, "Open scan", "", FILTER)
    return list(paths)


def ask_for_folder(parent: QWidget | None) -> list[str]:
    """Let the user choose the folder of a scan."""
    from qtpy.QtWidgets import QFileDialog

    path = QFileDialog.getExistingDirectory(parent, "Open scan folder")
    return [path] if path else []


def open_scan(viewer: Viewer) -> None:
    """Menu: open the files of scans."""
    open_and_offer(viewer, list(ask_for_files(_window())))


def open_scan_folder(viewer: Viewer) -> None:
    """Menu: open a folder that is a scan."""
    open_and_offer(viewer, list(ask_for_folder(_window())))


def open_docks(viewer: Viewer, then: Callable[[], None] = lambda: None) -> None:
    """Menu: show the three docks, the maps on the right and the spectrum below.

    They are imported in a thread where that was not done, and made one an event-loop turn.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    then : callable
        Called when they are there.
    """
    viewer = session_of(viewer).viewer
    window_works()

    def begin() -> None:
        window = getattr(viewer.window, "_qt_window", None)
        if window is not None:  # it was not closed meanwhile
            feed_once(window, _opening(viewer, then))

    Latest(lambda answer: begin(), notices.error).ask(
        lambda: [import_module(d.module) for d in _DOCKS]
    )


@dataclass(frozen=True)
class _Dock:
    """A dock and where it is shown."""

    title: str
    kind: str
    area: str

    @property
    def module(self) -> str:
        return f"{__package__}.{self.title.lower()}.dock"

    @property
    def name(self) -> str:
        # The name that napari gives it when it is opened from the Plugins menu.
        return f"{self.title} (XRF Pigments)"


#: The maps share a place on the right: one above the other they would need a tall screen.
_DOCKS = (
    _Dock("Elements", "ElementsDock", "right"),
    _Dock("Pigments", "PigmentsDock", "right"),
    _Dock("Spectrum", "SpectrumDock", "bottom"),
)
_SPECTRUM_HEIGHT = 310
_TURNS = 3


def _opening(viewer: Viewer, then: Callable[[], None]) -> Iterator[None]:
    window, seen = viewer.window, seen_of(viewer)
    fits = session_of(viewer).fitted or _fits(viewer)
    for entry in _DOCKS:
        if entry.title in our_docks(viewer):
            continue
        dock = getattr(import_module(entry.module), entry.kind)(viewer)
        yield
        if entry.title in our_docks(viewer):
            # Asked for twice, it came meanwhile.
            dock.deleteLater()
            continue
        window.add_dock_widget(dock, name=entry.name, area=entry.area)
        _beside(window, entry)
        yield
    # Whoever closed one between two turns has it closed.
    spectrum, first = _frame(window, _DOCKS[-1]), _frame(window, _DOCKS[0])
    if spectrum is not None:
        window._qt_window.resizeDocks([spectrum], [_SPECTRUM_HEIGHT], Qt.Orientation.Vertical)
    if first is not None:
        first.raise_()
    # The canvas has its new size some turns of the event loop later.
    for _ in range(_TURNS):
        yield
    if fits and seen_of(viewer) == seen:
        # Nobody has moved the picture: all of it is shown in what is left of the window.
        viewer.reset_view()
    then()


def _fits(viewer: Viewer) -> bool:
    """Whether the picture is shown as napari fits it into its window."""
    camera, before = viewer.scene.camera, seen_of(viewer)
    if not viewer.layers or viewer.dims.ndisplay != 2:
        return False
    viewer.reset_view()
    if np.allclose(seen_of(viewer), before):
        return True
    camera.center, camera.zoom = before[:3], before[3]
    return False


def _frame(window: Any, entry: _Dock) -> QWidget | None:
    """What holds a dock in the window; None where it is not shown."""
    dock = window.dock_widgets.get(entry.name)
    return None if dock is None else dock.parent()


def _beside(window: Any, entry: _Dock) -> None:
    """Put a dock as a tab beside the one of ours that is in its place already."""
    for other in _DOCKS:
        first, second = _frame(window, other), _frame(window, entry)
        if other is entry or other.area != entry.area or first is None or second is None:
            continue
        window._qt_window.tabifyDockWidget(first, second)


def _window() -> QWidget | None:
    from qtpy.QtWidgets import QApplication

    return QApplication.activeWindow()
