"""The Stitch dock: position the sections of a painting and join them into one scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ..docks.base import ScanDock
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import Failure, Run
from ..widgets.restore import dicts_of, is_number, select_key
from ..widgets.tables import cell, horizontal_header, set_header_tip
from .model import SectionPlacement, estimate_placements, join_sections

if TYPE_CHECKING:
    from napari.viewer import Viewer


class SectionTable(QTableWidget):
    """Table with one row per scan: whether to join it, and the position of its first pixel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels(["Section", "Row", "Column"])
        for column in (1, 2):
            set_header_tip(
                self, column, "Position of the first pixel, relative to the first section"
            )
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        header = horizontal_header(self)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            self.setColumnWidth(column, 92)
        self.setMinimumHeight(120)

    def set_sections(self, names: Sequence[str], new_ticked: bool = True) -> None:
        """List scans in their order; those already listed keep their settings.

        Parameters
        ----------
        names : sequence of str
            All scans.
        new_ticked : bool
            Whether to tick scans that were not listed before.
        """
        before = [
            (cell(self, i, 0).text(), self.used(i), self.offset(i)) for i in range(self.rowCount())
        ]
        self.setRowCount(len(names))
        for i, name in enumerate(names):
            listed = next((one for one in before if one[0] == name), None)
            if listed is not None:
                before.remove(listed)
            _, ticked, offset = listed or (name, new_ticked, (0, 0))
            item = QTableWidgetItem(name)
            item.setToolTip(name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
            self.setItem(i, 0, item)
            for column in (1, 2):
                spin = QSpinBox()
                spin.setRange(-100_000, 100_000)
                spin.setValue(offset[column - 1])
                self.setCellWidget(i, column, spin)

    def used(self, row: int) -> bool:
        """Return whether a section is ticked."""
        return bool(cell(self, row, 0).checkState() == Qt.CheckState.Checked)

    def set_used(self, row: int, used: bool) -> None:
        """Tick or untick a section."""
        state = Qt.CheckState.Checked if used else Qt.CheckState.Unchecked
        cell(self, row, 0).setCheckState(state)

    def offset(self, row: int) -> tuple[int, int]:
        """Return row and column of the first pixel of a section."""
        return self._spin(row, 1).value(), self._spin(row, 2).value()

    def set_offset(self, row: int, offset: tuple[int, int]) -> None:
        """Set row and column of the first pixel of a section."""
        for column in (1, 2):
            self._spin(row, column).setValue(offset[column - 1])

    def _spin(self, row: int, column: int) -> QSpinBox:
        spin = self.cellWidget(row, column)
        assert isinstance(spin, QSpinBox)
        return spin


_HINT = (
    "Open the sections, estimate or type their positions, then join them. In overlaps, spectra are "
    "those of the section listed first."
)


class StitchDock(ScanDock):
    """A dock that positions open scans relative to each other and joins them."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.table = SectionTable()
        self.estimate_button = QPushButton("Estimate positions")
        self.estimate_button.setToolTip("Compare the maps of the sections in their overlaps")
        self.overlap_box = QComboBox()
        self.overlap_box.addItem("Mean", "average")
        self.overlap_box.addItem("First section", "first")
        self.join_button = QPushButton("Join")
        self.message = QLabel(_HINT)
        self.message.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Maps in overlaps", self.overlap_box)
        self.add_expanding(self.table)
        self.column.addWidget(self.estimate_button)
        self.column.addLayout(form)
        self.column.addWidget(self.join_button)
        self.column.addWidget(self.message)
        self._joining = False
        self.estimate_button.clicked.connect(lambda: self.estimate_positions())
        self.join_button.clicked.connect(lambda: self.join())
        self.connect_signal(self.session.scans_changed, self._list_sections)
        self._list_sections()
        self.start()

    def save_state(self) -> dict[str, Any]:
        """Return the treatment of overlaps, and tick and position of each section."""
        table = self.table
        sections = [
            {"name": scan.name, "used": table.used(row), "offset": list(table.offset(row))}
            for row, scan in enumerate(self.session.scans)
        ]
        return {"overlap": str(self.overlap_box.currentData()), "sections": sections}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Apply the settings of :meth:`save_state`, if the open scans are the same."""
        select_key(self.overlap_box, state.get("overlap"))
        entries = dicts_of(state.get("sections"))
        if [scan.name for scan in self.session.scans] != [entry.get("name") for entry in entries]:
            return
        for row, entry in enumerate(entries):
            offset = entry.get("offset")
            if isinstance(offset, list) and len(offset) == 2 and all(map(is_number, offset)):
                self.table.set_offset(row, (int(offset[0]), int(offset[1])))
            self.table.set_used(row, entry.get("used") is True)

    @property
    def ticked(self) -> list[int]:
        """Rows of the ticked sections."""
        return [i for i in range(self.table.rowCount()) if self.table.used(i)]

    def estimate_positions(self) -> None:
        """Estimate the positions of the ticked sections in the background."""
        rows = self.ticked
        scans = self._scans(rows)
        if len(scans) < 2 or self.running:
            self.message.setText("Tick at least two sections.")
            return
        uncertain: list[str] = []
        sentences: list[str] = []
        next_row = iter(rows)

        def show(placement: SectionPlacement) -> None:
            self.table.set_offset(next(next_row), placement.offset)
            sentences.append(f"{placement.scan.name}: {placement.description}.")
            if not placement.trusted:
                uncertain.append(placement.scan.name)

        def done(end: str | Failure) -> None:
            self._runs.clear()
            self._update()
            if isinstance(end, Failure):
                self.session.show_error(end.message)
                self.message.setText(end.message)
            else:
                text = "The positions of all sections agree with their overlaps."
                if uncertain:
                    text = f"Uncertain position: {', '.join(uncertain)}. Check it before joining."
                self.message.setText("\n".join([text, *sentences]))

        self.message.setText("Comparing the sections ...")
        run = Run(lambda cancelled: estimate_placements(scans), show, done, "Estimating positions")
        self._runs.append(run)
        self._update()

    def join(self) -> None:
        """Join the ticked sections."""
        rows = self.ticked
        if len(rows) < 2:
            self.message.setText("Tick at least two sections.")
            return
        offsets = [self.table.offset(i) for i in rows]
        self._joining = True
        try:
            overlap = self.overlap_box.currentData()
            sentence, maps = join_sections(self.viewer, self._scans(rows), offsets, overlap)
        except ValueError as error:
            self.session.show_error(str(error))
            return
        finally:
            self._joining = False
        self.layer_updates.prioritise(lambda: maps)
        self.message.setText(sentence)

    def _scans(self, rows: list[int]) -> list[Scan]:
        return [self.session.scans[i] for i in rows]

    def _list_sections(self) -> None:
        # A scan that was just joined is listed without a tick.
        names = [scan.name for scan in self.session.scans]
        self.table.set_sections(names, new_ticked=not self._joining)
        self._update()

    def _update(self) -> None:
        enabled = len(self.session.scans) > 1 and not self.running
        self.estimate_button.setEnabled(enabled)
        self.join_button.setEnabled(enabled)
