"""The Pigments dock: run the network tile by tile, list the pigments and show their maps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from qtpy.QtWidgets import QLabel, QPushButton, QTabWidget
from superqt.utils import qdebounced

from napari_xrf_pigments.pigments import display
from napari_xrf_pigments.pigments.selection import Palette

from ..docks.map_dock import MapDock
from ..layers.metadata import LayerInfo, map_layers
from ..layers.rendering import THUMBNAIL_PIXELS, render_layer
from ..layers.specs import (
    DEPTH_TITLES,
    ELEMENT_KINDS,
    PIGMENT_KINDS,
    SWITCHED_KINDS,
    Brightness,
    MapSpec,
    PigmentView,
    Shown,
    overview_spec,
    pigment_specs,
    unexplained_spec,
)
from ..layers.sync import discard_maps, show_legend, show_maps
from ..layers.visibility import iter_show_only, select_visible
from ..preferences import preferences
from ..state.results import PigmentResults, Results
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import start_worker
from ..widgets.restore import select_key, set_checked, set_number
from ..widgets.weights_box import weights_box
from .contact_sheet import ContactSheet
from .pigment_rows import hidden_sentence, pigment_rows
from .provenance_text import provenance_line, provenance_text
from .settings import PigmentSettings
from .tree import HiddenBar, PigmentBar, PigmentTree

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: Kinds of layers in the order of the contact sheet.
_SHEET = (
    "overview", "group", "pigment", "pigment-top", "pigment-below", "element", "preview",
    "derived", "composite", "unexplained", "counts", "projection",
)  # fmt: skip
_KINDS_OF_PIGMENT = ("pigment", "pigment-top", "pigment-below")


class PigmentsDock(MapDock):
    """A dock that maps the pigments of a scan and lists those found."""

    results_kind = "pigments"
    layer_kinds = PIGMENT_KINDS

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, "Map pigments", session)
        self.settings = PigmentSettings(tuple(DEPTH_TITLES.items()))
        self.weights = weights_box(self.session, self.connect_signal, self)
        self.settings.form.insertRow(1, "Model", self.weights)
        self.hidden_bar = HiddenBar()
        self.pigment_tree = PigmentTree()
        self.pigment_bar = PigmentBar()
        self.provenance_label = QLabel()
        self.provenance_label.setWordWrap(True)
        self.column.addWidget(self.settings)
        self.column.addWidget(self.run_bar)
        self.column.addWidget(self.hidden_bar)
        self.contact_sheet = ContactSheet()
        self.tabs = QTabWidget()
        self.tabs.addTab(self.pigment_tree, "List")
        self.tabs.addTab(self.contact_sheet, "Contact sheet")
        self.overview_button = QPushButton("Overview")
        self.overview_button.setToolTip("Show all pigments in one picture (Shift+O)")
        self.tabs.setCornerWidget(self.overview_button)
        self.add_expanding(self.tabs)
        self.column.addWidget(self.pigment_bar)
        self.column.addWidget(self.provenance_label)
        # While a slider is dragged, layers are updated only when it pauses.
        self._refresh_later = qdebounced(self.refresh, timeout=120, parent=self)
        self._pending: Future[None] | None = None
        #: The device of a saved session, selected as soon as it is listed.
        self._device = ""
        #: Maps that the user selected although they cover too little to have a layer.
        self._wanted: set[tuple[str, str]] = set()
        self._overview_cost_s = self._overview_made = 0.0
        self._connect()
        self._find_devices()
        self.start()

    @property
    def busy(self) -> bool:
        """Whether a run, an update of layers or a change of settings is under way."""
        pending = self._pending is not None and not self._pending.done()
        return pending or super().busy

    def _refresh_after_pause(self) -> None:
        """Update layers and lists once the user pauses."""
        self._pending = self._refresh_later()

    def _connect(self) -> None:
        settings, bar = self.settings, self.pigment_bar
        settings.depth_changed.connect(lambda depth: self._refresh_after_pause())
        settings.groups_changed.connect(lambda on: self._refresh_after_pause())
        settings.threshold_changed.connect(
            lambda value: self._set_palette(lambda palette: replace(palette, threshold=value))
        )
        settings.period_changed.connect(self._set_period)
        settings.picture_changed.connect(self._refresh_after_pause)
        self.overview_button.clicked.connect(lambda: self.show_overview())
        self.contact_sheet.show_requested.connect(self._show_map_alone)
        self.tabs.currentChanged.connect(lambda index: self._fill_contact_sheet())
        self.hidden_bar.reveal_changed.connect(lambda on: self._refresh_after_pause())
        self.pigment_tree.show_requested.connect(self._show_map_alone)
        self.pigment_tree.selection_changed.connect(self._show_selected)
        bar.threshold_changed.connect(
            lambda value: self._set_selected(lambda known, name: known.with_threshold(name, value))
        )
        bar.exclude_changed.connect(
            lambda on: self._set_selected(lambda known, name: known.excluding(name, on))
        )
        bar.add_changed.connect(
            lambda on: self._set_selected(lambda known, name: known.adding(name, on))
        )

    def save_state(self) -> dict[str, Any]:
        """Return device, smoothing, depth, groups and whether hidden pigments are shown.

        Threshold and period are saved with the palette of the scan.
        """
        settings = self.settings
        return {
            "device": settings.device,
            "context": settings.context,
            "depth": settings.depth_key,
            "groups": settings.groups,
            "reveal": self.hidden_bar.reveal,
            "brightness": settings.brightness,
            "fade": settings.fade_box.value(),
            "ground_last": settings.ground_last,
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
        select_key(settings.brightness_box, state.get("brightness"))
        set_number(settings.fade_box, state.get("fade"))
        set_checked(settings.ground_box, state.get("ground_last"))

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Show the palette and the pigments of the scan."""
        self.update_bar()
        if scan is before:
            return
        self._wanted.clear()
        self._fill_contact_sheet()
        if before is not None:
            self.disconnect_signal(before.energies_changed, self._on_energies)
            self.disconnect_signal(before.palette_changed, self._on_palette)
        if scan is not None:
            self.connect_signal(scan.energies_changed, self._on_energies)
            self.connect_signal(scan.palette_changed, self._on_palette)
            self.settings.set_palette(scan.palette.threshold, scan.palette.period)
        self.run_bar.set_status("")
        self._update_list(scan)
        self._on_energies()

    @property
    def view(self) -> PigmentView:
        """The selection of the results that is shown."""
        palette = Palette() if self.scan is None else self.scan.palette
        shown = cast(Shown, self.settings.depth_key)
        settings = self.settings
        return PigmentView(
            palette, shown, settings.groups, self.hidden_bar.reveal, frozenset(self._wanted),
            cast(Brightness, settings.brightness), settings.fade, settings.ground_last,
        )  # fmt: skip

    def run(self) -> None:
        """Run the network over the scan in a thread."""
        scan = self.scan
        if scan is None or self.running:
            return
        # Existing layers are reused for the new maps, because to remove and add layers would take
        # much longer.
        self.replace_results(scan, "pigments")
        scan.pigments = None
        self._begin(scan, None)
        self.refresh()

    def resume(self) -> None:
        """Run the network over the tiles that an interrupted run did not reach."""
        results = self.resumable_results()
        if self.scan is not None and results is not None and not self.running:
            self._begin(self.scan, results.done)

    def _begin(self, scan: Scan, done: NDArray[np.bool_] | None) -> None:
        cube, services, device = scan.cube, self.session.services, self.settings.device
        earlier = None if done is None else scan.pigments
        before = None if earlier is None else earlier.tally
        context = self.settings.context if earlier is None else earlier.context

        def add(tile: Any) -> None:
            # The pigments that the network predicts are known from the first tile on.
            if scan.pigments is None:
                if scan.cube.energies is not cube.energies:
                    raise ValueError(
                        "The energy axis was changed during the run; map the pigments again."
                    )
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
        """Return the unfinished maps made with the present settings, or None."""
        scan = self.scan
        if scan is None or scan.pigments is None or scan.stale_reason_of("pigments"):
            return None
        return None if scan.pigments.complete else scan.pigments

    def blocking_reason(self) -> str:
        """Return why no run can start now; empty if it can."""
        if self.scan is None:
            return "Open a scan first"
        return "" if self.scan.checked else "The energy axis is still being checked"

    def update_layers(self, scan: Scan) -> Iterator[None]:
        """Update layers and list, one layer per step."""
        results = scan.pigments
        if results is None and not self.running:
            # The run ended before its first tile.
            yield from discard_maps(self.viewer, scan, PIGMENT_KINDS)
        if scan not in self.session.scans or results is None:
            return
        view = self.view if scan is self.scan else PigmentView(scan.palette)
        if scan is self.scan:
            self._update_list(scan)
            yield
        if not map_layers(self.viewer, scan, PIGMENT_KINDS):
            yield from iter_show_only(self.viewer, scan, {"counts", *ELEMENT_KINDS}, set())
        if self.running:
            # Layers stay during the run: to remove and add them again would take longer.
            view = replace(view, retained=frozenset(map_layers(self.viewer, scan, PIGMENT_KINDS)))

        def specs() -> Iterator[Any]:
            yield self._overview(results, view)
            yield unexplained_spec(results)
            yield from pigment_specs(results, view)

        yield from show_maps(self.viewer, scan, specs(), PIGMENT_KINDS)
        yield
        show_legend(self.viewer, scan)
        yield
        if select_visible(self.viewer, scan, PIGMENT_KINDS):
            yield
        self._fill_contact_sheet()
        scan.results_changed.emit("pigments")

    def _overview(self, results: PigmentResults, view: PigmentView) -> MapSpec:
        """Return the overview; during a run, one that takes long is not made at every update."""
        elapsed, layers = time.monotonic() - self._overview_made, {}
        if self.running and self.scan is not None:
            layers = map_layers(self.viewer, self.scan, {"overview"})
        if layers and elapsed < 20 * self._overview_cost_s:
            layer = next(iter(layers.values()))
            made = dict(LayerInfo.of(layer).made)
            return MapSpec("overview", "pigments", layer.name, layer.data, None, made=made)
        begun = time.monotonic()
        spec = overview_spec(results, view)
        self._overview_made = time.monotonic()
        self._overview_cost_s = self._overview_made - begun
        return spec

    def show_overview(self) -> None:
        """Show all pigments in one picture."""
        self.pigment_tree.clear_selection()
        self._show_map_alone("overview", "pigments")

    def _fill_contact_sheet(self) -> None:
        """Draw the small pictures of all maps, if the contact sheet is in front."""
        scan, sheet = self.scan, self.contact_sheet
        if self.tabs.currentWidget() is not sheet:
            return
        layers = {} if scan is None else map_layers(self.viewer, scan, SWITCHED_KINDS)
        sheet.retain(set(layers))

        def draw() -> Iterator[None]:
            # The overview and the pigments first: they are why the dock is open.
            order = sorted(layers.items(), key=lambda entry: _SHEET.index(entry[0][0]))
            for key, layer in order:
                if layer in self.viewer.layers:
                    picture = render_layer(layer, THUMBNAIL_PIXELS)
                    sheet.set_map(key, layer.name, picture.pixels)
                    yield

        self.layer_updates.prioritise(draw)

    def _update_list(self, scan: Scan | None) -> None:
        results: PigmentResults | None = scan.pigments if scan is not None else None
        if results is None:
            self.pigment_tree.set_rows(())
            self.hidden_bar.set_sentence("")
            self.provenance_label.clear()
        else:
            view = self.view
            # Saved maps record which pigments were shown.
            results.provenance["palette"] = view.palette.settings
            self.pigment_tree.set_rows(pigment_rows(results, view))
            self.hidden_bar.set_sentence(hidden_sentence(results, view))
            self.provenance_label.setText(provenance_line(results.provenance))
            self.provenance_label.setToolTip(provenance_text(results.provenance))
        self.provenance_label.setVisible(bool(self.provenance_label.text()))
        self._show_selected()

    def _on_energies(self) -> None:
        self.update_bar()
        self.show_stale_reason()

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
            # The text stays in the fields, so that the user can correct it.
            self.session.show_error(str(error))
            return
        self.scan.set_palette(palette)

    def _set_selected(self, change: Callable[[Palette, str], Palette]) -> None:
        selected = self.pigment_tree.selected
        if selected is not None and selected[0] == "pigment":
            self._set_palette(lambda palette: change(palette, selected[1]))
            self._show_selected()

    def _show_selected(self) -> None:
        selected, scan = self.pigment_tree.selected, self.scan
        if scan is None or selected is None or selected[0] != "pigment":
            self.pigment_bar.set_pigment("")
            return
        name, palette = selected[1], scan.palette
        self.pigment_bar.set_pigment(
            display.pigment_title(name),
            palette.threshold_of(name),
            name in palette.thresholds,
            name in palette.excluded,
            name in palette.added,
        )

    def _show_map_alone(self, kind: str, name: str) -> None:
        scan = self.scan
        if scan is None:
            return
        kinds = _KINDS_OF_PIGMENT if kind == "pigment" else (kind,)
        keys = {(kind, name) for kind in kinds}
        layers = map_layers(self.viewer, scan, SWITCHED_KINDS)
        if keys & set(layers):
            self.layer_updates.prioritise(
                lambda: iter_show_only(self.viewer, scan, SWITCHED_KINDS, keys)
            )
            self._say_shown(kind, next(layers[key].name for key in keys if key in layers))
        elif kind == "group" and scan.pigments is not None:
            self._show_group(scan, scan.pigments, name)
        elif kind == "pigment" and not self.running:
            title = display.pigment_title(name)
            self.run_bar.set_status(
                f"{title} has no map: its probability is nowhere above the threshold."
            )

    def _show_group(self, scan: Scan, results: PigmentResults, group: str) -> None:
        """Add the map of a group that had none, because its members are told apart; show it."""
        key = ("group", group)
        self._wanted.add(key)
        view = replace(self.view, shown="probability")
        specs = [spec for spec in pigment_specs(results, view) if (spec.kind, spec.name) == key]

        def steps() -> Iterator[None]:
            yield from show_maps(self.viewer, scan, specs)
            yield from iter_show_only(self.viewer, scan, SWITCHED_KINDS, {key})

        if specs:
            self.layer_updates.prioritise(steps)
            self._say_shown("group", display.group_title(group))

    def _say_shown(self, kind: str, title: str) -> None:
        """Name the map that is shown, in the status; a run has its own."""
        if self.running:
            return
        if kind == "overview":
            self.run_bar.set_status("Shown: all pigments in one picture.")
            return
        results = None if self.scan is None else self.scan.pigments
        signal = results is not None and results.signal is not None
        brightness = "net counts" if signal and self.settings.brightness == "signal" else ""
        if kind in (*_KINDS_OF_PIGMENT, "group"):
            brightness = brightness or "probability"
        words = f"{title}, brightness: {brightness}" if brightness else title
        self.run_bar.set_status(f"Shown: {words}.")

    def _find_devices(self) -> None:
        start_worker(self.session.services.devices, returned=self._list_devices)

    def _list_devices(self, devices: tuple[tuple[str, str], ...]) -> None:
        self.settings.set_devices(devices)
        # ``cuda`` on the page of preferences stands for the first GPU.
        preferred = preferences().device
        matches = (device for _, device in devices if device.split(":")[0] == preferred)
        select_key(self.settings.device_box, next(matches, "auto"))
        select_key(self.settings.device_box, self._device)
