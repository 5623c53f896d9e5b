"""The Elements dock: find line families, map them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.qt.threading import thread_worker
from qtpy.QtWidgets import QPushButton

from ..colours import element_colour
from ..layers import drop_maps, map_layers, show_maps, show_only
from ..results import ElementResults
from ..running import Failure, Progress, TileRun
from ..scan import Scan
from ..services import FoundLines
from ..session import Session
from ..specs import element_specs
from ..views.element_list import ElementList
from ..views.run_bar import RunBar
from .base import ScanDock

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from ...cube import XRFCube


HINT = "Find the elements of the scan, then map those that are ticked."


class ElementsDock(ScanDock):
    """Finds the elements of a scan and maps those that are ticked."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.elements = ElementList(element_colour)
        self.run_bar = RunBar("Map elements")
        self.find_button = QPushButton("Find elements")
        self.run_bar.buttons.insertWidget(0, self.find_button, 1)
        self.column.addWidget(self.run_bar)
        self.stretch(self.elements)
        self.find_button.clicked.connect(lambda: self.find())
        self.run_bar.run_requested.connect(self.run)
        self.run_bar.cancel_requested.connect(self.cancel)
        self.elements.ticks_changed.connect(self._update)
        self.elements.show_requested.connect(self._show_alone)
        self._finding = False
        self._planned: tuple[Any, FoundLines] = (None, FoundLines(()))
        self._run_after_finding = False
        self.start()

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Show what is known of the scan."""
        if scan is not before:
            names = scan.elements.names if scan is not None and scan.elements else ()
            self.elements.set_names(names)
            self.run_bar.set_status(HINT if scan is not None else "")
        self._update()

    def find(self) -> None:
        """Look for line families in the scan, in a thread."""
        scan = self.scan
        if scan is None or self._finding:
            return
        find_lines, cube = self.session.services.find_lines, scan.cube

        def look() -> FoundLines | Failure:
            try:
                return find_lines(cube)
            except (ValueError, OSError) as error:
                return Failure(str(error))

        self._finding = True
        self.run_bar.set_status("Looking for elements ...")
        worker = thread_worker(look, ignore_errors=True)()
        worker.returned.connect(lambda found: self._found(scan, cube, found))
        worker.errored.connect(lambda error: self._found(scan, cube, None))
        worker.start()
        self._update()

    def run(self) -> None:
        """Map what is ticked; find elements first where that was not done."""
        scan = self.scan
        if scan is None or self.running:
            return
        if not self.elements.names():
            self._run_after_finding = True
            self.find()
            return
        names = self.elements.ticked()
        drop_maps(self.viewer, scan, {"element"})
        results = ElementResults(scan.cube.shape[:2], names)
        scan.elements = results
        cube, services = scan.cube, self.session.services
        plan = self._plan_for(scan, names)
        results.provenance = services.provenance(cube, {"kind": "elements", "lines": list(names)})
        rows, columns, _ = cube.shape
        run = TileRun(
            lambda: services.element_tiles(cube, names, plan),
            results.add,
            rows * columns,
            lambda progress: self._progress(scan, results, progress),
            lambda end: self._ended(scan, results, end),
        )
        self._runs.append(run)
        self.run_bar.set_running(True)
        self.run_bar.set_status(f"Mapping {len(names)} line families ...")
        self._update()

    def cancel(self) -> None:
        """Stop; finished tiles stay."""
        if self._runs:
            self.run_bar.set_cancelling()
            self._runs[0].cancel()

    def _plan_for(self, scan: Scan, names: tuple[str, ...]) -> Any:
        """What the search prepared, where all that it found is wanted on the same axis."""
        planned_for, found = self._planned
        return found.plan if planned_for is scan.cube and found.names == names else None

    def _found(self, scan: Scan, cube: XRFCube, found: FoundLines | Failure | None) -> None:
        self._finding = False
        go_on, self._run_after_finding = self._run_after_finding, False
        if isinstance(found, Failure):
            self.session.tell(found.sentence)
            self.run_bar.set_status(HINT)
        elif found is None:
            self.run_bar.set_status(HINT)
        elif scan is self.scan:
            self._planned = cube, found
            self.elements.set_names(found.names)
            self.run_bar.set_status(
                f"{len(found.names)} line families found; tick those to be mapped."
            )
            if found.names and go_on:
                self.run()
        self._update()

    def _progress(self, scan: Scan, results: ElementResults, progress: Progress) -> None:
        self.run_bar.set_progress(progress.done, progress.total)
        if progress.done:
            self.show_when_due(lambda: self._show(scan, results))

    def _show(self, scan: Scan, results: ElementResults) -> int:
        if scan not in self.session.scans or scan.elements is not results:
            return 0
        if not map_layers(self.viewer, scan, {"element"}):
            show_only(self.viewer, scan, {"counts"}, set())
        waiting = show_maps(self.viewer, scan, element_specs(results))
        scan.results_changed.emit("elements")
        return waiting

    def _ended(self, scan: Scan, results: ElementResults, end: str | Failure) -> None:
        self._runs.clear()
        self.run_bar.set_running(False)
        if isinstance(end, Failure):
            if end.sentence:
                self.session.tell(end.sentence)
            self.run_bar.set_status("Stopped; the tiles done so far are shown.")
        elif end == "cancelled":
            self.run_bar.set_status("Cancelled; the tiles done so far are shown.")
        else:
            self.run_bar.set_status(f"{len(results.names)} maps, net counts.")
        self.show_when_due(lambda: self._show(scan, results), at_once=True)
        self._update()

    def _show_alone(self, name: str) -> None:
        if self.scan is not None and self.scan.elements is not None:
            kinds = {"element", "pigment", "group", "unexplained", "counts"}
            show_only(self.viewer, self.scan, kinds, {("element", name)})

    def _update(self) -> None:
        there = self.scan is not None
        self.find_button.setEnabled(there and not self._finding and not self.running)
        nothing = bool(self.elements.names()) and not self.elements.ticked()
        reason = "Open a scan first" if not there else "Tick at least one line family"
        self.run_bar.set_ready(there and not nothing and not self._finding, reason)
