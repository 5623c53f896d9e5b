"""The model of one viewer: its scans, which one is looked at, which pixel was clicked."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_xrf_pigments.pigments.selection import Palette

from .. import dialogs as notices
from ..keybindings import bind_keys
from ..layers import sync as layering
from ..layers.marker import show_marker
from ..layers.metadata import mark_outdated
from ..layers.specs import limits_of
from ..layers.status_bar import show_predictions_in_status_bar
from ..preferences import preferences
from ..tasks import start_worker
from .scan import Scan
from .services import CORE, Services

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

#: The axis of a large scan is checked before all of it is summed.
CHECK_AFTER_S = 20.0


def follow(scan: Scan, services: Services) -> Iterator[Any]:
    """Yield the share summed so far (float) and, once, the calibration (else None)."""
    begun = time.monotonic()
    checked = False
    for fraction in scan.totals.watch():
        yield fraction
        if not checked and (fraction >= 1 or time.monotonic() - begun > CHECK_AFTER_S):
            checked = True
            yield _check(scan, services)
    if not checked:
        yield _check(scan, services)


def _check(scan: Scan, services: Services) -> Any:
    try:
        return services.calibrate(scan.cube, scan.totals.spectrum.copy())
    except (ValueError, OSError, ImportError):
        # A scan whose axis cannot be checked is used as it is.
        return None


def watch(session: Session, scan: Scan) -> None:
    """Follow a scan in a thread and keep its layer up to date."""

    def take(update: Any) -> None:
        if not session.alive:
            scan.totals.stop()
        elif isinstance(update, float):
            session.refresh_totals(scan)
            if scan.totals.error:
                session.tell(scan.totals.error)
        else:
            scan.set_calibration(update)

    start_worker(follow, scan, session.services, item=take)


_SESSIONS: weakref.WeakKeyDictionary[Any, Session] = weakref.WeakKeyDictionary()


def session_of(viewer: Viewer, services: Services = CORE) -> Session:
    """The session of a viewer, made on first use."""
    # napari hands plugins a proxy of the viewer; the proxy itself soon dies.
    viewer = getattr(viewer, "__wrapped__", viewer)
    if viewer not in _SESSIONS:
        _SESSIONS[viewer] = Session(viewer, services)
        bind_keys(viewer)
    return _SESSIONS[viewer]


def seen_of(viewer: Viewer) -> tuple[float, ...]:
    """What of the picture is seen, as long as nobody moves it."""
    camera = viewer.scene.camera
    return (*camera.center, camera.zoom)


class Session:
    """The scans of one viewer.

    Parameters
    ----------
    viewer : Viewer
        Only a weak reference to it is kept.
    services : Services
        The core's functions.
    """

    scans_changed = Signal()
    scan_changed = Signal(object)
    totals_changed = Signal(object)
    picked = Signal(object, int, int)
    weights_changed = Signal()

    def __init__(self, viewer: Viewer, services: Services = CORE) -> None:
        self._viewer = weakref.ref(viewer)
        self.services = services
        self.scans: list[Scan] = []
        self.scan: Scan | None = None
        #: Weights of the network that a user taught; None: the bundled ones.
        self.weights: Path | None = None
        self.known_weights: list[Path] = []
        #: What of the first picture napari showed: see :meth:`fitted`.
        self._fitted: tuple[float, ...] | None = None
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.layers.selection.events.active.connect(self._on_active)
        viewer.mouse_drag_callbacks.append(_click_callback(self))
        show_predictions_in_status_bar(viewer)
        for layer in viewer.layers:
            self._adopt(layer)

    @property
    def viewer(self) -> Viewer:
        """The viewer."""
        viewer = self._viewer()
        if viewer is None:
            raise RuntimeError("The viewer of this session was closed.")
        return viewer

    def choose(self, scan: Scan | None) -> None:
        """Make a scan the one that docks work on."""
        if scan is not self.scan:
            self.scan = scan
            self.scan_changed.emit(scan)

    def use_weights(self, weights: Path | None) -> None:
        """Map with weights that a user taught, or with the bundled ones (None)."""
        if weights is not None and weights not in self.known_weights:
            self.known_weights.append(weights)
        self.weights = weights
        self.services = self.services.with_weights(weights)
        self.weights_changed.emit()

    def pick(self, scan: Scan, y: int, x: int) -> None:
        """Choose a pixel: it is marked, and who listens shows its spectrum."""
        if scan.measured(y, x):
            self.choose(scan)
            scan.pixel = y, x
            show_marker(self.viewer, scan, y, x)
            self.picked.emit(scan, y, x)

    def pick_world(self, position: tuple[float, ...]) -> bool:
        """Choose the pixel at a place in world coordinates; whether there was one."""
        for layer in self._pickable():
            place = np.asarray(layer.world_to_data(position))[-2:]
            y, x = (int(value) for value in np.round(place))
            scan: Scan = layer.metadata["xrf_scan"]
            if scan.measured(y, x):
                self.pick(scan, y, x)
                return True
        return False

    def _pickable(self) -> list[Layer]:
        """One layer a scan, the chosen scan first."""
        first: dict[int, Layer] = {}
        for layer in self.viewer.layers:
            scan = layer.metadata.get("xrf_scan")
            key = layer.metadata.get("xrf_map", ("",))
            # The pixels of a trial are not the scan's.
            if scan in self.scans and key[0] not in ("marker", "trial"):
                first.setdefault(id(scan), layer)
        return sorted(first.values(), key=lambda layer: layer.metadata["xrf_scan"] is not self.scan)

    def _on_inserted(self, event: Any) -> None:
        if len(self.viewer.layers) == 1:
            # napari fits the first picture into its window, before or after this.
            QTimer.singleShot(0, self._remember_view)
        self._adopt(event.value)

    @property
    def fitted(self) -> bool:
        """Whether the picture is still seen as napari fitted it into its window.

        The window may have got another size since: docks and its own bars take room.
        """
        return self._fitted is not None and self._fitted == seen_of(self.viewer)

    def _remember_view(self) -> None:
        viewer = self._viewer()
        if viewer is not None and len(viewer.layers) > 0:
            self._fitted = seen_of(viewer)

    def _on_removed(self, event: Any) -> None:
        scan = event.value.metadata.get("xrf_scan")
        if scan not in self.scans:
            return
        if not any(layer.metadata.get("xrf_scan") is scan for layer in self.viewer.layers):
            scan.totals.stop()
            self.scans.remove(scan)
            self.scans_changed.emit()
            if self.scan is scan:
                self.choose(self.scans[-1] if self.scans else None)

    def _on_active(self, event: Any) -> None:
        layer = self.viewer.layers.selection.active
        scan = layer.metadata.get("xrf_scan") if layer is not None else None
        if scan in self.scans:
            self.choose(scan)

    def _adopt(self, layer: Layer) -> None:
        cube = layer.metadata.get("xrf_cube")
        if cube is None:
            return
        # Not before there is one: see `cube.__getattr__`.
        from napari_xrf_pigments.cube import XRFCube

        if not isinstance(cube, XRFCube):
            return
        scan = layer.metadata.get("xrf_scan")
        if scan is None:
            totals = layer.metadata.get("xrf_totals")
            scan = Scan(cube, layer.name, totals)
            scan.palette = Palette(threshold=preferences().threshold)
            layer.metadata["xrf_scan"] = scan
        if scan not in self.scans:
            self.scans.append(scan)
            scan.energies_changed.connect(self._share_cube)
            scan.energies_changed.connect(self._mark_outdated)
            scan.results_changed.connect(self._mark_outdated)
            self.scans_changed.emit()
            self.choose(scan)
            watch(self, scan)

    def _share_cube(self) -> None:
        """Layers always carry the cube with the energy axis in use."""
        for layer in self.viewer.layers:
            scan = layer.metadata.get("xrf_scan")
            if scan in self.scans:
                layer.metadata["xrf_cube"] = scan.cube

    def _mark_outdated(self, kind: str = "") -> None:
        """Maps that were made on another axis than the one in use say so."""
        for scan in self.scans:
            mark_outdated(self.viewer, scan)

    def refresh_totals(self, scan: Scan) -> None:
        """Show the counts summed so far."""
        for layer in layering.map_layers(self.viewer, scan, {"counts"}).values():
            layer.metadata.setdefault("xrf_limits", tuple(layer.contrast_limits))
            layering.follow_limits(layer, limits_of(scan.totals.image))
            layer.refresh(extent=False, highlight=False)
        self.totals_changed.emit(scan)

    def tell(self, sentence: str) -> None:
        """An error, as one sentence, in the viewer."""
        notices.error(sentence)

    @property
    def alive(self) -> bool:
        """Whether the viewer still exists."""
        return self._viewer() is not None


def _click_callback(session: Session) -> Any:
    own = weakref.ref(session)

    def pick_on_click(viewer: Viewer, event: Any) -> Iterator[None]:
        """Choose the clicked pixel; a drag moves the view as ever."""
        active = viewer.layers.selection.active
        if event.button not in (None, 1) or getattr(active, "mode", "pan_zoom") != "pan_zoom":
            return
        yield
        dragged = False
        while event.type == "mouse_move":
            dragged = True
            yield
        chosen = own()
        if not dragged and chosen is not None:
            chosen.pick_world(tuple(event.position))

    return pick_on_click
