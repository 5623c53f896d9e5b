"""The Pigments dock: run the network tile by tile, show what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from napari.qt.threading import thread_worker
from qtpy.QtCore import QTimer

from ..found import found_rows
from ..layers import (
    drop_maps,
    map_layers,
    show_maps,
    show_only,
)
from ..results import Depth, PigmentResults
from ..running import Failure, Progress, TileRun
from ..scan import Scan
from ..session import Session
from ..specs import DEPTH_TITLES, pigment_specs, unexplained_spec
from ..views.pigment_settings import PigmentSettings
from ..views.pigment_tree import PigmentTree
from ..views.run_bar import RunBar
from .base import ScanDock

if TYPE_CHECKING:
    from napari.viewer import Viewer

KINDS = {"pigment", "group", "unexplained"}


class PigmentsDock(ScanDock):
    """Maps pigments and lists what was found."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.settings = PigmentSettings(tuple(DEPTH_TITLES.items()))
        self.run_bar = RunBar("Map pigments")
        self.found = PigmentTree()
        self.column.addWidget(self.settings)
        self.column.addWidget(self.run_bar)
        self.stretch(self.found)
        self.run_bar.run_requested.connect(self.run)
        self.run_bar.cancel_requested.connect(self.cancel)
        self.found.show_requested.connect(self._show_alone)
        self.settings.depth_changed.connect(lambda depth: self.refresh())
        # While the slider is dragged, once every while is enough.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(120)
        self._later.timeout.connect(self.refresh)
        self.settings.threshold_changed.connect(lambda value: self._later.start())
        self._look_for_devices()
        self.start()

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Show what is known of the scan."""
        self._update()
        if scan is before:
            return
        if before is not None:
            self.unlisten(before.energies_changed, self._update)
        if scan is not None:
            self.listen(scan.energies_changed, self._update)
        self.run_bar.set_status("")
        self._list(scan)

    def run(self) -> None:
        """Run the network over the scan in a thread."""
        scan = self.scan
        if scan is None or self.running:
            return
        drop_maps(self.viewer, scan, KINDS)
        scan.pigments = None
        cube, services, device = scan.cube, self.session.services, self.settings.device

        def add(tile: Any) -> None:
            # Only the first tile says which pigments the network knows.
            if scan.pigments is None:
                shape = cube.shape[:2]
                scan.pigments = PigmentResults(shape, tuple(tile.names), tuple(tile.groups))
                settings = {"kind": "pigments", "device": device, "context": False}
                scan.pigments.provenance = services.provenance(cube, settings)
            scan.pigments.add(tile)

        rows, columns, _ = cube.shape
        run = TileRun(
            lambda: services.pigment_tiles(cube, device),
            add,
            rows * columns,
            lambda progress: self._progress(scan, progress),
            lambda end: self._ended(scan, end),
        )
        self._runs.append(run)
        self.run_bar.set_running(True)
        self.run_bar.set_status("Loading the network ...")
        self._update()

    def cancel(self) -> None:
        """Stop; finished tiles stay."""
        if self._runs:
            self.run_bar.set_cancelling()
            self._runs[0].cancel()

    def refresh(self) -> None:
        """Bring layers and list up to date with results, threshold and depth."""
        scan = self.scan
        self.show_when_due(lambda: self._show(scan), at_once=True)

    def _show(self, scan: Scan | None) -> int:
        if scan is None or scan not in self.session.scans or scan.pigments is None:
            return 0
        depth = cast(Depth, self.settings.depth)
        results = scan.pigments
        if not map_layers(self.viewer, scan, KINDS):
            show_only(self.viewer, scan, {"counts", "element"}, set())
        specs = pigment_specs(results, self.settings.threshold, depth)
        existing = map_layers(self.viewer, scan, {"group", "pigment"})
        current = {(spec.kind, spec.name) for spec in specs}
        for key, layer in existing.items():
            if key not in current:
                self.viewer.layers.remove(layer)
        waiting = show_maps(self.viewer, scan, [unexplained_spec(results), *specs])
        if scan is self.scan:
            self._list(scan)
        scan.results_changed.emit("pigments")
        return waiting

    def _list(self, scan: Scan | None) -> None:
        results: PigmentResults | None = scan.pigments if scan is not None else None
        if results is None:
            self.found.set_rows(())
            return
        depth = cast(Depth, self.settings.depth)
        self.found.set_rows(found_rows(results, self.settings.threshold, depth))

    def _progress(self, scan: Scan, progress: Progress) -> None:
        self.run_bar.set_progress(progress.done, progress.total)
        if progress.done:
            share = 100 * progress.done / progress.total
            self.run_bar.set_status(f"{share:.0f} % of the scan mapped")
            self.show_when_due(lambda: self._show(scan))

    def _ended(self, scan: Scan, end: str | Failure) -> None:
        self._runs.clear()
        self.run_bar.set_running(False)
        if isinstance(end, Failure):
            if end.sentence:
                self.session.tell(end.sentence)
            self.run_bar.set_status("Stopped; the tiles done so far are shown.")
        elif end == "cancelled":
            self.run_bar.set_status("Cancelled; the tiles done so far are shown.")
        else:
            self.run_bar.set_status("")
        self.show_when_due(lambda: self._show(scan), at_once=True)
        self._update()

    def _show_alone(self, kind: str, name: str) -> None:
        if self.scan is not None and (kind, name) in map_layers(self.viewer, self.scan, KINDS):
            kinds = {*KINDS, "counts", "element"}
            show_only(self.viewer, self.scan, kinds, {(kind, name)})

    def _look_for_devices(self) -> None:
        worker = thread_worker(self.session.services.devices)()
        worker.returned.connect(self.settings.set_devices)
        worker.start()

    def _update(self) -> None:
        checked = self.scan is not None and self.scan.checked
        reason = "Open a scan first" if self.scan is None else "The energy axis is being checked"
        self.run_bar.set_ready(checked, reason)
