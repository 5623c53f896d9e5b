"""Settings of the pigment maps: device, threshold, depth, groups and period."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QRegularExpression, Qt, Signal
from qtpy.QtGui import QRegularExpressionValidator
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)
from superqt import QLabeledDoubleSlider

from napari_xrf_pigments.reporting.composite import FADE

#: Digits of a complete year.
_DIGITS = 4
Period = tuple[int | None, int | None]


class PigmentSettings(QWidget):
    """Select the device, the threshold of probability, and which pigments are shown.

    Parameters
    ----------
    depths : sequence of (str, str)
        Pairs of key and label.
    """

    threshold_changed = Signal(float)
    depth_changed = Signal(str)
    groups_changed = Signal(bool)
    period_changed = Signal(object)
    #: What brightness means, the share under which pixels fade, or the place of whites.
    picture_changed = Signal()

    def __init__(self, depths: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.device_box = QComboBox()
        self.device_box.setMinimumContentsLength(8)
        self.depth_box = QComboBox()
        self.depth_box.setMinimumContentsLength(8)
        for key, label in depths:
            self.depth_box.addItem(label, key)
        self.slider = threshold_slider()
        self.slider.setToolTip("Probability above which a pigment is considered present")
        self.groups_box = QCheckBox("Show groups only")
        self.groups_box.setToolTip(
            "One map per group of pigments with the same diagnostic elements; it is more certain "
            "than the maps of its members"
        )
        self.context_box = QCheckBox("Smooth with similar neighbours")
        self.context_box.setToolTip(
            "For scans with few counts: before the prediction, the spectra of neighbouring pixels "
            "that do not differ significantly from that of the pixel are added to it. Applies from "
            "the next run on"
        )
        self.brightness_box = QComboBox()
        self.brightness_box.setMinimumContentsLength(8)
        self.brightness_box.setToolTip(
            "Signal: net counts of the line that shows the pigment, where its probability is "
            "above the threshold. Probability: the answer of the network alone"
        )
        for label, key in (("Signal", "signal"), ("Probability", "probability")):
            self.brightness_box.addItem(label, key)
        self.fade_box = QSpinBox()
        self.fade_box.setRange(0, 50)
        self.fade_box.setValue(round(100 * FADE))
        self.fade_box.setPrefix("fade < ")
        self.fade_box.setSuffix(" %")
        self.fade_box.setToolTip("Share of the brightest signal of a map under which pixels fade")
        self.ground_box = QCheckBox("Whites last")
        self.ground_box.setChecked(True)
        self.ground_box.setToolTip(
            "In the overview, whites and grounds lead only where nothing else does"
        )
        self.first_year, self.last_year = _year("from"), _year("to")
        self.form = form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Device", self.device_box)
        form.addRow(self.context_box)
        form.addRow("Threshold", self.slider)
        form.addRow("Show", self.depth_box)
        form.addRow("Brightness", _in_a_row(self.brightness_box, self.fade_box))
        form.addRow(_in_a_row(self.groups_box, self.ground_box))
        form.addRow("Painted", self._period_row())
        self.slider.valueChanged.connect(self.threshold_changed.emit)
        self.depth_box.currentIndexChanged.connect(
            lambda index: self.depth_changed.emit(self.depth_key)
        )
        self.groups_box.toggled.connect(self._groups_toggled)
        self.brightness_box.currentIndexChanged.connect(self._brightness_chosen)
        self.fade_box.valueChanged.connect(lambda value: self.picture_changed.emit())
        self.ground_box.toggled.connect(lambda on: self.picture_changed.emit())
        for field in (self.first_year, self.last_year):
            field.editingFinished.connect(lambda: self.period_changed.emit(self.period))
            field.textEdited.connect(self._year_typed)
        self.set_devices((("Automatic", "auto"), ("CPU", "cpu")))

    @property
    def device(self) -> str:
        """The PyTorch device."""
        return str(self.device_box.currentData())

    @property
    def context(self) -> bool:
        """Whether the maps are smoothed with similar neighbours."""
        return bool(self.context_box.isChecked())

    @property
    def threshold(self) -> float:
        """The threshold of probability, 0-1."""
        return float(self.slider.value())

    @property
    def depth_key(self) -> str:
        """Key of the depth."""
        return str(self.depth_box.currentData())

    @property
    def groups(self) -> bool:
        """Whether only groups are shown, one layer per group."""
        return bool(self.groups_box.isChecked())

    @property
    def brightness(self) -> str:
        """What the brightness of a map means: ``"signal"`` or ``"probability"``."""
        return str(self.brightness_box.currentData())

    @property
    def fade(self) -> float:
        """Share of the brightest signal of a map under which pixels fade, 0-1."""
        return float(self.fade_box.value()) / 100

    @property
    def ground_last(self) -> bool:
        """Whether whites and grounds lead only where nothing else does."""
        return bool(self.ground_box.isChecked())

    @property
    def period(self) -> Period:
        """First and last year; None where the field is empty."""
        first, last = (_number(field.text()) for field in (self.first_year, self.last_year))
        return first, last

    def set_devices(self, devices: Sequence[tuple[str, str]]) -> None:
        """List devices, pairs of label and PyTorch device; the selection stays."""
        chosen = self.device_box.currentData()
        self.device_box.clear()
        for label, device in devices:
            self.device_box.addItem(label, device)
        self.device_box.setCurrentIndex(max(0, self.device_box.findData(chosen)))

    def set_palette(self, threshold: float, period: Period) -> None:
        """Show threshold and period without emitting a signal."""
        self.slider.blockSignals(True)
        self.slider.setValue(threshold)
        self.slider.blockSignals(False)
        for field, year in zip((self.first_year, self.last_year), period, strict=True):
            field.setText("" if year is None else str(year))

    def _year_typed(self, text: str) -> None:
        # A complete year needs no Enter. While the user changes both, they may be reversed.
        first, last = self.period
        is_reversed = first is not None and last is not None and first > last
        if len(text) == _DIGITS and not is_reversed:
            self.period_changed.emit(self.period)

    def _brightness_chosen(self, index: int) -> None:
        self.fade_box.setEnabled(self.brightness == "signal")
        self.picture_changed.emit()

    def _groups_toggled(self, on: bool) -> None:
        # The network predicts groups in any layer, without their depth.
        self.depth_box.setEnabled(not on)
        self.groups_changed.emit(on)

    def _period_row(self) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.first_year, 1)
        layout.addWidget(QLabel("to"))
        layout.addWidget(self.last_year, 1)
        return row


def _in_a_row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(widgets[0], 1)
    for widget in widgets[1:]:
        layout.addWidget(widget)
    return row


def threshold_slider() -> QLabeledDoubleSlider:
    """Return a slider for a probability."""
    slider = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
    slider.setRange(0.05, 0.95)
    slider.setSingleStep(0.05)  # type: ignore[arg-type]  # typed as for integers
    slider.setDecimals(2)
    slider.setValue(0.5)
    return slider


def _year(word: str) -> QLineEdit:
    field = QLineEdit()
    field.setPlaceholderText({"from": "first year", "to": "last year"}[word])
    # With an integer validator, Qt would not report that a field was emptied.
    field.setValidator(QRegularExpressionValidator(QRegularExpression("(-?[0-9]{1,4})?"), field))
    field.setToolTip("Pigments not in use in this period are hidden; those found are named below")
    field.setMinimumWidth(40)
    return field


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
