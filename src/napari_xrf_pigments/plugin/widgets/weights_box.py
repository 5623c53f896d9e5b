"""A box to select the weights of the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QWidget

if TYPE_CHECKING:
    from ..state.session import Session

_OTHER = "other"


class WeightsBox(QComboBox):
    """Select the bundled weights, fine-tuned weights of this session, or another file."""

    weights_chosen = Signal(object)
    other_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumContentsLength(8)
        self.setToolTip("Weights of the network: standard, or fine-tuned on your own scans")
        self.activated.connect(self._chosen)
        self.set_weights((), None)

    def set_weights(self, known: Sequence[Path], used: Path | None) -> None:
        """List the weights to choose from and select those in use."""
        self.clear()
        self.addItem("Standard", None)
        for path in known:
            self.addItem(path.stem, path)
            self.setItemData(self.count() - 1, str(path), 3)  # the tooltip
        self.addItem("Other file...", _OTHER)
        self._used = 1 + known.index(used) if used is not None and used in known else 0
        self.setCurrentIndex(self._used)

    def _chosen(self, index: int) -> None:
        key = self.itemData(index)
        if key == _OTHER:
            # Nothing changes until a file is chosen.
            self.setCurrentIndex(self._used)
            self.other_requested.emit()
        else:
            self._used = index
            self.weights_chosen.emit(key)


FILES = "Weights (*.safetensors)"


def weights_box(
    session: Session, connect: Callable[[Any, Callable[[], None]], None], parent: QWidget
) -> WeightsBox:
    """Return a box that shows and changes the weights of a session.

    Parameters
    ----------
    session : Session
        The session.
    connect : callable
        Connects a signal and a slot as long as the box exists.
    parent : QWidget
        Parent of the file dialog.
    """
    box = WeightsBox()

    def show() -> None:
        box.set_weights(session.known_weights, session.weights)

    def choose_file() -> None:
        path, _ = QFileDialog.getOpenFileName(parent, "Weights of the network", "", FILES)
        if path:
            use_file(session, Path(path))

    box.weights_chosen.connect(session.use_weights)
    box.other_requested.connect(choose_file)
    connect(session.weights_changed, show)
    show()
    return box


def use_file(session: Session, path: Path) -> None:
    """Use the weights in a file; show an error if it holds none."""
    from napari_xrf_pigments.network.weights import load_weights

    try:
        load_weights(path)
    except (ValueError, OSError) as error:
        session.show_error(str(error))
    else:
        session.use_weights(path)
