"""The Pigments dock: run the network tile by tile, show what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from qtpy.QtWidgets import QLabel
from superqt.utils import qdebounced

from napari_xrf_pigments.pigments import display
from napari_xrf_pigments.pigments.selection import Palette

from ..docks.map_dock import MapDock
from ..layers.metadata import map_layers
from ..layers.specs import (
    DEPTH_TITLES,
    ELEMENT_KINDS,
    PIGMENT_KINDS,
    PigmentView,
    Shown,
    pigment_specs,
    unexplained_spec,
)
from ..layers.sync import discard_maps, show_maps
from ..layers.visibility import iter_show_only, select_visible
from ..preferences import preferences
from ..state.results import PigmentResults, Results
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import start_worker
from ..widgets.restore import select_key, set_checked
from ..widgets.weights_box import weights_box
from .pigment_rows import hidden_sentence, pigment_rows
from .provenance_text import provenance_line, provenance_text
from .settings import PigmentSettings
from .tree import HiddenBar, PigmentBar, PigmentTree

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: What a click on a row leaves alone: the other pigment maps, and everything under them.
_OTHERS = {*PIGMENT_KINDS, *ELEMENT_KINDS, "counts"}
_KINDS_OF_PIGMENT = ("pigment", "pigment-top", "pigment-below")


class PigmentsDock(MapDock):
    """Maps pigments and lists what was found."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, "Map pigments", session)
        self.settings = PigmentSettings(tuple(DEPTH_TITLES.items()))
        self.weights = weights_box(self.session, self.connect_signal, self)
        self.settings.form.insertRow(1, "Model", self.weights)
        self.hidden_bar = HiddenBar()
        self.found = PigmentTree()
        self.pigment_bar = PigmentBar()
        self.made = QLabel()
        self.made.setWordWrap(True)
        self.column.addWidget(self.settings)
        self.column.addWidget(self.run_bar)
        self.column.addWidget(self.hidden_bar)
        self.add_expanding(self.found)
        self.column.addWidget(self.pigment_bar)
        self.column.addWidget(self.made)
        # While a slider is dragged, once every while is enough.
        self._refresh_later = qdebounced(self.refresh, timeout=120, parent=self)
        self._pending: Future[None] | None = None
        #: The device of a saved session, which is selected as soon as it is offered.
        self._device = ""
        self._connect()
        self._look_for_devices()
        self.start()

    @property
    def busy(self) -> bool:
        """Whether a run, an update of layers or a change of the settings is under way."""
        waiting = self._pending is not None and not self._pending.done()
        return waiting or super().busy

    def _refresh_after_pause(self) -> None:
        """Refresh when the user has not changed the settings for a moment."""
        self._pending = self._refresh_later()

    def _connect(self) -> None:
        settings, bar = self.settings, self.pigment_bar
        settings.depth_changed.connect(lambda depth: self._refresh_after_pause())
        settings.groups_changed.connect(lambda on: self._refresh_after_pause())
        settings.threshold_changed.connect(
            lambda value: self._set_palette(lambda known: replace(known, threshold=value))
        )
        settings.period_changed.connect(self._set_period)
        self.hidden_bar.reveal_changed.connect(lambda on: self._refresh_after_pause())
        self.found.show_requested.connect(self._show_alone)
        self.found.selection_changed.connect(self._show_chosen)
        bar.threshold_changed.connect(
            lambda value: self._set_chosen(lambda known, name: known.with_threshold(name, value))
        )
        bar.exclude_changed.connect(
            lambda on: self._set_chosen(lambda known, name: known.excluding(name, on))
        )
        bar.add_changed.connect(
            lambda on: self._set_chosen(lambda known, name: known.adding(name, on))
        )

    def save_state(self) -> dict[str, Any]:
        """Return device, context, depth, groups and whether hidden pigments are shown.

        Threshold and period belong to the palette of the scan.
        """
        settings = self.settings
        return {
            "device": settings.device,
            "context": settings.context,
            "depth": settings.depth_key,
            "groups": settings.groups,
            "reveal": self.hidden_bar.reveal,
        }

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Apply the settings of :meth:`save_state`."""
        settings = self.settings
        self._device = str(state.get("device"))
        select_key(settings.device_box, self._device)
        set_checked(settings.context_box, state.get("context"))
        select_key(settings.depth_box, state.get("depth"))
        set_checked(settings.groups_box, state.get("groups"))
        set_checked(self.hidden_bar.button, state.get("reveal"))

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Show what is known of the scan."""
        self.update_bar()
        if scan is before:
            return
        if before is not None:
            self.disconnect_signal(before.energies_changed, self._on_energies)
            self.disconnect_signal(before.palette_changed, self._on_palette)
        if scan is not None:
            self.connect_signal(scan.energies_changed, self._on_energies)
            self.connect_signal(scan.palette_changed, self._on_palette)
            self.settings.set_palette(scan.palette.threshold, scan.palette.period)
        self.run_bar.set_status("")
        self._list(scan)
        self._on_energies()

    @property
    def view(self) -> PigmentView:
        """What of the result is shown."""
        palette = Palette() if self.scan is None else self.scan.palette
        shown = cast(Shown, self.settings.depth_key)
        return PigmentView(palette, shown, self.settings.groups, self.hidden_bar.reveal)

    def run(self) -> None:
        """Run the network over the scan in a thread."""
        scan = self.scan
        if scan is None or self.running:
            return
        # Layers that are there show the new maps as soon as there are any: to remove them and to
        # add others costs the window much more.
        scan.pigments = None
        self._begin(scan, None)
        self.refresh()

    def resume(self) -> None:
        """Run the network over the tiles that a broken off run left."""
        left = self.resumable_results()
        if self.scan is not None and left is not None and not self.running:
            self._begin(self.scan, left.done)

    def _begin(self, scan: Scan, done: NDArray[np.bool_] | None) -> None:
        cube, services, device = scan.cube, self.session.services, self.settings.device
        earlier = None if done is None else scan.pigments
        before = None if earlier is None else earlier.tally
        context = self.settings.context if earlier is None else earlier.context

        def add(tile: Any) -> None:
            # Only the first tile says which pigments the network knows.
            if scan.pigments is None:
                if scan.cube.energies is not cube.energies:
                    raise ValueError("The energy axis was changed meanwhile: map pigments again.")
                names, groups = tuple(tile.names), tuple(tile.groups)
                settings = {"kind": "pigments", "device": device, "context": context}
                results = PigmentResults(cube.shape[:2], names, groups, cube.energies)
                results.provenance = services.provenance(cube, settings)
                scan.pigments = results
            scan.pigments.add(tile)
            self.pending_warnings += scan.pigments.collect_warnings(tile)

        self.start_run(
            scan,
            cube.shape[:2],
            lambda skip: services.pigment_tiles(cube, device, skip, before, context),
            add,
            "Loading the network ...",
            done,
        )

    def resumable_results(self) -> Results | None:
        """Return the maps that a run left unfinished, on the axis in use."""
        scan = self.scan
        if scan is None or scan.pigments is None or scan.stale_reason_of("pigments"):
            return None
        return None if scan.pigments.complete else scan.pigments

    def blocking_reason(self) -> str:
        """Why nothing can be run now."""
        if self.scan is None:
            return "Open a scan first"
        return "" if self.scan.checked else "The energy axis is being checked"

    def update_layers(self, scan: Scan) -> Iterator[None]:
        """Bring layers and list up to date, one layer a step."""
        results = scan.pigments
        if results is None and not self.running:
            # It ended before there was a tile.
            yield from discard_maps(self.viewer, scan, PIGMENT_KINDS)
        if scan not in self.session.scans or results is None:
            return
        view = self.view if scan is self.scan else PigmentView(scan.palette)
        if scan is self.scan:
            self._list(scan)
            yield
        if not map_layers(self.viewer, scan, PIGMENT_KINDS):
            yield from iter_show_only(self.viewer, scan, {"counts", *ELEMENT_KINDS}, set())
        if self.running:
            # A layer that comes and goes costs the window more than one that stays.
            view = replace(view, retained=frozenset(map_layers(self.viewer, scan, PIGMENT_KINDS)))

        def specs() -> Iterator[Any]:
            yield unexplained_spec(results)
            yield from pigment_specs(results, view)

        yield from show_maps(self.viewer, scan, specs(), PIGMENT_KINDS)
        yield
        if select_visible(self.viewer, scan, PIGMENT_KINDS):
            yield
        scan.results_changed.emit("pigments")

    def _list(self, scan: Scan | None) -> None:
        results: PigmentResults | None = scan.pigments if scan is not None else None
        if results is None:
            self.found.set_rows(())
            self.hidden_bar.set_sentence("")
            self.made.clear()
        else:
            view = self.view
            # What was saved says which pigments were shown.
            results.provenance["palette"] = view.palette.settings
            self.found.set_rows(pigment_rows(results, view))
            self.hidden_bar.set_sentence(hidden_sentence(results, view))
            self.made.setText(provenance_line(results.provenance))
            self.made.setToolTip(provenance_text(results.provenance))
        self.made.setVisible(bool(self.made.text()))
        self._show_chosen()

    def _on_energies(self) -> None:
        self.update_bar()
        if self.scan is not None and not self.running and self.scan.stale_reason_of("pigments"):
            why = self.scan.stale_reason_of("pigments")
            self.run_bar.set_status(f"These maps are of the {why}: map pigments again.")

    def _on_palette(self) -> None:
        if self.scan is not None:
            self.settings.set_palette(self.scan.palette.threshold, self.scan.palette.period)
        self._refresh_after_pause()

    def _set_palette(self, change: Callable[[Palette], Palette]) -> None:
        if self.scan is None:
            return
        try:
            self.scan.set_palette(change(self.scan.palette))
        except ValueError as error:
            self.session.show_error(str(error))
            self.settings.set_palette(self.scan.palette.threshold, self.scan.palette.period)

    def _set_period(self, period: tuple[int | None, int | None]) -> None:
        if self.scan is None:
            return
        try:
            palette = replace(self.scan.palette, period=period)
        except ValueError as error:
            # What was written stays, to be set right.
            self.session.show_error(str(error))
            return
        self.scan.set_palette(palette)

    def _set_chosen(self, change: Callable[[Palette, str], Palette]) -> None:
        chosen = self.found.selected
        if chosen is not None and chosen[0] == "pigment":
            self._set_palette(lambda known: change(known, chosen[1]))
            self._show_chosen()

    def _show_chosen(self) -> None:
        chosen, scan = self.found.selected, self.scan
        if scan is None or chosen is None or chosen[0] != "pigment":
            self.pigment_bar.set_pigment("")
            return
        name, palette = chosen[1], scan.palette
        self.pigment_bar.set_pigment(
            display.pigment_title(name),
            palette.threshold_of(name),
            name in palette.thresholds,
            name in palette.excluded,
            name in palette.added,
        )

    def _show_alone(self, kind: str, name: str) -> None:
        if self.scan is None:
            return
        kinds = _KINDS_OF_PIGMENT if kind == "pigment" else (kind,)
        keys = {(kind, name) for kind in kinds}
        if keys & set(map_layers(self.viewer, self.scan, PIGMENT_KINDS)):
            scan = self.scan
            self.layer_updates.prioritise(lambda: iter_show_only(self.viewer, scan, _OTHERS, keys))
        elif kind == "pigment" and not self.running:
            title = display.pigment_title(name)
            self.run_bar.set_status(f"{title} has no map: it is nowhere over the threshold.")

    def _look_for_devices(self) -> None:
        start_worker(self.session.services.devices, returned=self._offer_devices)

    def _offer_devices(self, devices: tuple[tuple[str, str], ...]) -> None:
        self.settings.set_devices(devices)
        # ``cuda`` on the page of preferences stands for the first of its kind.
        wanted = preferences().device
        found = next((device for _, device in devices if device.split(":")[0] == wanted), "auto")
        select_key(self.settings.device_box, found)
        select_key(self.settings.device_box, self._device)
