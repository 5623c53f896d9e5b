"""The Stitch dock: sections of a painting joined to one."""

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
from . import model as sections

if TYPE_CHECKING:
    from napari.viewer import Viewer


class SectionTable(QTableWidget):
    """A row for each scan: use it or not, and the row and column of its first pixel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels(["Section", "Row", "Column"])
        for column in (1, 2):
            self.horizontalHeaderItem(column).setToolTip(
                "Of its first pixel, against the first section"
            )
        self.verticalHeader().setVisible(False)
        self.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            self.setColumnWidth(column, 92)
        self.setMinimumHeight(120)

    def set_sections(self, names: Sequence[str], new_ticked: bool = True) -> None:
        """Show scans in their order; the first ones that stay keep their place.

        Parameters
        ----------
        names : sequence of str
            All scans.
        new_ticked : bool
            Whether a scan that was not there is to be joined.
        """
        before = [
            (self.item(i, 0).text(), self.used(i), self.offset(i)) for i in range(self.rowCount())
        ]
        self.setRowCount(len(names))
        for i, name in enumerate(names):
            known = next((one for one in before if one[0] == name), None)
            if known is not None:
                before.remove(known)
            _, ticked, offset = known or (name, new_ticked, (0, 0))
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
        """Whether a section is to be joined."""
        return bool(self.item(row, 0).checkState() == Qt.CheckState.Checked)

    def set_used(self, row: int, used: bool) -> None:
        """Tick a section that is to be joined."""
        state = Qt.CheckState.Checked if used else Qt.CheckState.Unchecked
        self.item(row, 0).setCheckState(state)

    def offset(self, row: int) -> tuple[int, int]:
        """Row and column of a section's first pixel."""
        return self.cellWidget(row, 1).value(), self.cellWidget(row, 2).value()

    def set_place(self, row: int, offset: tuple[int, int]) -> None:
        """Show where a section was found."""
        for column in (1, 2):
            self.cellWidget(row, column).setValue(offset[column - 1])


_HINT = (
    "Open the sections, find their places or type them, then join. Spectra in overlaps are always "
    "those of the first section in the list."
)


class StitchDock(ScanDock):
    """Places the open scans against each other and joins them."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.table = SectionTable()
        self.find_button = QPushButton("Find their places")
        self.find_button.setToolTip("From what the sections share in their overlaps")
        self.overlap_box = QComboBox()
        self.overlap_box.addItem("are averaged", "average")
        self.overlap_box.addItem("are the first section's", "first")
        self.join_button = QPushButton("Join")
        self.said = QLabel(_HINT)
        self.said.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Maps in overlaps", self.overlap_box)
        self.add_expanding(self.table)
        self.column.addWidget(self.find_button)
        self.column.addLayout(form)
        self.column.addWidget(self.join_button)
        self.column.addWidget(self.said)
        self._joining = False
        self.find_button.clicked.connect(lambda: self.find())
        self.join_button.clicked.connect(lambda: self.join())
        self.connect_signal(self.session.scans_changed, self._list_sections)
        self._list_sections()
        self.start()

    def save_state(self) -> dict[str, Any]:
        """Return how overlaps are treated, and tick and offset of each section."""
        table = self.table
        sections = [
            {"name": scan.name, "used": table.used(row), "offset": list(table.offset(row))}
            for row, scan in enumerate(self.session.scans)
        ]
        return {"overlap": str(self.overlap_box.currentData()), "sections": sections}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Apply the settings of :meth:`save_state` where the sections are the same ones."""
        select_key(self.overlap_box, state.get("overlap"))
        entries = dicts_of(state.get("sections"))
        if [scan.name for scan in self.session.scans] != [entry.get("name") for entry in entries]:
            return
        for row, entry in enumerate(entries):
            offset = entry.get("offset")
            if isinstance(offset, list) and len(offset) == 2 and all(map(is_number, offset)):
                self.table.set_place(row, (int(offset[0]), int(offset[1])))
            self.table.set_used(row, entry.get("used") is True)

    @property
    def chosen(self) -> list[int]:
        """Rows of the sections that are ticked."""
        return [i for i in range(self.table.rowCount()) if self.table.used(i)]

    def find(self) -> None:
        """Find the places of the ticked sections in the background."""
        rows = self.chosen
        scans = self._scans(rows)
        if len(scans) < 2 or self.running:
            self.said.setText("Tick at least two sections.")
            return
        doubtful: list[str] = []
        said: list[str] = []
        found = iter(rows)

        def take(place: sections.Place) -> None:
            self.table.set_place(next(found), place.offset)
            said.append(f"{place.scan.name}: {place.said}.")
            if not place.trusted:
                doubtful.append(place.scan.name)

        def done(end: str | Failure) -> None:
            self._runs.clear()
            self._update()
            if isinstance(end, Failure):
                self.session.show_error(end.message)
                self.said.setText(end.message)
            else:
                told = "Every section was found by what it shares with the others."
                if doubtful:
                    told = f"The overlap of {', '.join(doubtful)} is not sure: check its place."
                self.said.setText("\n".join([told, *said]))

        self.said.setText("Comparing the sections ...")
        run = Run(lambda cancelled: sections.find_places(scans), take, done, "Placing sections")
        self._runs.append(run)
        self._update()

    def join(self) -> None:
        """Join the ticked sections."""
        rows = self.chosen
        if len(rows) < 2:
            self.said.setText("Tick at least two sections.")
            return
        offsets = [self.table.offset(i) for i in rows]
        self._joining = True
        try:
            overlap = self.overlap_box.currentData()
            said, maps = sections.join(self.viewer, self._scans(rows), offsets, overlap)
        except ValueError as error:
            self.session.show_error(str(error))
            return
        finally:
            self._joining = False
        self.layer_updates.prioritise(lambda: maps)
        self.said.setText(said)

    def _scans(self, rows: list[int]) -> list[Scan]:
        return [self.session.scans[i] for i in rows]

    def _list_sections(self) -> None:
        # What was just joined is not to be joined again.
        names = [scan.name for scan in self.session.scans]
        self.table.set_sections(names, new_ticked=not self._joining)
        self._update()

    def _update(self) -> None:
        several = len(self.session.scans) > 1 and not self.running
        self.find_button.setEnabled(several)
        self.join_button.setEnabled(several)
