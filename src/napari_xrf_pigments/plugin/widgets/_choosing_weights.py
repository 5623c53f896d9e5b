"""Connects the list of weights of a dock with the session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .weights_box import WeightsBox

if TYPE_CHECKING:
    from ..docks.base import ScanDock

FILES = "Weights (*.safetensors)"


def weights_box(dock: ScanDock) -> WeightsBox:
    """A list of weights that follows and changes the session of a dock."""
    box, session = WeightsBox(), dock.session

    def show() -> None:
        box.set_weights(session.known_weights, session.weights)

    def ask() -> None:
        from qtpy.QtWidgets import QFileDialog

        path, _ = QFileDialog.getOpenFileName(dock, "Weights of the network", "", FILES)
        if path:
            use_file(dock, Path(path))

    box.weights_chosen.connect(session.use_weights)
    box.other_requested.connect(ask)
    dock.listen(session.weights_changed, show)
    show()
    return box


def use_file(dock: ScanDock, path: Path) -> None:
    """Use a weights file, if it is one."""
    from napari_xrf_pigments.network.weights import load_weights

    try:
        load_weights(path)
    except (ValueError, OSError) as error:
        dock.session.tell(str(error))
    else:
        dock.session.use_weights(path)
