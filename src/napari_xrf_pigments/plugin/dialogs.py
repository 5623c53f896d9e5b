"""Notifications and dialogs, and the window that they belong to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import (
    Notification,
    NotificationSeverity,
    notification_manager,
    show_error,
    show_info,
    show_warning,
)
from qtpy.QtWidgets import (
    QApplication,
    QFileDialog,
    QInputDialog,
    QMainWindow,
    QMessageBox,
    QWidget,
)

if TYPE_CHECKING:
    from napari.viewer import Viewer


def error(sentence: str) -> None:
    """Show an error as a notification, without a traceback."""
    show_error(" ".join(str(sentence).split()))


def warning(sentence: str) -> None:
    """Show a warning as a notification."""
    show_warning(" ".join(str(sentence).split()))


def info(sentence: str) -> None:
    """Show information as a notification."""
    show_info(sentence)


def saved_as(path: Path) -> str:
    """Return the start of the message that a file was saved: its name and its folder."""
    return f"Saved as {path.name} in {path.absolute().parent}"


def offer(sentence: str, button: str, accept: Callable[[], None]) -> None:
    """Show a notification with one button.

    Parameters
    ----------
    sentence, button : str
        The text, and that of the button.
    accept : callable
        Called when the button is pressed; napari references it until the program ends.
    """

    def accepted(notification: object) -> None:
        accept()

    notification_manager.dispatch(
        Notification(sentence, NotificationSeverity.INFO, actions=((button, accepted),))
    )


def window() -> QWidget | None:
    """Return the window that dialogs belong to."""
    return QApplication.activeWindow()


def main_window(viewer: Viewer) -> QMainWindow | None:
    """Return the window that shows a viewer; None without one, or after it was closed.

    Parameters
    ----------
    viewer : Viewer
        A viewer, or its model alone.
    """
    menu = getattr(getattr(viewer, "window", None), "main_menu", None)
    try:
        window = None if menu is None else menu.window()
        return window if isinstance(window, QMainWindow) and window.isVisible() else None
    except RuntimeError:  # Qt has deleted it
        return None


def ask_save(title: str, name: str, filters: dict[str, str]) -> tuple[Path, str] | None:
    """Let the user choose a file to save and its format.

    Parameters
    ----------
    title, name : str
        Title of the dialog and the suggested name.
    filters : dict of str to str
        Key of each format by its filter, such as ``"HDF5 (*.h5)"``.

    Returns
    -------
    (Path, str) or None
        The path and the key of the format; None if the user cancelled.
    """
    path, chosen = QFileDialog.getSaveFileName(window(), title, name, ";;".join(filters))
    return (Path(path), filters.get(chosen, next(iter(filters.values())))) if path else None


def ask_open(title: str, filter_: str) -> Path | None:
    """Let the user choose a file to open; None if the user cancelled."""
    path, _ = QFileDialog.getOpenFileName(window(), title, "", filter_)
    return Path(path) if path else None


#: Suffix of the files of saved sessions.
SESSION_SUFFIX = ".xrfsession"

FILTER = (
    "Scans (*.rpl *.raw *.h5 *.hdf5 *.nxs *.npy *.npz *.mca *.msa *.emsa *.spx *.bcf *.pdz *.edf "
    "*.hdr *.img *.bil *.bip *.bsq *.tif *.tiff);;"
    "Element maps (*.dms *.ims *.csv *.txt *.dat *.tif *.tiff);;"
    "All files (*)"
)


def ask_for_files(parent: QWidget | None) -> list[str]:
    """Let the user choose the files of scans; none if the user cancelled."""
    paths, _ = QFileDialog.getOpenFileNames(parent, "Open scan", "", FILTER)
    return list(paths)


def ask_for_folder(parent: QWidget | None) -> list[str]:
    """Let the user choose the folder of a scan; none if the user cancelled."""
    path = QFileDialog.getExistingDirectory(parent, "Open scan folder")
    return [path] if path else []


def ask_text(title: str, prompt: str) -> str | None:
    """Let the user enter several lines of text; None if the user cancelled."""
    text, ok = QInputDialog.getMultiLineText(window(), title, prompt)
    return text if ok else None


def confirm(title: str, sentence: str) -> bool:
    """Ask a question and return whether the answer was yes."""
    yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
    return QMessageBox.question(window(), title, sentence, yes | no, no) == yes


def ask_for_moved(sentence: str) -> str | None:
    """Let the user locate a scan that has moved; None to continue without it."""
    box = QMessageBox(QMessageBox.Icon.Question, "Open session", sentence, parent=window())
    file = box.addButton("Find file...", QMessageBox.ButtonRole.AcceptRole)
    folder = box.addButton("Find folder...", QMessageBox.ButtonRole.AcceptRole)
    box.addButton("Open without it", QMessageBox.ButtonRole.RejectRole)
    box.exec()
    if box.clickedButton() is file:
        return QFileDialog.getOpenFileName(window(), "Where is the scan?")[0] or None
    if box.clickedButton() is folder:
        return QFileDialog.getExistingDirectory(window(), "Where is the scan?") or None
    return None
