"""Fields for anode, voltage and energy axis; anode and voltage may be unknown."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QGridLayout, QLabel, QWidget

from napari_xrf_pigments.physics.tube_library import ANODES

UNKNOWN = "unknown"


class AcquisitionForm(QWidget):
    """Anode, voltage, gain and offset.

    Signals
    -------
    tube_changed : object, object
        Anode (str or None) and voltage in kV (float or None).
    axis_changed : float, float
        Gain and offset in keV.
    """

    tube_changed = Signal(object, object)
    axis_changed = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.anode = QComboBox()
        self.anode.addItem(UNKNOWN, None)
        for symbol in ANODES:
            self.anode.addItem(symbol, symbol)
        self.anode.setToolTip("Anode of the tube; it may be unknown")
        self.voltage = _box(0.0, 100.0, 1, " kV", "Voltage of the tube; 0 means unknown")
        self.voltage.setSpecialValueText(UNKNOWN)
        self.gain = _box(0.1, 1000.0, 4, " eV", "Width of a channel")
        self.offset = _box(-5000.0, 5000.0, 2, " eV", "Energy of the centre of channel 0")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        fields = (
            ("Anode", self.anode),
            ("Voltage", self.voltage),
            ("Gain", self.gain),
            ("Offset", self.offset),
        )
        for index, (title, field) in enumerate(fields):
            row, column = divmod(index, 2)
            grid.addWidget(QLabel(title), row, 2 * column)
            grid.addWidget(field, row, 2 * column + 1)
            field.setMinimumWidth(60)
            grid.setColumnStretch(2 * column + 1, 1)
        self.anode.activated.connect(lambda index: self._tube())
        self.voltage.editingFinished.connect(self._tube)
        self.gain.editingFinished.connect(self._axis)
        self.offset.editingFinished.connect(self._axis)
        self._shown: tuple[str | None, float | None, float, float] = (None, None, 0.01, 0.0)

    def set_settings(
        self, anode: str | None, tube_kv: float | None, gain_kev: float, offset_kev: float
    ) -> None:
        """Show the settings in use; None is unknown."""
        self._shown = (anode, tube_kv, gain_kev, offset_kev)
        index = self.anode.findData(anode)
        if index < 0:  # an unusual anode
            self.anode.addItem(str(anode), anode)
            index = self.anode.count() - 1
        self.anode.setCurrentIndex(index)
        for box, value in (
            (self.voltage, tube_kv or 0.0),
            (self.gain, 1000 * gain_kev),
            (self.offset, 1000 * offset_kev),
        ):
            box.setValue(value)

    def _tube(self) -> None:
        anode = self.anode.currentData()
        voltage = self.voltage.value()
        # A tube below 1 kV emits no X-rays.
        tube_kv = voltage if voltage >= 1 else None
        if (anode, tube_kv) != (self._shown[0], _rounded(self._shown[1], 1)):
            self.tube_changed.emit(anode, tube_kv)

    def _axis(self) -> None:
        # A field that was only focused must not round the axis.
        gain, offset = self.gain.value(), self.offset.value()
        if gain != round(1000 * self._shown[2], 4) or offset != round(1000 * self._shown[3], 2):
            self.axis_changed.emit(gain / 1000, offset / 1000)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _box(low: float, high: float, digits: int, unit: str, tip: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(low, high)
    box.setDecimals(digits)
    box.setSuffix(unit)
    box.setToolTip(tip)
    box.setKeyboardTracking(False)
    box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    return box
