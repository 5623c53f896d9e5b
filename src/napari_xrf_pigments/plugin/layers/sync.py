"""Synchronise layers with the state: scans and clicks of a viewer, maps of results."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QTimer

from .. import dialogs
from ..keybindings import bind_keys
from ..state.scan import Scan
from ..state.services import CORE, Services
from ..state.session import Session
from .adding import add_layer, map_settings, placement, resize_layers
from .legend import legend_of, update_legend
from .metadata import (
    OTHER_PIXELS,
    LayerInfo,
    map_layers,
    mark_stale,
    rename,
    update_info,
    update_limits,
)
from .specs import LABELLED_KINDS, MapSpec, limits_of
from .status_bar import show_predictions_in_status_bar
from .thumbnails import draw_thumbnail

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer

#: Time for updates of layers in one turn of the event loop.
_WHILE_S = 0.02
#: Name of the layer with a circle around the selected pixel.
_MARKER = "Clicked pixel"
_SYNCS: weakref.WeakKeyDictionary[Any, LayerSync] = weakref.WeakKeyDictionary()


def unwrapped(viewer: Viewer) -> Viewer:
    """Return the viewer behind the proxy that napari gives to plugins, which soon dies."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    return viewer


def session_of(viewer: Viewer, services: Services = CORE) -> Session:
    """Return the session of a viewer, which is made on first use."""
    return _sync_of(viewer, services).session


def _sync_of(viewer: Viewer, services: Services = CORE) -> LayerSync:
    viewer = unwrapped(viewer)
    if viewer not in _SYNCS:
        session = Session(services)
        session.error_raised.connect(dialogs.error)
        session.warning_raised.connect(dialogs.warning)
        _SYNCS[viewer] = LayerSync(viewer, session)
        weakref.finalize(viewer, session.close).atexit = False
        bind_keys(viewer)
    return _SYNCS[viewer]


def camera_state(viewer: Viewer) -> tuple[float, ...]:
    """Return the part of the picture in view: centre and zoom."""
    camera = viewer.scene.camera
    return (*camera.center, camera.zoom)


def view_is_untouched(viewer: Viewer) -> bool:
    """Return whether the view is the one that napari fitted to its window.

    The size of the window may have changed since: docks and its own bars take space.
    """
    return _sync_of(viewer).fitted_camera == camera_state(viewer)


def fit_view(viewer: Viewer) -> None:
    """Fit all layers into the canvas, as napari does with the first one."""
    if len(viewer.layers) > 0:
        viewer.reset_view()
        _sync_of(viewer).fitted_camera = camera_state(viewer)


def show_legend(viewer: Viewer, scan: Scan) -> None:
    """Update the legend of the overview of a scan, and keep all of it in view."""
    untouched = view_is_untouched(viewer)
    if update_legend(viewer, scan) and untouched:
        fit_view(viewer)


def select_pixel_at(viewer: Viewer, position: tuple[float, ...]) -> bool:
    """Select the pixel at world coordinates; return whether there is one."""
    session, layers = session_of(viewer), _sync_of(viewer).layers_by_scan()
    for scan, layer in sorted(layers.items(), key=lambda entry: entry[0] is not session.scan):
        y, x = (int(v) for v in np.round(np.asarray(layer.world_to_data(position))[-2:]))
        if scan.measured(y, x):
            session.select_pixel(scan, y, x)
            return True
    return False


