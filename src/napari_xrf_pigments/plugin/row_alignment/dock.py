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
from .model import (
    add_aligned,
    add_aligned_scan,
    most_informative_maps,
    remove_preview,
    scan_maps,
    sentence_of,
    show_preview,
)

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

_HINT = (
    "Corrected maps are copies; the scan itself never changes. Open a corrected scan if you need "
    "corrected spectra."
)


class SawtoothDock(ScanDock):
    """A dock that estimates the shift of odd rows, previews it and corrects maps."""

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
            "Assign each count of an odd row at random to one of the two pixels around its position"
        )
        self.message = QLabel(_HINT)
        self.message.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Shift of odd rows", self.shift)
        self.column.addWidget(self.estimate_button)
        self.column.addLayout(form)
        for widget in (
            self.preview, self.apply_button, self.undo_button, self.scan_button, self.message
        ):  # fmt: skip
            self.column.addWidget(widget)
        self.column.addStretch(1)
        #: Scan, maps and corrected copies of each correction, for undo.
        self._corrections: list[tuple[Scan, list[Image], list[Image]]] = []
        task = self._task = LatestOnly(self._show_estimate, self.session.show_error)
        self.destroyed.connect(lambda: task.cancel())
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
                remove_preview(self.viewer, before)
            self.preview.setChecked(False)
            self.shift.setValue(0)
            self.message.setText(_HINT)
        for button in (self.estimate_button, self.apply_button, self.scan_button, self.preview):
            button.setEnabled(scan is not None)
        self.undo_button.setEnabled(bool(self._corrections))

    def estimate(self) -> None:
        """Estimate the shift from the elemental maps, or from the total counts."""
        scan = self.scan
        if scan is None:
            return
        self.message.setText("Estimating ...")

        def compute() -> tuple[Scan, Any]:
            from napari_xrf_pigments.mapping.registration.row_alignment import estimate_sawtooth

            return scan, estimate_sawtooth(most_informative_maps(scan))

        self._task.submit(compute)

    def apply(self) -> None:
        """Add corrected copies of the visible maps."""
        scan, shift = self.scan, self.shift.value()
        if scan is None or shift == 0:
            return
        self.preview.setChecked(False)
        maps = scan_maps(self.viewer, scan)
        if maps:
            self._corrections.append((scan, maps, add_aligned(self.viewer, scan, maps, shift)))
        self.undo_button.setEnabled(bool(self._corrections))

    def undo(self) -> None:
        """Remove the last corrected copies."""
        if not self._corrections:
            return
        _, maps, copies = self._corrections.pop()
        for layer in copies:
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
        for layer in maps:
            layer.visible = True
        if maps[-1] in self.viewer.layers:
            # The selected layer was removed with the copies; napari would show no controls.
            self.viewer.layers.selection.active = maps[-1]
        self.undo_button.setEnabled(bool(self._corrections))

    def open_corrected(self) -> None:
        """Open a scan with corrected counts."""
        if self.scan is not None and self.shift.value() != 0:
            add_aligned_scan(self.viewer, self.scan, self.shift.value())

    def _show_estimate(self, result: tuple[Scan, Any]) -> None:
        scan, sawtooth = result
        if scan is self.scan:
            self.message.setText(f"{sentence_of(sawtooth)} {_HINT}")
            self.shift.setValue(sawtooth.shift if sawtooth.found else 0.0)

    def _show_preview(self) -> None:
        scan = self.scan
        if scan is None:
            return
        maps = scan_maps(self.viewer, scan)
        if self.preview.isChecked() and maps:
            show_preview(self.viewer, scan, maps[-1], self.shift.value())
        elif not self.preview.isChecked():
            remove_preview(self.viewer, scan)
