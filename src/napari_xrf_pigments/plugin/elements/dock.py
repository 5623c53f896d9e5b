"""The Elements dock: find line families, preview them on a part of the scan, map them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QPushButton, QSplitter

from napari_xrf_pigments.pigments.display import element_colour

from .. import dialogs
from ..docks.map_dock import MapDock
from ..layers.metadata import map_layers
from ..layers.region_masks import regions_of
from ..layers.specs import ELEMENT_KINDS, PIGMENT_KINDS, element_specs
from ..layers.sync import discard_maps, show_maps
from ..layers.visibility import iter_show_only, select_visible
from ..state.results import ElementResults, Results
from ..state.rows import added_rows, with_mapped
from ..state.scan import Scan
from ..state.services import FoundLines
from ..state.session import Session
from ..tasks import Failure, error_message, start_worker
from ..widgets.restore import select_key
from .element_list import ElementList
from .fit_settings import apply_settings, save_settings
from .parsing import rows_of_text
from .preview_scope import PREVIEW_SCOPES, REGION, PreviewSubsets, start_drawing_region
from .scope_bar import ElementScope
from .tools import ElementTools

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_xrf_pigments.cube import XRFCube

_FILTER = "PyMca fit settings (*.cfg);;All files (*)"


HINT = "Find the elements of the scan, then map the ticked ones."
REGION_HINT = "Draw a region on the scan, then find or map elements in it."


class ElementsDock(MapDock):
    """A dock that finds the elements of a scan, or of a part of it, and maps the ticked ones."""

    results_kind = "elements"
    layer_kinds = ELEMENT_KINDS

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, "Map elements", session)
        self.scope_bar = ElementScope(PREVIEW_SCOPES)
        self.elements = ElementList(element_colour)
        self.tools = ElementTools(self.viewer, self.session, self.refresh)
        self.find_button = QPushButton("Find elements")
        self.run_bar.buttons.insertWidget(0, self.find_button, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self.elements)
        self.splitter.addWidget(self.tools)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setChildrenCollapsible(False)
        self.column.addWidget(self.scope_bar)
        self.column.addWidget(self.run_bar)
        self.add_expanding(self.splitter)
        self.find_button.clicked.connect(lambda: self.find_elements())
        self.elements.ticks_changed.connect(self.update_bar)
        self.elements.show_requested.connect(self._show_alone)
        self.scope_bar.scope_changed.connect(self._scope_changed)
        self.scope_bar.add_requested.connect(self.add)
        self.scope_bar.read_requested.connect(self._choose_and_read)
        self.scope_bar.write_requested.connect(self._choose_and_write)
        self.searching = False
        self._subsets = PreviewSubsets()
        #: The cube last searched for elements, and the result.
        self._last_search: tuple[Any, FoundLines] = (None, FoundLines(()))
        self._run_after_search = False
        self.start()

    def save_state(self) -> dict[str, Any]:
        """Return the scope, the unticked elements and the settings of the tools."""
        ticked = self.elements.ticked()
        return {
            "scope": self.scope_bar.scope,
            "unticked": [name for name in self.elements.names() if name not in ticked],
            "tools": self.tools.save_state(),
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Apply the settings of :meth:`save_state`."""
        select_key(self.scope_bar.scope_box, state.get("scope"))
        unticked = state.get("unticked")
        for name in unticked if isinstance(unticked, list) else ():
            if name in self.elements.names():
                self.elements.set_ticked(name, False)
        tools = state.get("tools")
        if isinstance(tools, dict):
            self.tools.restore_state(tools)

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Show the elements and maps of the scan."""
        if scan is not before:
            if before is not None:
                self.disconnect_signal(before.energies_changed, self._on_energies)
            if scan is not None:
                self.connect_signal(scan.energies_changed, self._on_energies)
            names = scan.elements.names if scan is not None and scan.elements else ()
            known = () if scan is None else scan.element_rows
            self.elements.set_rows(with_mapped(known, names), names or None)
            status = "" if scan is None else self.finished_text(scan) if names else HINT
            self.run_bar.set_status(status)
            self.tools.set_scan(scan)
        self.update_bar()

    # Find.

    def find_elements(self) -> None:
        """Find line families in the scan or in the part to preview, in a thread."""
        scan = self.scan
        if scan is None or self.searching:
            return
        try:
            part = self._subsets.part_in_viewer(self.viewer, scan, self.scope_bar.scope)
        except ValueError as error:
            self.session.show_error(str(error))
            return
        cube = scan.cube if part is None else part.cube
        find_lines = self.session.services.find_lines

        def search() -> tuple[Scan, XRFCube, FoundLines | Failure]:
            try:
                return scan, cube, find_lines(cube)
            except (ValueError, OSError) as error:
                return scan, cube, Failure(error_message(error))

        self.searching = True
        self.run_bar.set_status("Finding elements ...")
        start_worker(
            search,
            returned=lambda result: self._on_search_finished(*result),
            failed=lambda error: self._on_search_finished(None, None, None),
        )
        self.update_bar()

    def _on_search_finished(
        self, scan: Scan | None, cube: XRFCube | None, result: FoundLines | Failure | None
    ) -> None:
        self.searching = False
        run_after_search, self._run_after_search = self._run_after_search, False
        if isinstance(result, Failure):
            self.session.show_error(result.message)
            self.run_bar.set_status(HINT)
        elif result is None:
            self.run_bar.set_status(HINT)
        elif scan is not None and scan is self.scan:
            self._last_search = cube, result
            unticked = set(self.elements.names()) - set(self.elements.ticked())
            added = added_rows(scan.element_rows, result.rows)
            scan.element_rows = (*result.rows, *added)
            ticked = [*result.names, *(row.family for row in added if row.family not in unticked)]
            self.elements.set_rows(scan.element_rows, ticked)
            remaining = f" Elements that you added remain listed ({len(added)})." if added else ""
            self.run_bar.set_status(
                f"Elements found: {len(result.names)}, the most significant first.{remaining} "
                "Tick those to map."
            )
            if result.names and run_after_search:
                self.run()
        self.update_bar()

    def add(self, text: str) -> None:
        """Add the elements or line families of a text to the list."""
        scan = self.scan
        if scan is None:
            return
        try:
            rows = rows_of_text(text, scan.cube)
        except ValueError as error:
            self.session.show_error(str(error))
            return
        scan.element_rows += tuple(rows)
        self.elements.add_rows(rows)
        self.scope_bar.add_field.clear()

    # Map.

    def run(self) -> None:
        """Map the ticked line families; find elements first if the list is empty."""
        scan = self.scan
        if scan is None or self.running:
            return
        if not self.elements.names():
            self._run_after_search = True
            self.find_elements()
            return
        try:
            part = self._subsets.part_in_viewer(self.viewer, scan, self.scope_bar.scope)
        except ValueError as error:
            self.session.show_error(str(error))
            return
        names = self.elements.ticked()
        cube = scan.cube if part is None else part.cube
        results = ElementResults(cube.shape[:2], names, cube, part)
        settings: dict[str, Any] = {"kind": "elements", "lines": list(names)}
        if part is not None:
            settings["part"] = part.settings
        results.provenance = self.session.services.provenance(cube, settings)
        self.replace_results(scan, *(("elements", "preview") if part is None else ("preview",)))
        scan.derived.clear()
        if part is None:
            # The layers of families mapped before are reused for the new maps.
            removal = discard_maps(self.viewer, scan, ELEMENT_KINDS - {"element"})
            results.normalisation = scan.element_view.normalisation
            scan.elements, scan.preview = results, None
        else:
            removal = discard_maps(self.viewer, scan, {"preview", "derived"})
            scan.preview = results
        self.layer_updates.schedule(lambda: removal, restart=True)
        self._begin(scan, results, None)

    def resume(self) -> None:
        """Map the tiles that an interrupted run did not reach."""
        results = self.resumable_results()
        if self.scan is not None and isinstance(results, ElementResults) and not self.running:
            self._begin(self.scan, results, results.done)

    def _begin(self, scan: Scan, results: ElementResults, done: NDArray[np.bool_] | None) -> None:
        cube, names, tiles = results.cube, results.names, self.session.services.element_tiles
        searched, result = self._last_search
        plan = result.plan if searched is cube else None
        before = None if done is None else results.tally

        def add(tile: Any) -> None:
            results.add(tile)
            self.pending_warnings += results.collect_warnings(tile)

        self.start_run(
            scan,
            results.done.shape,
            lambda skip: tiles(cube, names, plan, skip, before),
            add,
            f"Mapping {len(names)} line families ...",
            done,
        )

    def blocking_reason(self) -> str:
        """Return why no run can start now; empty if it can."""
        has_scan = self.scan is not None
        self.find_button.setEnabled(has_scan and not self.searching and not self.running)
        if not has_scan:
            return "Open a scan first"
        if self.searching:
            return "The search for elements is still running"
        none_ticked = bool(self.elements.names()) and not self.elements.ticked()
        return "Tick at least one element" if none_ticked else ""

    def resumable_results(self) -> Results | None:
        """Return the unfinished maps made with the present settings, or None."""
        scan = self.scan
        if scan is None or scan.elements is None or scan.stale_reason_of("elements"):
            return None
        # Maps that were loaded from a file have no cube, so they cannot be completed.
        return None if scan.elements.complete or scan.elements.cube is None else scan.elements

    def finished_text(self, scan: Scan) -> str:
        """Return the number of maps, and the part of the scan that they cover."""
        results = self._current_results(scan)
        count = 0 if results is None else len(results.names)
        number = f"{count} map{'' if count == 1 else 's'}"
        if results is None or results.part is None:
            return f"{number}."
        return f"{number} of a part ({results.part.title}). To map the whole scan, choose it above."

    def _current_results(self, scan: Scan) -> ElementResults | None:
        return scan.preview or scan.elements

    def update_layers(self, scan: Scan) -> Iterator[None]:
        """Update the layers of the maps, one layer per step."""
        if scan not in self.session.scans:
            return
        if (
            not map_layers(self.viewer, scan, ELEMENT_KINDS)
            and self._current_results(scan) is not None
        ):
            yield from iter_show_only(self.viewer, scan, {"counts"}, set())

        def specs() -> Iterator[Any]:
            for results in (scan.elements, scan.preview):
                if results is not None and results.done.any():
                    yield from element_specs(results, scan.element_view)
            yield from self.tools.derived(scan)

        yield from show_maps(self.viewer, scan, specs(), ELEMENT_KINDS - {"composite"})
        yield
        if select_visible(self.viewer, scan, ELEMENT_KINDS):
            yield
        if scan is self.scan:
            self.tools.show_combined(scan)
            self.tools.update_names()
            self.tools.update_histogram()
            self.tools.update_composite()
            yield
        scan.results_changed.emit("elements")

    # Fit settings of PyMca.

    def read_fit_settings(self, path: Path) -> None:
        """Apply the elements and the energy axis of a file of PyMca fit settings."""
        if self.scan is None:
            return
        try:
            rows, sentence = apply_settings(self.scan, path)
        except (ValueError, OSError) as error:
            self.session.show_error(str(error))
            return
        self.scan.element_rows = tuple(rows)
        self.elements.set_rows(rows)
        self.run_bar.set_status(sentence)
        self.update_bar()

    def write_fit_settings(self, path: Path) -> None:
        """Write the ticked elements and the energy axis to a file for PyMca."""
        if self.scan is None:
            return
        try:
            save_settings(self.scan, self.elements.ticked(), path)
        except (ValueError, OSError) as error:
            self.session.show_error(str(error))
            return
        self.run_bar.set_status(f"{dialogs.saved_as(path)}.")

    def _choose_and_read(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Read fit settings", "", _FILTER)
        if path:
            self.read_fit_settings(Path(path))

    def _choose_and_write(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Write fit settings", "fit.cfg", _FILTER)
        if path:
            self.write_fit_settings(Path(path))

    # Scope, energy axis, clicks.

    def _scope_changed(self, scope: str) -> None:
        scan = self.scan
        if scope == REGION and scan is not None and not regions_of(self.viewer, scan):
            start_drawing_region(self.viewer, scan)
        self.run_bar.set_status(REGION_HINT if scope == REGION else HINT)

    def _on_energies(self) -> None:
        self.update_bar()
        self.show_stale_reason()

    def _show_alone(self, name: str) -> None:
        if self.scan is None:
            return
        self.session.element_selected.emit(name)
        layers = map_layers(self.viewer, self.scan, {"element", "preview"})
        keys = {key for key in layers if key[1] == name}
        if keys:
            kinds = {*ELEMENT_KINDS, *PIGMENT_KINDS, "counts"}
            scan = self.scan
            self.layer_updates.prioritise(lambda: iter_show_only(self.viewer, scan, kinds, keys))
