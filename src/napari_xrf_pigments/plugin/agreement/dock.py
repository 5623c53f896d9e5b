"""The Agreement dock: a pigment's map held against the elements that identify it."""

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

from ..docks.base import ScanDock
from ..layers import colours
from ..layers.adding import add_layer, placement
from ..layers.metadata import LayerInfo, map_layers
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import LatestOnly
from ..widgets.restore import select_key, set_number
from .model import VERDICTS, ElementRow, Held, hold_against_elements, pigments_by_share

if TYPE_CHECKING:
    from napari.viewer import Viewer


class AgreementTable(QTableWidget):
    """A row for each line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels(["Line", "Correlation", "Of ranks"])
        self.horizontalHeaderItem(1).setToolTip("Pearson's correlation of the two maps, -1 to 1")
        self.horizontalHeaderItem(2).setToolTip(
            "Spearman's: whether one is high where the other is, whatever the scale"
        )
        self.verticalHeader().setVisible(False)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setMinimumHeight(110)

    def set_rows(self, rows: Sequence[ElementRow]) -> None:
        """Show lines."""
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
    return "does not vary" if np.isnan(value) else f"{value:+.2f}"


class AgreementDock(ScanDock):
    """Correlates a pigment with its elements and maps where they disagree."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.pigment_box = QComboBox()
        self.pigment_box.setMinimumContentsLength(14)
        self.threshold = _spin(0.05, 0.95, 0.5, 0.05, "Over this probability it is predicted")
        self.sigmas = _spin(1, 20, 3, 0.5, "An element is there from so many deviations on")
        form = QFormLayout()
        form.addRow("Pigment", self.pigment_box)
        form.addRow("Threshold", self.threshold)
        form.addRow("Element from (sigma)", self.sigmas)
        self.button = QPushButton("Show disagreement")
        self.table = AgreementTable()
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.key = QLabel("<br>".join(f"<span style='color:{c}'>■</span> {t}" for t, c in VERDICTS))
        self.key.setWordWrap(True)
        self.column.addLayout(form)
        self.column.addWidget(self.table)
        self.column.addWidget(self.button)
        self.column.addWidget(self.said)
        self.column.addWidget(self.key)
        self.column.addStretch(1)
        self._held: Held | None = None
        latest = self._latest = LatestOnly(self._take, self._complain)
        self.destroyed.connect(lambda: latest.cancel())
        self.pigment_box.activated.connect(lambda index: self._ask())
        for spin in (self.threshold, self.sigmas):
            spin.valueChanged.connect(lambda value: self._ask())
        self.button.clicked.connect(lambda: self.show_map())
        self.start()

    def save_state(self) -> dict[str, Any]:
        """Return pigment, threshold and the deviations from which an element is present."""
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
        self._ask()

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """List the pigments of another scan."""
        if before is not None and scan is not before:
            self.disconnect_signal(before.results_changed, self._on_results)
        if scan is not None and scan is not before:
            self.connect_signal(scan.results_changed, self._on_results)
        self._on_results()

    @property
    def held(self) -> Held | None:
        """What was found last."""
        return self._held

    def show_map(self) -> None:
        """Add the map of agreement as labels, or bring it up to date."""
        held, scan = self._held, self.scan
        if held is None or held.agreement is None or scan is None:
            return
        key = ("agreement", held.pigment)
        layer: Any = map_layers(self.viewer, scan, {"agreement"}).get(key)
        if layer is not None:
            layer.data = held.labels()
            return
        palette: dict[int | None, Any] = {None: "transparent", 0: "transparent"}
        palette.update({k: colour for k, (_, colour) in enumerate(VERDICTS, start=1)})
        layer = add_layer(
            self.viewer,
            "labels",
            held.labels(),
            LayerInfo(*key, scan=scan),
            name=f"{colours.pigment_title(held.pigment)} against its elements",
            colormap=DirectLabelColormap(color_dict=palette),
            features={"index": range(5), "verdict": ["", *(text for text, _ in VERDICTS)]},
            **placement(scan.cube.pixel_mm),
        )
        layer.editable = False

    def _on_results(self, kind: str = "") -> None:
        chosen = self.pigment_box.currentData()
        rows = pigments_by_share(self.scan, self.threshold.value()) if self.scan else []
        self.pigment_box.clear()
        for name, title in rows:
            self.pigment_box.addItem(title, name)
        self.pigment_box.setCurrentIndex(max(0, self.pigment_box.findData(chosen)))
        self._ask()

    def _ask(self) -> None:
        scan, name = self.scan, self.pigment_box.currentData()
        if scan is None or name is None:
            self._complain("Map the elements and the pigments first.")
            return
        bounds = self.threshold.value(), self.sigmas.value()
        self._latest.submit(lambda: hold_against_elements(scan, name, *bounds))

    def _take(self, held: Held) -> None:
        self._held = held
        self.table.set_rows(held.rows)
        self.said.setText(held.sentence())
        self.button.setEnabled(held.agreement is not None)

    def _complain(self, sentence: str) -> None:
        self._held = None
        self.table.set_rows(())
        self.said.setText(sentence)
        self.button.setEnabled(False)


def _spin(low: float, high: float, value: float, step: float, tip: str) -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setRange(low, high)
    spin.setSingleStep(step)
    spin.setValue(value)
    spin.setToolTip(tip)
    return spin
