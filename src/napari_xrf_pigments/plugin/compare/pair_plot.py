"""Two images on one canvas: side by side, divided by a swipe line, or under a lens."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, QRectF, QSize, Signal
from qtpy.QtGui import QPainter, QPainterPath, QResizeEvent, QTransform
from qtpy.QtWidgets import (
    QGraphicsItem,
    QSizePolicy,
    QStyleOptionGraphicsItem,
    QVBoxLayout,
    QWidget,
)

from ..layers.rendering import Picture
from .linked_view import contains


class Clip(pg.GraphicsObject):  # type: ignore[misc]
    """Clip children to a path in view coordinates."""

    def __init__(self) -> None:
        super().__init__()
        self._path = QPainterPath()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemClipsChildrenToShape)

    def set_path(self, path: QPainterPath) -> None:
        """Set the clip path."""
        self.prepareGeometryChange()
        self._path = path
        self.update()

    def shape(self) -> QPainterPath:
        """Return the clip path."""
        return self._path

    def boundingRect(self) -> QRectF:
        """Return the bounding rectangle of the clip path."""
        return self._path.boundingRect()

    def paint(
        self,
        painter: QPainter | None,
        option: QStyleOptionGraphicsItem | None,
        widget: QWidget | None = None,
    ) -> None:
        """Draw nothing, since only the children are visible."""


Mode = Literal["side", "swipe", "lens"]
_FAR = 1e6


class PairPlot(QWidget):
    """Plot of two images in world coordinates, with a common zoom and cursor.

    Signals
    -------
    hovered, clicked : float, float
        World coordinates (y, x).
    view_changed
        The user moved or zoomed.
    resized
        The size of the canvas changed.
    """

    hovered = Signal(float, float)
    clicked = Signal(float, float)
    view_changed = Signal()
    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = pg.GraphicsLayoutWidget()
        self.canvas.setMinimumHeight(160)
        self.canvas.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        # The dock handles drops.
        self.canvas.setAcceptDrops(False)
        self.canvas.viewport().setAcceptDrops(False)
        # Maps are shown on black in every theme.
        self.canvas.setBackground("#000000")
        self.canvas.ci.layout.setContentsMargins(0, 0, 0, 0)
        self.boxes = [self._box(), self._box()]
        self.boxes[1].setXLink(self.boxes[0])
        self.boxes[1].setYLink(self.boxes[0])
        #: The first picture, the second over it, and the second beside it.
        self.images = [pg.ImageItem(axisOrder="row-major") for _ in range(3)]
        self.clips = [Clip(), Clip()]
        for clip, image in zip(self.clips, self.images, strict=False):
            image.setParentItem(clip)
            self.boxes[0].addItem(clip, ignoreBounds=True)
        self.boxes[1].addItem(self.images[2], ignoreBounds=True)
        self.line = pg.InfiniteLine(angle=90, movable=True, pen=pg.mkPen("#ffffff", width=2))
        self.line.setHoverPen(pg.mkPen("#ffd24d", width=3))
        self.boxes[0].addItem(self.line, ignoreBounds=True)
        self.ring = pg.PlotCurveItem(pen=pg.mkPen("#ffffff", width=1.5))
        self.boxes[0].addItem(self.ring, ignoreBounds=True)
        self.crosses = [self._cross(box) for box in self.boxes]
        self.pictures: list[Picture | None] = [None, None]
        #: Names of the maps; in one plot, the second stands at its right edge.
        self.names = [pg.TextItem(color="#ffffff", fill="#000000b0") for _ in range(2)]
        for name in self.names:
            name.setZValue(30)
        self.lens_radius_px = 90
        self._mode: Mode = "side"
        self._cursor: tuple[float, float] | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        self.line.sigPositionChanged.connect(self._clip)
        self.boxes[0].sigRangeChanged.connect(lambda *changed: self._view_moved())
        self.boxes[0].sigResized.connect(lambda box: self.resized.emit())
        for box in self.boxes:
            box.sigResized.connect(lambda box: self._place_names())
            box.sigRangeChangedManually.connect(lambda axes: self.view_changed.emit())
        self.canvas.scene().sigMouseMoved.connect(self._moved)
        self.canvas.scene().sigMouseClicked.connect(self._clicked)
        self.set_mode("side")

    def sizeHint(self) -> QSize:
        """Return a small default size; the user may enlarge the dock."""
        return QSize(420, 300)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Arrange the images side by side, or stacked in a narrow dock."""
        super().resizeEvent(event)
        self._lay_out()

    @property
    def mode(self) -> Mode:
        """The mode of comparison."""
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        """Compare side by side, by a swipe line, or by a lens."""
        self._mode = mode
        self.line.setVisible(mode == "swipe")
        self.ring.setVisible(mode == "lens")
        if mode == "swipe" and not self._line_in_view():
            (left, right), _ = self.boxes[0].viewRange()
            self.line.setValue((left + right) / 2)
        self._lay_out()
        self._clip()

    def set_picture(self, index: int, picture: Picture | None) -> None:
        """Show an image as the first (0) or second (1); None clears it."""
        self.pictures[index] = picture
        self.names[index].setText("" if picture is None else picture.name)
        self.names[index].setVisible(picture is not None)
        for image in self.images[:1] if index == 0 else self.images[1:]:
            if picture is None:
                image.clear()
                continue
            image.setImage(picture.pixels, autoLevels=False, levels=None)
            image.setTransform(_transform(picture.matrix))

    def fit(self) -> None:
        """Zoom to both images."""
        extent = self.extent()
        if extent is None:
            return
        top, left, bottom, right = extent
        self.boxes[0].setRange(QRectF(left, top, right - left, bottom - top), padding=0.02)
        if not self._line_in_view():
            self.line.setValue((left + right) / 2)

    def extent(self) -> tuple[float, float, float, float] | None:
        """Return top, left, bottom and right of both images, world coordinates; None without."""
        corners = [picture.corners for picture in self.pictures if picture is not None]
        if not corners:
            return None
        (top, left), (bottom, right) = np.min(corners, axis=(0, 1)), np.max(corners, axis=(0, 1))
        return float(top), float(left), float(bottom), float(right)

    def shows_extent(self) -> bool:
        """Return whether both images lie within the view."""
        extent = self.extent()
        (left, right), (top, bottom) = self.boxes[0].viewRange()
        return extent is not None and contains((top, left, bottom, right), extent)

    def view(self) -> tuple[float, float, float] | None:
        """Return centre (y, x) and shorter side of the field of view, world coordinates."""
        box = self.boxes[0]
        if min(box.width(), box.height()) <= 0:
            return None
        (left, right), (top, bottom) = box.viewRange()
        return (top + bottom) / 2, (left + right) / 2, min(right - left, bottom - top)

    def set_view(self, y: float, x: float, span: float) -> None:
        """Set the field of view, as returned by :meth:`view`."""
        box = self.boxes[0]
        side = min(box.width(), box.height())
        if side <= 0:
            return
        dy, dx = (span * length / side / 2 for length in (box.height(), box.width()))
        box.setRange(xRange=(x - dx, x + dx), yRange=(y - dy, y + dy), padding=0)

    def set_cursor(self, y: float, x: float) -> None:
        """Mark a position in world coordinates."""
        self._cursor = y, x
        for vertical, horizontal in self.crosses:
            vertical.setValue(x)
            horizontal.setValue(y)
            for part in (vertical, horizontal):
                part.setVisible(self._mode != "lens")
        if self._mode == "lens":
            self._clip()

    def set_lens_radius(self, pixels: int) -> None:
        """Set the radius of the lens in pixels of the screen."""
        self.lens_radius_px = pixels
        self._clip()

    def _box(self) -> pg.ViewBox:
        box = pg.ViewBox(lockAspect=True, invertY=True, enableMenu=False, defaultPadding=0.02)
        box.disableAutoRange()
        return box

    def _cross(self, box: pg.ViewBox) -> tuple[pg.InfiniteLine, pg.InfiniteLine]:
        lines = tuple(pg.InfiniteLine(angle=a, pen=pg.mkPen("#ffd24d", width=1)) for a in (90, 0))
        for part in lines:
            part.setVisible(False)
            part.setZValue(20)
            box.addItem(part, ignoreBounds=True)
        return lines

    def _view_moved(self) -> None:
        """Keep the swipe line within the view, and update the clipping."""
        (left, right), _ = self.boxes[0].viewRange()
        edge = 0.05 * (right - left)
        if self._mode == "swipe":
            self.line.setValue(min(max(float(self.line.value()), left + edge), right - edge))
        self._clip()

    def _line_in_view(self) -> bool:
        (left, right), _ = self.boxes[0].viewRange()
        return bool(left < self.line.value() < right)

    def _lay_out(self) -> None:
        is_wide = self.width() >= self.height()
        cells = [(0, 0)]
        if self._mode == "side":
            cells.append((0, 1) if is_wide else (1, 0))
        grid = self.canvas.ci
        if [grid.items.get(box, [None])[0] for box in self.boxes[: len(cells)]] == cells and (
            len(grid.items) == len(cells)
        ):
            return
        for box in list(grid.items):
            grid.removeItem(box)
        for box, (row, column) in zip(self.boxes, cells, strict=False):
            grid.addItem(box, row, column)
        self._place_names()

    def _place_names(self) -> None:
        """Put the name of each map into the corner of its plot."""
        beside = self._mode == "side"
        for name, box in zip(self.names, self.boxes if beside else self.boxes[:1] * 2, strict=True):
            name.setParentItem(box)
            right = not beside and name is self.names[1]
            name.setAnchor((1, 0) if right else (0, 0))
            name.setPos(box.width() - 4 if right else 4, 4)

    def _clip(self) -> None:
        everything = QPainterPath()
        everything.addRect(QRectF(-_FAR, -_FAR, 2 * _FAR, 2 * _FAR))
        shown = QPainterPath()
        if self._mode == "swipe":
            left = float(self.line.value())
            shown.addRect(QRectF(left, -_FAR, _FAR - left, 2 * _FAR))
        elif self._mode == "lens":
            y, x = self._cursor or self._centre()
            radius = self.lens_radius_px * self.boxes[0].viewPixelSize()[0]
            shown.addEllipse(QPointF(x, y), radius, radius)
            angles = np.linspace(0, 2 * np.pi, 91)
            self.ring.setData(x + radius * np.cos(angles), y + radius * np.sin(angles))
        self.clips[0].set_path(everything.subtracted(shown))
        self.clips[1].set_path(shown)

    def _centre(self) -> tuple[float, float]:
        (left, right), (top, bottom) = self.boxes[0].viewRange()
        return (top + bottom) / 2, (left + right) / 2

    def _world(self, position: QPointF) -> tuple[float, float] | None:
        """Return world coordinates (y, x) of a position in the scene; None outside the plots."""
        for box in self.boxes:
            if box.scene() is not None and box.sceneBoundingRect().contains(position):
                point = box.mapSceneToView(position)
                return float(point.y()), float(point.x())
        return None

    def _moved(self, position: QPointF) -> None:
        world = self._world(position)
        if world is not None:
            self.set_cursor(*world)
            self.hovered.emit(*world)

    def _clicked(self, event: object) -> None:
        world = self._world(event.scenePos())  # type: ignore[attr-defined]
        if world is not None:
            self.clicked.emit(*world)


def _transform(matrix: np.ndarray) -> QTransform:
    """Return the transform from corners of pixels, whose centres are integers, to world (x, y)."""
    (yy, yx, y0), (xy, xx, x0) = matrix[0], matrix[1]
    return QTransform(xx, yx, xy, yy, x0 - 0.5 * (xx + xy), y0 - 0.5 * (yy + yx))