class LayerSync:
    """Connects the layers of a viewer with the session of its scans.

    Parameters
    ----------
    viewer : Viewer
        Only a weak reference to it is kept.
    session : Session
        Its session.

    Attributes
    ----------
    session : Session
        The session.
    fitted_camera : tuple of float or None
        The view that napari fitted to the first layer: see :func:`camera_state`.
    """

    def __init__(self, viewer: Viewer, session: Session) -> None:
        self._viewer = weakref.ref(viewer)
        self.session = session
        self.fitted_camera: tuple[float, ...] | None = None
        self._scan_of: weakref.WeakKeyDictionary[Layer, Scan] = weakref.WeakKeyDictionary()
        # Weak both ways: the layer itself holds its scan.
        self._marker_of: weakref.WeakKeyDictionary[Scan, weakref.ref[Any]]
        self._marker_of = weakref.WeakKeyDictionary()
        #: Size of a pixel for which the layers of a scan are placed, (dy, dx) in mm.
        self._pixel_mm_of: weakref.WeakKeyDictionary[Scan, tuple[float, float] | None]
        self._pixel_mm_of = weakref.WeakKeyDictionary()
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.layers.selection.events.active.connect(self._on_active)
        show_predictions_in_status_bar(viewer)
        viewer.mouse_drag_callbacks.append(_select_on_click)
        session.totals_changed.connect(self.update_totals_layer)
        session.pixel_selected.connect(self._on_pixel)
        session.scans_changed.connect(self._name_layers)
        # After the callback of the canvas, which then has its new colour.
        viewer.events.theme.connect(self._on_theme, position="last")
        for layer in viewer.layers:
            self.register_layer(layer)

    @property
    def viewer(self) -> Viewer:
        """The viewer."""
        viewer = self._viewer()
        if viewer is None:
            raise RuntimeError("The viewer was closed.")
        return viewer

    def register_layer(self, layer: Layer) -> None:
        """Index a layer of a scan; add the scan to the session if it is not there yet."""
        info = LayerInfo.of(layer)
        scan = info.scan
        if scan is None:
            return
        if info.kind == "marker":
            self._marker_of[scan] = weakref.ref(layer)
        elif info.kind not in OTHER_PIXELS:
            self._scan_of[layer] = scan
        if info.kind == "overview":
            layer.events.visible.connect(self._on_overview_visible)
        elif info.kind in LABELLED_KINDS:
            layer.name_overlay.visible = True
            layer.colorbar.visible = True
        if info.kind == "counts" and info.assigned_name is None:
            # napari numbers a name that another layer has.
            scan.name = layer.name
            update_info(layer, assigned_name=layer.name)
        if scan not in self.session.scans:
            scan.energies_changed.connect(self._mark_outdated)
            scan.results_changed.connect(self._mark_outdated)
            self._pixel_mm_of[scan] = scan.cube.pixel_mm
            scan.pixel_size_changed.connect(self._resize_pixels)
            self.session.add_scan(scan)

    def layers_by_scan(self) -> dict[Scan, Layer]:
        """Return one layer with the pixels of each scan."""
        layers: dict[Scan, Layer] = {}
        for layer in self.viewer.layers:
            scan = self._scan_of.get(layer)
            if scan in self.session.scans:
                layers.setdefault(scan, layer)
        return layers

    def update_totals_layer(self, scan: Scan) -> None:
        """Show the counts of a scan that were summed so far."""
        for layer in map_layers(self.viewer, scan, {"counts"}).values():
            if LayerInfo.of(layer).assigned_limits is None:
                update_info(layer, assigned_limits=tuple(layer.contrast_limits))
            update_limits(layer, limits_of(scan.totals.image))
            layer.refresh(extent=False, highlight=False)

    def name_of(self, scan: Scan | None, title: str) -> str:
        """Return the name of a layer: with that of its scan where several are open."""
        several = scan is not None and len(self.session.scans) > 1
        return f"{scan.name} / {title}" if scan is not None and several else title

    def _name_layers(self) -> None:
        """Name layers with or without their scan, since one was opened or closed."""
        for layer in self.viewer.layers:
            info = LayerInfo.of(layer)
            if info.title:
                rename(layer, self.name_of(info.scan, info.title))

    def _on_inserted(self, event: Any) -> None:
        if len(self.viewer.layers) == 1:
            self.viewer.canvas.overlays.scale_bar.visible = True
            # napari fits the first picture into its window, before or after this.
            QTimer.singleShot(0, self._remember_camera)
        self.register_layer(event.value)

    def _remember_camera(self) -> None:
        viewer = self._viewer()
        if viewer is not None and len(viewer.layers) > 0:
            self.fitted_camera = camera_state(viewer)

    def _on_removed(self, event: Any) -> None:
        scan = LayerInfo.of(event.value).scan
        if scan is None or scan not in self.session.scans:
            return
        if not any(LayerInfo.of(layer).scan is scan for layer in self.viewer.layers):
            self.session.remove_scan(scan)

    def _on_active(self, event: Any) -> None:
        layer = self.viewer.layers.selection.active
        scan = LayerInfo.of(layer).scan if layer is not None else None
        if scan is not None and scan in self.session.scans:
            self.session.select_scan(scan)

    def _on_pixel(self, scan: Scan, y: int, x: int) -> None:
        """Move the circle that marks the selected pixel of a scan, or add it."""
        viewer, reference = self.viewer, self._marker_of.get(scan)
        marker = None if reference is None else reference()
        if marker is None or marker not in viewer.layers:
            _add_marker(viewer, scan, y, x)
            return
        marker.data = [[y, x]]
        # Maps that were added since would hide it.
        if viewer.layers[-1] is not marker:
            viewer.layers.move(viewer.layers.index(marker), len(viewer.layers))

    def _resize_pixels(self) -> None:
        """Place the layers of scans anew whose pixels the user gave another size."""
        for scan in self.session.scans:
            before, after = self._pixel_mm_of.get(scan), scan.cube.pixel_mm
            if after is not None and after != before:
                self._pixel_mm_of[scan] = after
                resize_layers(self.viewer, scan, before, after, others=len(self.session.scans) == 1)
                update_legend(self.viewer, scan)
                fit_view(self.viewer)

    def _on_overview_visible(self, event: Any) -> None:
        overview = event.source
        scan = LayerInfo.of(overview).scan
        legend = None if scan is None else legend_of(self.viewer, scan)
        if legend is not None:
            legend.visible = overview.visible

    def _on_theme(self, event: Any) -> None:
        for scan in self.session.scans:
            update_legend(self.viewer, scan)

    def _mark_outdated(self, kind: str = "") -> None:
        for scan in self.session.scans:
            mark_stale(self.viewer, scan)


