"""The Scan dock: what was found in a scan, with detectors, pixel size, axis and warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from .. import dialogs
from ..docks.base import ScanDock
from ..docks.window import open_dock, our_docks
from ..layers.removal import close_scan
from ..opening import open_detector
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import LatestOnly
from ..widgets.pixel_size import PixelSizeForm
from .facts import detector_choices, facts_of, opened_detector, warnings_of

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_xrf_pigments.mapping.registration.row_alignment import Sawtooth

NOTHING_OPEN = "Drop a scan on the window, or press Open scan."


class ScanCardDock(ScanDock):
    """A dock with the facts about a scan, which opens with it and stays in reach."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.facts = QFormLayout()
        self.facts.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.labels: dict[str, QLabel] = {}
        self.detector_box = QComboBox()
        self.beside_button = QPushButton("Open beside")
        self.beside_button.setToolTip("Open the selected detector as another scan")
        self.instead_button = QPushButton("Open instead")
        self.instead_button.setToolTip("Open the selected detector, and close this scan")
        self.detectors = QWidget()
        choice = QHBoxLayout(self.detectors)
        choice.setContentsMargins(0, 0, 0, 0)
        choice.addWidget(self.detector_box, 1)
        choice.addWidget(self.instead_button)
        choice.addWidget(self.beside_button)
        self.pixel_form = PixelSizeForm()
        self.energy_button = QPushButton("Change axis, anode or voltage ...")
        self.sawtooth_label = _label()
        self.sawtooth_button = QPushButton("Correct ...")
        self.sawtooth_button.setVisible(False)
        self.warnings = _label()
        self.column.addLayout(self.facts)
        self.column.addWidget(self.energy_button)
        self.column.addWidget(self.sawtooth_label)
        self.column.addWidget(self.sawtooth_button)
        self.column.addWidget(self.warnings)
        self.column.addStretch(1)
        self.facts.addRow("Detector", self.detectors)
        self.facts.addRow("Pixel", self.pixel_form)
        self.sawtooth: Sawtooth | None = None
        self._estimated_of: Scan | None = None
        task = self._estimating = LatestOnly(self._show_sawtooth)
        self.destroyed.connect(lambda: task.cancel())
        self.pixel_form.size_changed.connect(self._set_pixel_size)
        self.energy_button.clicked.connect(self._show_energy_tab)
        self.sawtooth_button.clicked.connect(self._correct_sawtooth)
        self.beside_button.clicked.connect(lambda: self._open_detector(close=False))
        self.instead_button.clicked.connect(lambda: self._open_detector(close=True))
        self.detector_box.currentIndexChanged.connect(lambda index: self._update_detectors())
        self.connect_signal(self.session.totals_changed, self._on_totals)
        self.start()

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Show the facts about another scan."""
        if scan is before and scan is not None:
            return
        for one, change in ((before, self.disconnect_signal), (scan, self.connect_signal)):
            if one is not None:
                for signal in (one.energies_changed, one.axis_judged, one.pixel_size_changed):
                    change(signal, self.refresh)
        self._list_detectors(scan)
        self.sawtooth, self._estimated_of = None, None
        self.sawtooth_label.setText("")
        self.sawtooth_button.setVisible(False)
        self.refresh()

    def refresh(self) -> None:
        """Show the present facts, and estimate the sawtooth once the counts are summed."""
        scan = self.scan
        for widget in (self.pixel_form, self.energy_button):
            widget.setEnabled(scan is not None)
        facts = [] if scan is None else facts_of(scan)
        for title in {*self.labels} - {fact.title for fact in facts}:
            self.labels[title].setText("")
        for fact in facts:
            if fact.title not in self.labels:
                self.labels[fact.title] = _label()
                self.facts.addRow(fact.title, self.labels[fact.title])
            self.labels[fact.title].setText(fact.text)
        if scan is None:
            self.warnings.setText(NOTHING_OPEN)
            return
        self.pixel_form.set_size(scan.cube.pixel_mm)
        self.warnings.setText("\n".join(f"• {text}" for text in warnings_of(scan)))
        if scan.totals.ended and not scan.totals.error and self._estimated_of is not scan:
            self._estimated_of = scan
            self._estimating.submit(lambda: (scan, _estimate(scan)))

    def _show_sawtooth(self, result: tuple[Scan, Sawtooth | None]) -> None:
        scan, sawtooth = result
        if scan is not self.scan:
            return
        self.sawtooth = sawtooth
        found = sawtooth is not None and sawtooth.found and abs(sawtooth.shift) >= _LEAST_SHIFT
        if sawtooth is not None and found:
            side = "right" if sawtooth.shift > 0 else "left"
            self.sawtooth_label.setText(
                f"Sawtooth: odd rows are shifted {abs(sawtooth.shift):.2f} pixels to the {side}."
            )
        self.sawtooth_button.setVisible(found)

    def _on_totals(self, scan: Scan) -> None:
        if scan is self.scan and scan.totals.ended:
            self.refresh()

    def _set_pixel_size(self, dy: float, dx: float) -> None:
        if self.scan is not None:
            self.scan.set_pixel_mm((dy, dx))

    def _list_detectors(self, scan: Scan | None) -> None:
        choices = [] if scan is None else detector_choices(scan)
        self.detector_box.blockSignals(True)
        self.detector_box.clear()
        for title, key in choices:
            self.detector_box.addItem(title, key)
        if scan is not None and choices:
            self.detector_box.setCurrentIndex(self.detector_box.findData(opened_detector(scan)))
        self.detector_box.blockSignals(False)
        self.facts.setRowVisible(self.detectors, bool(choices))
        self._update_detectors()

    def _update_detectors(self) -> None:
        """Offer to open a detector other than the one that the scan shows."""
        scan = self.scan
        other = scan is not None and self.detector_box.currentData() != opened_detector(scan)
        for button in (self.beside_button, self.instead_button):
            button.setEnabled(other)

    def _open_detector(self, close: bool) -> None:
        scan, key = self.scan, self.detector_box.currentData()
        if scan is None or key is None:
            return
        mapped = scan.elements is not None or scan.pigments is not None
        question = f"Closing {scan.name} discards its maps. Continue?"
        if close and mapped and not dialogs.confirm("Open another detector", question):
            return
        if open_detector(self.viewer, scan, str(key), self.session.services) and close:
            close_scan(self.viewer, scan)

    def _show_energy_tab(self) -> None:
        self._dock("Spectrum", "bottom").restore_state({"tab": "Energy"})

    def _correct_sawtooth(self) -> None:
        self._dock("Correct the sawtooth", "right").estimate()

    def _dock(self, title: str, area: str) -> Any:
        return our_docks(self.viewer).get(title) or open_dock(self.viewer, title, area)


#: Smaller shifts of odd rows do not matter for maps, pixels.
_LEAST_SHIFT = 0.2


def _estimate(scan: Scan) -> Sawtooth | None:
    """Estimate the sawtooth from the total counts; None for a scan that is too small."""
    from napari_xrf_pigments.mapping.registration.row_alignment import estimate_sawtooth

    try:
        return estimate_sawtooth(scan.totals.image)
    except ValueError:
        return None


def _label() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
