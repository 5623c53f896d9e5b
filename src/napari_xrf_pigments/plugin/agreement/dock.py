"""The Agreement dock: comparison of a pigment map with the maps of its elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils import DirectLabelColormap
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_xrf_pigments.pigments import display

from ..docks.base import ScanDock
from ..layers.adding import add_layer, placement
from ..layers.metadata import LayerInfo, map_layers
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import LatestOnly
from ..widgets.restore import select_key, set_number
from ..widgets.tables import horizontal_header, set_header_tip
from .model import VERDICTS, ElementRow, PigmentComparison, compare_with_elements, pigments_by_share

if TYPE_CHECKING:
    from napari.viewer import Viewer


class AgreementTable(QTableWidget):
    """Table of correlations, one row per line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels(["Line", "Correlation", "Rank correlation"])
        set_header_tip(
            self,
            1,
            "Pearson's correlation of the map of the line with that of the pigment, -1 to 1",
        )
        set_header_tip(
            self, 2, "Spearman's rank correlation, which does not depend on the scale of the maps"
        )
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        horizontal_header(self).setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(110)

    def set_rows(self, rows: Sequence[ElementRow]) -> None:
        """Show the correlations of lines."""
        self.setRowCount(len(rows))
        for i, row in enumerate(rows):
            missing = row.mapped is None
            title = row.family if row.mapped in (None, row.family) else f"{row.mapped}"
            texts = [title] + ["not mapped" if missing else _number(value)
                               for value in (row.pearson, row.spearman)]  # fmt: skip
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                self.setItem(i, column, item)


def _number(value: float) -> str:
    return "constant map" if np.isnan(value) else f"{value:+.2f}"


class AgreementDock(ScanDock):
    """A dock that correlates a pigment with its elements and maps their disagreement."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.pigment_box = QComboBox()
        self.pigment_box.setMinimumContentsLength(14)
        self.threshold = _spin(
            0.05, 0.95, 0.5, 0.05, "Probability above which the pigment counts as predicted"
        )
        self.sigmas = _spin(
            1, 20, 3, 0.5, "Net counts, in standard deviations, from which a line is detected"
        )
        form = QFormLayout()
        form.addRow("Pigment", self.pigment_box)
        form.addRow("Threshold", self.threshold)
        form.addRow("Detection limit (sigma)", self.sigmas)
        self.button = QPushButton("Show disagreement")
        self.table = AgreementTable()
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.legend = QLabel(
            "<br>".join(f"<span style='color:{c}'>■</span> {t}" for t, c in VERDICTS)
        )
        self.legend.setWordWrap(True)
        self.column.addLayout(form)
        self.column.addWidget(self.table)
        self.column.addWidget(self.button)
        self.column.addWidget(self.message)
        self.column.addWidget(self.legend)
        self.column.addStretch(1)
        self._comparison: PigmentComparison | None = None
        task = self._task = LatestOnly(self._show_comparison, self._show_message)
        self.destroyed.connect(lambda: task.cancel())
        self.pigment_box.activated.connect(lambda index: self._compare())
        for spin in (self.threshold, self.sigmas):
            spin.valueChanged.connect(lambda value: self._compare())
        self.button.clicked.connect(lambda: self.show_map())
        self.start()

    def save_state(self) -> dict[str, Any]:
        """Return pigment, threshold and detection limit."""
        return {
            "pigment": self.pigment_box.currentData(),
            "threshold": self.threshold.value(),
            "sigmas": self.sigmas.value(),
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Apply the settings of :meth:`save_state`."""
        set_number(self.threshold, state.get("threshold"))
        set_number(self.sigmas, state.get("sigmas"))
        select_key(self.pigment_box, state.get("pigment"))
        self._compare()

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """List the pigments of another scan."""
        if before is not None and scan is not before:
            self.disconnect_signal(before.results_changed, self._on_results)
        if scan is not None and scan is not before:
            self.connect_signal(scan.results_changed, self._on_results)
        self._on_results()

    @property
    def comparison(self) -> PigmentComparison | None:
        """The last comparison."""
        return self._comparison

    def show_map(self) -> None:
        """Add or update the Labels layer of agreement and disagreement."""
        comparison, scan = self._comparison, self.scan
        if comparison is None or comparison.agreement is None or scan is None:
            return
        key = ("agreement", comparison.pigment)
        layer: Any = map_layers(self.viewer, scan, {"agreement"}).get(key)
        if layer is not None:
            layer.data = comparison.labels()
            return
        palette: dict[int | None, Any] = {None: "transparent", 0: "transparent"}
        palette.update({k: colour for k, (_, colour) in enumerate(VERDICTS, start=1)})
        layer = add_layer(
            self.viewer,
            "labels",
            comparison.labels(),
            LayerInfo(*key, scan=scan),
            name=f"{display.pigment_title(comparison.pigment)} against its elements",
            colormap=DirectLabelColormap(color_dict=palette),
            features={"index": range(5), "verdict": ["", *(text for text, _ in VERDICTS)]},
            **placement(scan.cube.pixel_mm),
        )
        layer.editable = False

    def _on_results(self, kind: str = "") -> None:
        selected = self.pigment_box.currentData()
        rows = pigments_by_share(self.scan, self.threshold.value()) if self.scan else []
        self.pigment_box.clear()
        for name, title in rows:
            self.pigment_box.addItem(title, name)
        self.pigment_box.setCurrentIndex(max(0, self.pigment_box.findData(selected)))
        self._compare()

    def _compare(self) -> None:
        scan, name = self.scan, self.pigment_box.currentData()
        if scan is None or name is None:
            self._show_message("Map the elements and the pigments first.")
            return
        limits = self.threshold.value(), self.sigmas.value()
        self._task.submit(lambda: compare_with_elements(scan, name, *limits))

    def _show_comparison(self, comparison: PigmentComparison) -> None:
        self._comparison = comparison
        self.table.set_rows(comparison.rows)
        self.message.setText(comparison.sentence())
        self.button.setEnabled(comparison.agreement is not None)

    def _show_message(self, sentence: str) -> None:
        self._comparison = None
        self.table.set_rows(())
        self.message.setText(sentence)
        self.button.setEnabled(False)


def _spin(low: float, high: float, value: float, step: float, tip: str) -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setRange(low, high)
    spin.setSingleStep(step)
    spin.setValue(value)
    spin.setToolTip(tip)
    return spin