def _select_on_click(viewer: Viewer, event: Any) -> Iterator[None]:
    """Select the clicked pixel; a drag moves the view."""
    active = viewer.layers.selection.active
    if event.button not in (None, 1) or getattr(active, "mode", "pan_zoom") != "pan_zoom":
        return
    yield
    dragged = False
    while event.type == "mouse_move":
        dragged = True
        yield
    if not dragged:
        select_pixel_at(viewer, tuple(event.position))


def _add_marker(viewer: Viewer, scan: Scan, y: int, x: int) -> None:
    name = _sync_of(viewer).name_of(scan, _MARKER)
    layer = add_layer(
        viewer,
        "points",
        [[y, x]],
        LayerInfo("marker", "pixel", scan=scan, title=_MARKER),
        select=False,
        name=name,
        size=max(2.0, 0.03 * max(scan.cube.shape[:2])),
        symbol="disc",
        face_color="transparent",
        border_color="#00e5ff",
        **placement(scan.cube.pixel_mm),
    )
    update_info(layer, assigned_name=layer.name)


def show_maps(
    viewer: Viewer, scan: Scan, specs: Iterable[MapSpec], kinds: Iterable[str] = ()
) -> Iterator[None]:
    """Update the layers of maps, add layers for new maps, and remove the others, in steps.

    napari needs up to a tenth of a second to add a layer: each is a step of its own. An update of
    a layer is fast, but drawing the canvas after each is not: a step updates as many as it can in
    a short time.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    scan : Scan
        The scan of the maps.
    specs : iterable of MapSpec
        The maps, generated one at a time.
    kinds : iterable of str
        Layers of these kinds without a map are removed.
    """
    wanted: dict[tuple[str, str], str] = {}
    kinds, name_of = set(kinds), _sync_of(viewer).name_of

    def untouched() -> bool:
        # Evaluated each time: a click may come between two steps.
        return bool(kinds) and _visibility_is_assigned(map_layers(viewer, scan, kinds).values())

    untouched_at_first = untouched()
    begun, updated = time.perf_counter(), False
    for spec in specs:
        key = (spec.kind, spec.name)
        wanted[key] = name_of(scan, spec.title)
        layer = map_layers(viewer, scan, {spec.kind}).get(key)
        if layer is None:
            if updated:
                yield
            # No further map is shown once the user has selected one.
            hidden = untouched_at_first and not untouched()
            _add(viewer, scan, replace(spec, visible=False) if hidden else spec)
            yield
        else:
            _update(layer, spec, wanted[key])
            if untouched():
                _show(layer, spec.visible)
            updated = True
            if time.perf_counter() - begun < _WHILE_S:
                continue
            yield
        begun, updated = time.perf_counter(), False
    for key, layer in map_layers(viewer, scan, kinds).items():
        if key not in wanted and layer in viewer.layers:
            viewer.layers.remove(layer)
            yield
    yield from remove_discarded(viewer, scan)
    # A layer that is gone now may have had the name.
    for key, layer in map_layers(viewer, scan, {kind for kind, _ in wanted}).items():
        if key in wanted:
            rename(layer, wanted[key])


