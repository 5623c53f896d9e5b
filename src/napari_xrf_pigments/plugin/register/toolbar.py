"""Controls of the Register dock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QGridLayout, QPushButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from napari_xrf_pigments.mapping.registration.registration import Model

MODELS = (("Affine (taken square on)", "affine"), ("Projective (taken at an angle)", "projective"))


class RegisterBar(QWidget):
    """Select the image and the transform; buttons for points and registration."""

    picture_chosen = Signal()
    open_requested = Signal()
    model_changed = Signal()
    placing_changed = Signal(bool)
    apply_requested = Signal()
    undo_requested = Signal()
    save_requested = Signal()
    load_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture_box = QComboBox()
        self.picture_box.setMinimumContentsLength(12)
        self.open_button = QPushButton("Open picture...")
        self.open_button.setToolTip("A visible, infrared or X-ray image: TIFF, JPEG or PNG")
        self.model_box = QComboBox()
        for title, key in MODELS:
            self.model_box.addItem(title, key)
        self.place_button = QPushButton("Place points")
        self.place_button.setCheckable(True)
        self.place_button.setToolTip(
            "Show the picture on the left and the scan on the right; click the same detail in both"
        )
        self.apply_button = QPushButton("Apply")
        self.apply_button.setToolTip("Align the picture with the scan")
        self.undo_button = QPushButton("Undo")
        self.save_button = QPushButton("Save points...")
        self.load_button = QPushButton("Load points...")
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Picture", self.picture_box)
        form.addRow("", self.open_button)
        form.addRow("Transform", self.model_box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        buttons = QGridLayout()
        layout.addLayout(buttons)
        buttons.addWidget(self.place_button, 0, 0, 1, 2)
        for i, button in enumerate(
            (self.apply_button, self.undo_button, self.save_button, self.load_button)
        ):
            buttons.addWidget(button, 1 + i // 2, i % 2)
        self.picture_box.activated.connect(lambda index: self.picture_chosen.emit())
        self.open_button.clicked.connect(lambda: self.open_requested.emit())
        self.model_box.currentIndexChanged.connect(lambda index: self.model_changed.emit())
        self.place_button.toggled.connect(self.placing_changed.emit)
        self.apply_button.clicked.connect(lambda: self.apply_requested.emit())
        self.undo_button.clicked.connect(lambda: self.undo_requested.emit())
        self.save_button.clicked.connect(lambda: self.save_requested.emit())
        self.load_button.clicked.connect(lambda: self.load_requested.emit())

    @property
    def model(self) -> Model:
        """Key of the transform."""
        model: Model = self.model_box.currentData()
        return model

    @property
    def picture(self) -> object:
        """The key of the selected image."""
        return self.picture_box.currentData()

    def set_model(self, model: str) -> None:
        """Select a transform."""
        self.model_box.setCurrentIndex(self.model_box.findData(model))

    def set_pictures(self, pictures: Sequence[tuple[str, object]], chosen: object) -> None:
        """List images, pairs of name and key, and select one."""
        self.picture_box.blockSignals(True)
        self.picture_box.clear()
        for title, key in pictures:
            self.picture_box.addItem(title, key)
        keys = [key for _, key in pictures]
        self.picture_box.setCurrentIndex(keys.index(chosen) if chosen in keys else -1)
        self.picture_box.blockSignals(False)

    def set_ready(self, *, place: bool, apply: bool, undo: bool, save: bool) -> None:
        """Enable the buttons."""
        self.place_button.setEnabled(place)
        self.load_button.setEnabled(place)
        self.apply_button.setEnabled(apply)
        self.undo_button.setEnabled(undo)
        self.save_button.setEnabled(save)
