"""Commands of the menus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .opening import open_paths
from .preference import offer_to_remember
from .session import session_of

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


def open_docks(viewer: Viewer) -> None:
    """Menu: show the three docks, the maps on the right and the spectrum below."""
    from qtpy.QtCore import QTimer

    from .docks.elements import ElementsDock
    from .docks.pigments import PigmentsDock
    from .docks.spectrum import SpectrumDock

    window = viewer.window
    shown = {}
    for dock, title, area in (
        (ElementsDock, "Elements", "right"),
        (PigmentsDock, "Pigments", "right"),
        (SpectrumDock, "Spectrum", "bottom"),
    ):
        # The name that napari gives it when it is opened from the Plugins menu.
        name = f"{title} (XRF Pigments)"
        if name not in window.dock_widgets:
            shown[title] = window.add_dock_widget(dock(viewer), name=name, area=area)
    _size(shown)
    # Once more when the window has laid them out.
    QTimer.singleShot(0, lambda: _size(shown))


def _size(docks: dict[str, QWidget]) -> None:
    """A flat spectrum leaves the lists on the right their height."""
    from qtpy.compat import isalive
    from qtpy.QtCore import Qt

    for heights in ({"Spectrum": 310}, {"Elements": 220, "Pigments": 480}):
        present = [docks[title] for title in heights if title in docks]
        if len(present) == len(heights) and all(isalive(dock) for dock in present):
            main = present[0].parent()
            main.resizeDocks(present, list(heights.values()), Qt.Orientation.Vertical)


def _window() -> QWidget | None:
    from qtpy.QtWidgets import QApplication

    return QApplication.activeWindow()
