"""The Register dock: registration of a visible, infrared or X-ray image with the scan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QFileDialog, QLabel
from superqt.utils import qdebounced

from ..docks.base import Emitter, ScanDock
from ..layers.adding import add_layer
from ..layers.rendering import data_and_matrix
from ..state.scan import Scan
from ..state.session import Session
from ..tasks import Failure, LatestOnly, Run
from ..widgets.restore import select_key
from .apply import (
    add_resampled,
    apply_affine,
    load_points,
    pictures,
    point_coordinates,
    save_points,
    scan_layer,
)
from .control_points import (
    PointRow,
    existing_points,
    fit_points,
    fit_to_scan_extent,
    number_points,
    point_layers,
)
from .placement_mode import ControlPointMode
from .point_table import PointTable
from .toolbar import RegisterBar

if TYPE_CHECKING:
    from napari.layers import Image, Points
    from napari.viewer import Viewer

PICTURES = "Pictures (*.tif *.tiff *.jpg *.jpeg *.png *.bmp *.webp);;All files (*)"
POINTS = "Control points (*.json)"


class RegisterDock(ScanDock):
    """A dock that registers an image with the scan by pairs of control points."""

    def __init__(self, napari_viewer: Viewer, session: Session | None = None) -> None:
        super().__init__(napari_viewer, session)
        self.bar = RegisterBar()
        self.table = PointTable()
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.column.addWidget(self.bar)
        self.add_expanding(self.table)
        self.column.addWidget(self.message)
        self.registration: Any = None
        self._picture: Image | None = None
        self._point_mode: ControlPointMode | None = None
        self._undo: list[Callable[[], None]] = []
        task = self._reading = LatestOnly(self._add_picture, self.session.show_error)
        self.destroyed.connect(lambda: task.cancel())
        # Delayed until the event that added a point has ended.
        self._refresh_later = qdebounced(self.refresh, timeout=30, parent=self)
        bar = self.bar
        bar.picture_chosen.connect(lambda: self.select_picture(bar.picture))
        bar.open_requested.connect(self._choose_picture_file)
        bar.model_changed.connect(self.refresh)
        bar.placing_changed.connect(self.set_placing)
        bar.apply_requested.connect(self.apply)
        bar.undo_requested.connect(self.undo)
        bar.save_requested.connect(self._choose_and_save)
        bar.load_requested.connect(self._choose_and_load)
        self.table.delete_requested.connect(self.delete_pair)
        self.table.show_requested.connect(self._centre_on)
        layers = self.viewer.layers.events
        for signal in (layers.inserted, layers.removed):
            self.connect_signal(Emitter(signal), self._list_pictures)
        self._list_pictures()
        self.start()

    @property
    def picture(self) -> Image | None:
        """The image to register."""
        return self._picture

    @property
    def points(self) -> tuple[Points, Points] | None:
        """Layers of the points on the image and on the scan."""
        scan_map = self._scan_map()
        if self._picture is None or scan_map is None:
            return None
        return point_layers(self.viewer, self._picture, scan_map)

    def save_state(self) -> dict[str, Any]:
        """Return the name of the image and the transform."""
        picture = self._picture
        return {"picture": None if picture is None else picture.name, "model": self.bar.model}

    def restore_state(self, state: Mapping[str, Any]) -> None:
        """Apply the settings of :meth:`save_state`."""
        for layer in pictures(self.viewer):
            if layer.name == state.get("picture"):
                self.select_picture(layer)
        select_key(self.bar.model_box, state.get("model"))

    def scan_changed(self, before: Scan | None, scan: Scan | None) -> None:
        """Refresh the fit for another scan."""
        self.refresh()

    def select_picture(self, picture: Any) -> None:
        """Select another image."""
        if picture is not self._picture:
            self.bar.place_button.setChecked(False)
            self._picture = picture
            self._undo.clear()
        self._list_pictures()

    def on_close(self) -> None:
        """Restore the viewer if points are being placed."""
        if self._point_mode is not None:
            self._point_mode.end()
            self._point_mode = None

    def set_placing(self, on: bool) -> None:
        """Start or end placing points, with image and scan side by side."""
        scan_map = self._scan_map()
        if on and self._point_mode is None and self._picture is not None and scan_map is not None:
            if np.allclose(data_and_matrix(self._picture)[1], np.eye(3)):
                fit_to_scan_extent(self._picture, scan_map)
            picture_points, scan_points = point_layers(self.viewer, self._picture, scan_map)
            for layer in (picture_points, scan_points):
                layer.visible = True
                self._connect_points(layer)
            self._point_mode = ControlPointMode(
                self.viewer, (self._picture, picture_points), (scan_map, scan_points)
            )
        elif not on and self._point_mode is not None:
            self._point_mode.end()
            self._point_mode = None
        self.bar.place_button.setText("End placing points" if self._point_mode else "Place points")
        self.refresh()

    def refresh(self) -> None:
        """Fit the points and show their residuals."""
        scan, rows = self.scan, list[PointRow]()
        ready = scan is not None and self._picture in self.viewer.layers
        layers = self._existing_points() if ready else None
        self.registration = None
        if scan is None or not ready:
            text = "Open a scan and a picture of the same painting."
        elif layers is None:
            text = "Place points on at least four details, each on the picture and on the scan."
        else:
            for layer in layers:
                number_points(layer)
            pairs = point_coordinates(layers)
            self.registration, rows, text = fit_points(*pairs, self.bar.model, scan)
        self.table.set_rows(rows)
        self.message.setText(text)
        self.bar.set_ready(
            place=ready,
            apply=self.registration is not None and not self.running,
            undo=bool(self._undo),
            save=bool(rows),
        )

    def apply(self) -> None:
        """Apply the fit to the image."""
        scan_map, picture, fit = self._scan_map(), self._picture, self.registration
        if scan_map is None or picture is None or fit is None or self.running:
            return
        self.bar.place_button.setChecked(False)
        for layer in self._existing_points() or ():
            layer.visible = False
        if fit.model == "affine":
            self._undo.append(apply_affine(picture, scan_map, fit))
            self.refresh()
        else:
            self._resample(picture, fit)

    def undo(self) -> None:
        """Undo the last registration."""
        if self._undo:
            self._undo.pop()()
            self._existing_points()
            self.refresh()

    def delete_pair(self, index: int) -> None:
        """Remove a pair of points."""
        for layer in self._existing_points() or ():
            if index < len(layer.data):
                layer.data = np.delete(np.asarray(layer.data), index, axis=0)
        self.refresh()

    def save_points(self, path: Path) -> None:
        """Save the pairs of points to a file."""
        points = self._existing_points()
        if points is None or self.scan is None or self._picture is None:
            return
        try:
            save_points(points, self._picture, self.scan, self.bar.model, path)
        except OSError as error:
            self.session.show_error(str(error))

    def load_points(self, path: Path) -> None:
        """Load pairs of points from a file; they replace the present ones."""
        try:
            loaded = load_points(path)
        except (ValueError, OSError) as error:
            self.session.show_error(str(error))
            return
        points = self.points
        if points is not None:
            for layer in points:
                self._connect_points(layer)
            points[0].data, points[1].data = loaded.picture, loaded.scan
            self.bar.set_model(loaded.model)
            self.refresh()

    def _resample(self, picture: Image, fit: Any) -> None:
        from napari_xrf_pigments.mapping.registration.registration import finest, iter_resampled

        scan = self.scan
        if scan is None:
            return
        data, shape = np.asarray(data_and_matrix(picture)[0]), scan.cube.shape[:2]
        factor = finest(fit, shape)
        bands: list[Any] = []

        def done(end: str | Failure) -> None:
            self._runs.clear()
            if isinstance(end, Failure) and end.message:
                self.session.show_error(end.message)
            elif end == "finished":
                whole = np.concatenate(bands)
                self._undo.append(add_resampled(self.viewer, picture, scan, whole, fit))
            self.refresh()

        run = Run(
            lambda cancelled: iter_resampled(data, fit, shape, factor),
            lambda band: bands.append(band.pixels),
            done,
            "Resampling",
        )
        self._runs.append(run)
        self.refresh()

    def _scan_map(self) -> Image | None:
        return scan_layer(self.viewer, self.scan)

    def _existing_points(self) -> tuple[Points, Points] | None:
        layers = existing_points(self.viewer, self._picture)
        return self.points if set(layers) == {"picture", "scan"} else None

    def _connect_points(self, points: Points) -> None:
        signal = Emitter(points.events.data)
        if (signal, self._points_changed) not in self._connections:
            self.connect_signal(signal, self._points_changed)

    def _points_changed(self, event: Any = None) -> None:
        self._refresh_later()

    def _list_pictures(self, event: Any = None) -> None:
        layers = pictures(self.viewer)
        if self._picture not in layers:
            self.bar.place_button.setChecked(False)
            self._picture = layers[-1] if layers else None
            self._undo.clear()
        self.bar.set_pictures([(layer.name, layer) for layer in layers], self._picture)
        self.refresh()

    def _centre_on(self, row: int) -> None:
        layers = self._existing_points()
        if layers is not None and row < len(layers[1].data):
            point = layers[1].data_to_world(np.asarray(layers[1].data)[row])
            self.viewer.scene.camera.center = (0.0, *point[-2:])

    def _choose_picture_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open picture", "", PICTURES)
        if path:
            self.open_picture(Path(path))

    def open_picture(self, path: Path) -> None:
        """Read an image file in the background, fit it to the extent of the scan and select it."""

        def read() -> tuple[str, Any]:
            from napari_xrf_pigments.io.images import read_picture

            return path.stem, read_picture(path)

        self._reading.submit(read)

    def _add_picture(self, result: tuple[str, Any]) -> None:
        name, pixels = result
        scan_map = self._scan_map()
        units = {} if scan_map is None else {"units": scan_map.units}
        layer = add_layer(self.viewer, "image", pixels, name=name, rgb=pixels.ndim == 3, **units)
        if scan_map is not None:
            fit_to_scan_extent(layer, scan_map)
        self.select_picture(layer)

    def _choose_and_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save control points", "points.json", POINTS)
        if path:
            self.save_points(Path(path).with_suffix(".json"))

    def _choose_and_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load control points", "", POINTS)
        if path:
            self.load_points(Path(path))