def discard_maps(viewer: Viewer, scan: Scan, kinds: Iterable[str]) -> Iterator[None]:
    """Discard the layers of earlier results at once; remove one of them per step."""
    for (kind, name), layer in map_layers(viewer, scan, kinds).items():
        # No new map is shown in it.
        update_info(layer, kind="discarded", name=f"{kind} {name} {id(layer)}")
    return remove_discarded(viewer, scan)


def remove_discarded(viewer: Viewer, scan: Scan) -> Iterator[None]:
    """Remove the layers that :func:`discard_maps` discarded, one per step."""
    for layer in map_layers(viewer, scan, {"discarded"}).values():
        if layer in viewer.layers:
            viewer.layers.remove(layer)
            yield


def _add(viewer: Viewer, scan: Scan, spec: MapSpec) -> None:
    settings = map_settings(spec, scan.cube.pixel_mm, scan=scan, title=spec.title)
    settings["name"] = _sync_of(viewer).name_of(scan, spec.title)
    layer = add_layer(viewer, "image", spec.data, select=False, **settings)
    # napari numbers a name that another layer has.
    update_info(layer, assigned_name=layer.name)
    draw_thumbnail(layer)


def _update(layer: Image, spec: MapSpec, name: str) -> None:
    # A map's array is a new view each time: compare the memory, not the object.
    if layer.data.__array_interface__["data"] != spec.data.__array_interface__["data"]:
        layer.data = spec.data
    update_info(layer, made=dict(spec.made), title=spec.title)
    rename(layer, name)
    if spec.colormap is not None:
        if layer.colormap.name != spec.colormap.name:
            layer.colormap = spec.colormap
        update_limits(layer, spec.limits)
    layer.refresh(extent=False, highlight=False)
    draw_thumbnail(layer)


def _visibility_is_assigned(layers: Iterable[Image]) -> bool:
    """Return whether the user has shown or hidden none of the layers."""
    return all(layer.visible == LayerInfo.of(layer).assigned_visible for layer in layers)


def _show(layer: Image, visible: bool) -> None:
    """Show or hide a layer; during a run, pigments of the first tiles may become rare."""
    update_info(layer, assigned_visible=visible)
    if layer.visible != visible:
        layer.visible = visible
