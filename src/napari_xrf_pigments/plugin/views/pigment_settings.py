"""Device, threshold and depth for the pigment maps."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QWidget
from superqt import QLabeledDoubleSlider


class PigmentSettings(QWidget):
    """Where to compute, from which probability on a pigment counts, which layer to show.

    Parameters
    ----------
    depths : sequence of (str, str)
        Pairs of key and label.
    """

    threshold_changed = Signal(float)
    depth_changed = Signal(str)

    def __init__(self, depths: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.device_box = QComboBox()
        self.device_box.setMinimumContentsLength(10)
        self.depth_box = QComboBox()
        for key, label in depths:
            self.depth_box.addItem(label, key)
        self.slider = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0.05, 0.95)
        self.slider.setSingleStep(0.05)
        self.slider.setDecimals(2)
        self.slider.setValue(0.5)
        self.slider.setToolTip("A pigment counts as found where its probability is higher")
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Device", self.device_box)
        form.addRow("Threshold", self.slider)
        form.addRow("Show", self.depth_box)
        self.slider.valueChanged.connect(self.threshold_changed.emit)
        self.depth_box.currentIndexChanged.connect(
            lambda index: self.depth_changed.emit(self.depth)
        )
        self.set_devices((("Automatic", "auto"), ("CPU", "cpu")))

    @property
    def device(self) -> str:
        """The torch device."""
        return str(self.device_box.currentData())

    @property
    def threshold(self) -> float:
        """The probability, 0-1."""
        return float(self.slider.value())

    @property
    def depth(self) -> str:
        """Key of the depth."""
        return str(self.depth_box.currentData())

    def set_devices(self, devices: Sequence[tuple[str, str]]) -> None:
        """Offer devices, pairs of label and torch device; the choice is kept."""
        chosen = self.device_box.currentData()
        self.device_box.clear()
        for label, device in devices:
            self.device_box.addItem(label, device)
        self.device_box.setCurrentIndex(max(0, self.device_box.findData(chosen)))
