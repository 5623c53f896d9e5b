"""The Teach dock: fine-tuning of the network on painted labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QFileDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton
from superqt.utils import qthrottled

from napari_xrf_pigments.pigments.display import rgb_to_hex

from .. import dialogs
from ..docks.base import Emitter, ScanDock
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import Failure, Run
from ..widgets.restore import dicts_of, is_number
from ..widgets.run_bar import RunBar
from ..widgets.weights_box import FILES, weights_box
from .annotation_table import AnnotationTable
from .model import (
    annotation_layer,
    annotations_of,
    assessment_text,
    find_annotation_layer,
    pigment_choices,
    score_rows,
    with_pixel_counts,
)
from .score_table import ScoreTable

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer

_HINT = (
    "Add a label, choose its pigment and status, and paint where you know this pigment to be "
    "present or absent. Paint both, each in two or more areas."
)


class TeachDock(ScanDock):
    """A dock that fine-tunes the network on painted labels and saves its weights separately."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.table = AnnotationTable(pigment_choices())
        self.add_button = QPushButton("Add label")
        self.paint_button = QPushButton("Paint")
        self.run_bar = RunBar("Teach")
        self.scores = ScoreTable()
        self.message = QLabel(_HINT)
        self.message.setWordWrap(True)
        self.save_button = QPushButton("Save weights...")
        self.save_button.setToolTip("Save to a separate file; the standard model is not changed")
        self.weights = weights_box(self.session, self.connect_signal, self)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add_button)
        buttons.addWidget(self.paint_button)
        form = QFormLayout()
        form.addRow("Map with", self.weights)
        self.add_expanding(self.table)
        self.column.addLayout(buttons)
        self.column.addWidget(self.run_bar)
        self.add_expanding(self.scores)
        self.column.addWidget(self.message)
        self.column.addWidget(self.save_button)
        self.column.addLayout(form)
        self.fine_tuned: Any = None
        self._layer: Labels | None = None
        # Throttled, because painting changes the labels often.
        self._count_later = qthrottled(self._count, timeout=200, leading=False, parent=self)
        self.add_button.clicked.connect(lambda: self.add_label())
        self.paint_button.clicked.connect(lambda: self.paint())
        self.table.label_selected.connect(self._select_label)
        self.run_bar.run_requested.connect(self.run)
        self.run_bar.cancel_requested.connect(self.cancel)
        self.save_button.clicked.connect(lambda: self._choose_file())
        self.start()

    def save_state(self) -> dict[str, Any]:
        """Return pigment and status of each label."""
        rows = self.table.rows
        return {
            "labels": [
                {"value": row.value, "pigment": row.pigment, "present": row.present} for row in rows
            ]
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Add the labels of :meth:`save_state` to an empty table."""
        if self.table.rowCount():
            return
        for entry in dicts_of(state.get("labels")):
            value = entry.get("value")
            if is_number(value):
                self._add_row(int(value), str(entry.get("pigment")), entry.get("present") is True)
        self._count()

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Show the annotations of another scan."""
        if scan is not before:
            self.table.setRowCount(0)
            self._set_layer(find_annotation_layer(self.viewer, scan) if scan else None)
        self._update()

    def add_label(self, pigment: str = "", present: bool | None = None) -> None:
        """Add a label; by default the first is present, and the next the opposite of the last."""
        if self.scan is None:
            return
        if self._layer is None or self._layer not in self.viewer.layers:
            self._set_layer(annotation_layer(self.viewer, self.scan))
        rows = self.table.rows
        value = max((row.value for row in rows), default=0) + 1
        if not pigment:
            pigment = rows[-1].pigment if rows else ""
        if present is None:
            present = not (rows and rows[-1].present)
        self._add_row(value, pigment, present)
        self.paint()

    def _add_row(self, value: int, pigment: str, present: bool) -> None:
        if self._layer is not None:
            red, green, blue, _ = (float(part) for part in self._layer.get_color(value))
            self.table.add_row(value, rgb_to_hex((red, green, blue)), pigment, present)

    def paint(self) -> None:
        """Activate the brush with the selected label."""
        if self._layer is not None and self._layer in self.viewer.layers:
            self.viewer.layers.selection.active = self._layer
            self._layer.mode = "paint"
            self._select_label()

    def run(self) -> None:
        """Fine-tune in the background."""
        scan, layer = self.scan, self._layer
        if scan is None or layer is None or self.running:
            return
        rows, labels = self.table.rows, np.array(layer.data)
        services = self.session.services
        self.fine_tuned = None
        self.scores.set_rows(())

        def begin(cancelled: Callable[[], bool]) -> Any:
            return services.fine_tune(scan.cube, labels, annotations_of(rows), scan.name)

        self._runs.append(Run(begin, self._on_item, self._ended, "Fine-tuning the network"))
        self.run_bar.set_running(True)
        self.run_bar.set_status("Reading the painted spectra ...")
        self._update()

    def cancel(self) -> None:
        """Cancel; the network is not changed."""
        if self._runs:
            self.run_bar.set_cancelling()
            self.run_bar.set_status("Stopping after this step ...")
            self._runs[0].cancel()

    def save(self, path: Path) -> bool:
        """Save the fine-tuned weights and use them; return whether that succeeded."""
        from napari_xrf_pigments.training.fine_tuning.weights import save_fine_tuned

        if self.fine_tuned is None:
            return False
        try:
            digest = save_fine_tuned(self.fine_tuned, path)
        except (ValueError, OSError) as error:
            self.session.show_error(str(error))
            return False
        self.session.use_weights(path)
        self.run_bar.set_status(
            f"{dialogs.saved_as(path)} ({digest[:12]}); maps now use these weights."
        )
        return True

    def _on_item(self, item: Any) -> None:
        """Show the progress of a step, or the fine-tuned network, which comes last."""
        if hasattr(item, "description"):
            self.run_bar.set_progress(item.done, item.total)
            self.run_bar.set_status(f"{item.description} ...")
            return
        self.fine_tuned = item
        rows = score_rows(item)
        self.scores.set_rows(rows)
        self.message.setText(assessment_text(rows, item.warnings))

    def _ended(self, end: str | Failure) -> None:
        self._runs.clear()
        self.run_bar.set_running(False)
        if isinstance(end, Failure):
            if end.message:
                self.session.show_error(end.message)
            self.run_bar.set_status("Stopped; the network was not changed.")
        elif end == "cancelled":
            self.fine_tuned = None
            self.run_bar.set_status("Cancelled; the network was not changed.")
        else:
            self.run_bar.set_status("Done. Check the scores, then save the weights to use them.")
        self._update()

    def _set_layer(self, layer: Labels | None) -> None:
        if self._layer is not None:
            for name in ("paint", "data", "set_data"):
                self.disconnect_signal(Emitter(getattr(self._layer.events, name)), self._painted)
        self._layer = layer
        if layer is not None:
            for name in ("paint", "data", "set_data"):
                self.connect_signal(Emitter(getattr(layer.events, name)), self._painted)

    def _select_label(self, value: int | None = None) -> None:
        rows, selected = self.table.rows, self.table.currentRow()
        if value is None and 0 <= selected < len(rows):
            value = rows[selected].value
        if value is not None and self._layer is not None:
            self._layer.selected_label = value

    def _painted(self, event: Any = None) -> None:
        self._count_later()

    def _count(self) -> None:
        self.table.set_pixels(with_pixel_counts(self._layer, self.table.rows))
        self._update()

    def _update(self) -> None:
        painted = any(row.pixels for row in self.table.rows)
        checked = self.scan is not None and self.scan.checked
        reason = "" if painted else "Paint areas with a known pigment first"
        self.run_bar.set_ready(painted and checked, reason)
        self.add_button.setEnabled(self.scan is not None)
        self.paint_button.setEnabled(self.table.rowCount() > 0)
        self.save_button.setEnabled(self.fine_tuned is not None and not self.running)

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save weights", "fine_tuned.safetensors", FILES)
        if path:
            self.save(Path(path).with_suffix(".safetensors"))
