"""The Sawtooth dock: alignment of the odd rows of a bidirectional scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QFormLayout, QLabel, QPushButton

from ..docks.base import ScanDock
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import LatestOnly
from ..widgets.restore import set_checked, set_number
from . import model as aligning

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

_HINT = (
    "Maps are corrected as copies; the counts stay as they were measured unless you open a "
    "corrected scan."
)


class SawtoothDock(ScanDock):
    """Estimate the shift of odd rows, preview it and correct maps."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.estimate_button = QPushButton("Estimate from the maps")
        self.shift = QDoubleSpinBox()
        self.shift.setRange(-4, 4)
        self.shift.setDecimals(2)
        self.shift.setSingleStep(0.05)
        self.shift.setSuffix(" px")
        self.shift.setToolTip("Shift of the odd rows in pixels (right is positive)")
        self.preview = QCheckBox("Preview on the uppermost map")
        self.apply_button = QPushButton("Correct the maps shown")
        self.undo_button = QPushButton("Undo")
        self.scan_button = QPushButton("Open a corrected scan")
        self.scan_button.setToolTip(
            "Assigns every count of the odd rows to one of the two pixels around its position"
        )
        self.message = QLabel(_HINT)
        self.message.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Odd rows lie off by", self.shift)
        self.column.addWidget(self.estimate_button)
        self.column.addLayout(form)
        for widget in (
            self.preview, self.apply_button, self.undo_button, self.scan_button, self.message
        ):  # fmt: skip
            self.column.addWidget(widget)
        self.column.addStretch(1)
        self._done: list[tuple[Scan, list[Image], list[Image]]] = []
        latest = self._latest = LatestOnly(self._take, self.session.show_error)
        self.destroyed.connect(lambda: latest.cancel())
        self.estimate_button.clicked.connect(lambda: self.estimate())
        self.shift.valueChanged.connect(lambda value: self._show_preview())
        self.preview.toggled.connect(lambda on: self._show_preview())
        self.apply_button.clicked.connect(lambda: self.apply())
        self.undo_button.clicked.connect(lambda: self.undo())
        self.scan_button.clicked.connect(lambda: self.open_corrected())
        self.start()

    def save_state(self) -> dict[str, Any]:
        """Return the shift and whether it is previewed."""
        return {"shift": self.shift.value(), "preview": self.preview.isChecked()}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Apply the settings of :meth:`save_state`."""
        set_number(self.shift, state.get("shift"))
        set_checked(self.preview, state.get("preview"))

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Reset for another scan."""
        if scan is not before:
            if before is not None:
                aligning.drop_preview(self.viewer, before)
            self.preview.setChecked(False)
            self.shift.setValue(0)
            self.message.setText(_HINT)
        for button in (self.estimate_button, self.apply_button, self.scan_button, self.preview):
            button.setEnabled(scan is not None)
        self.undo_button.setEnabled(bool(self._done))

    def estimate(self) -> None:
        """Estimate the shift from the elemental maps, or from the total counts."""
        scan = self.scan
        if scan is None:
            return
        self.message.setText("Estimating ...")

        def compute() -> tuple[Scan, Any]:
            from napari_xrf_pigments.mapping.registration.row_alignment import estimate_sawtooth

            return scan, estimate_sawtooth(aligning.most_informative_maps(scan))

        self._latest.submit(compute)

    def apply(self) -> None:
        """Add corrected copies of the visible maps."""
        scan, shift = self.scan, self.shift.value()
        if scan is None or shift == 0:
            return
        self.preview.setChecked(False)
        maps = aligning.scan_maps(self.viewer, scan)
        if maps:
            self._done.append((scan, maps, aligning.add_aligned(self.viewer, scan, maps, shift)))
        self.undo_button.setEnabled(bool(self._done))

    def undo(self) -> None:
        """Remove the last corrected copies."""
        if not self._done:
            return
        _, maps, copies = self._done.pop()
        for layer in copies:
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
        for layer in maps:
            layer.visible = True
        if maps[-1] in self.viewer.layers:
            # The selected layer was removed with the copies; napari would show no controls.
            self.viewer.layers.selection.active = maps[-1]
        self.undo_button.setEnabled(bool(self._done))

    def open_corrected(self) -> None:
        """Open a scan with corrected counts."""
        if self.scan is not None and self.shift.value() != 0:
            aligning.add_aligned_scan(self.viewer, self.scan, self.shift.value())

    def _take(self, answer: tuple[Scan, Any]) -> None:
        scan, found = answer
        if scan is self.scan:
            self.message.setText(f"{aligning.sentence_of(found)} {_HINT}")
            self.shift.setValue(found.shift if found.found else 0.0)

    def _show_preview(self) -> None:
        scan = self.scan
        if scan is None:
            return
        maps = aligning.scan_maps(self.viewer, scan)
        if self.preview.isChecked() and maps:
            aligning.show_preview(self.viewer, scan, maps[-1], self.shift.value())
        elif not self.preview.isChecked():
            aligning.drop_preview(self.viewer, scan)
