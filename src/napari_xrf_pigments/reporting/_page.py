"""The page engine: maps, texts, colour bars and scale bars at exact dots of one figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.text import Text

MM_PER_INCH = 25.4
NOT_MEASURED = "#4a6fa5"


@dataclass(frozen=True)
class CompositePicture:
    """The composite of a scan and its legend.

    Parameters
    ----------
    image : ndarray, shape (y, x, 4), uint8
        The composite.
    legend : ndarray, shape (row, column, 4), uint8
        Its legend, in dots.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm; None: unknown.
    """

    image: NDArray[np.uint8]
    legend: NDArray[np.uint8]
    pixel_mm: tuple[float, float] | None = None

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height, in mm if the size of a pixel is known, else in pixels."""
        rows, columns, _ = self.image.shape
        dy, dx = self.pixel_mm or (1.0, 1.0)
        return columns * dx, rows * dy


@dataclass(frozen=True)
class MapPicture:
    """A map, with all that is needed to draw and to label it.

    Parameters
    ----------
    title, note : str
        Name of the map, and the meaning of its values.
    image : ndarray, shape (y, x)
        The values; NaN is drawn as not measured.
    limits : tuple of float
        Values of the darkest and the brightest colour.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm; None: unknown, and lengths are in pixels.
    value : str
        Label of the colour bar, such as ``"net counts"``.
    colour_map : str
        Name of a colour map of matplotlib.
    chip : str or None
        Colour ``"#rrggbb"`` of a square before the title.
    mark : float or None
        Value marked on the colour bar, such as a threshold.
    """

    title: str
    note: str
    image: NDArray[Any]
    limits: tuple[float, float]
    pixel_mm: tuple[float, float] | None = None
    value: str = ""
    colour_map: str = "gray"
    chip: str | None = None
    mark: float | None = None

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height, in the unit :attr:`unit`."""
        rows, columns = self.image.shape
        dy, dx = self.pixel_mm or (1.0, 1.0)
        return columns * dx, rows * dy

    @property
    def unit(self) -> str:
        """Unit of the extent: ``"mm"`` or ``"pixels"``."""
        return "mm" if self.pixel_mm else "pixels"

    @property
    def incomplete(self) -> bool:
        """Whether pixels were not measured."""
        return bool(np.isnan(self.image).any())


def to_dots(mm: float, dpi: int) -> int:
    """Convert a length on paper from mm to dots."""
    return round(mm * dpi / MM_PER_INCH)


def colour_image(picture: MapPicture, width: int, height: int) -> NDArray[np.uint8]:
    """Colour a map and scale it to a size in dots.

    Returns
    -------
    ndarray, shape (height, width, 3), uint8
        Each pixel is a block of dots; where there are fewer dots than pixels, pixels are averaged.
    """
    from matplotlib import colormaps
    from matplotlib.colors import Normalize
    from PIL import Image

    colours = colormaps[picture.colour_map].with_extremes(bad=NOT_MEASURED)
    values = np.ma.masked_invalid(picture.image)
    coloured = colours(Normalize(*picture.limits)(values), bytes=True)[..., :3]
    rows, columns = picture.image.shape
    enlarged = width >= columns and height >= rows
    filter_ = Image.Resampling.NEAREST if enlarged else Image.Resampling.BOX
    image = Image.fromarray(np.ascontiguousarray(coloured))
    return np.asarray(image.resize((width, height), filter_))


class Page:
    """A white page on which positions and sizes are dots from the top left corner.

    Parameters
    ----------
    width, height : int
        Size in dots.
    dpi : int
        Dots per inch.
    """

    def __init__(self, width: int, height: int, dpi: int) -> None:
        from matplotlib.figure import Figure

        self.width, self.height, self.dpi = width, height, dpi
        # The canvas rounds down; a thousandth of a dot prevents the loss of a whole one.
        size = (width + 1e-3) / dpi, (height + 1e-3) / dpi
        self.figure = Figure(size, dpi=dpi, facecolor="white")

    def dots(self, mm: float) -> int:
        """Convert a length on this page from mm to dots."""
        return to_dots(mm, self.dpi)

    def _box(
        self, x: float, y: float, width: float, height: float
    ) -> tuple[float, float, float, float]:
        """Convert a rectangle to the coordinates of the figure, whose origin is at the bottom."""
        across, down = self.width, self.height
        return x / across, 1 - (y + height) / down, width / across, height / down

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        max_width: float | None = None,
        **style: Any,
    ) -> Text:
        """Write one line of plain text, in smaller letters if it is wider than allowed."""
        style = {"ha": "left", "va": "top", "parse_math": False, **style}
        drawn = self.figure.text(x / self.width, 1 - y / self.height, text, fontsize=size, **style)
        width = drawn.get_window_extent().width
        if max_width is not None and width > max_width:
            drawn.set_fontsize(size * max_width / width)
        return drawn

    def block(self, x: float, y: float, width: float, height: float, **style: Any) -> None:
        """Draw a rectangle."""
        from matplotlib.patches import Rectangle

        left, low, across, up = self._box(x, y, width, height)
        self.figure.add_artist(Rectangle((left, low), across, up, **style))

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Add axes."""
        return self.figure.add_axes(self._box(x, y, width, height))

    def map(self, picture: MapPicture, x: int, y: int, width: int, height: int) -> None:
        """Draw a map, dot by dot."""
        image = colour_image(picture, width, height)
        # Below the axes, in which scale bars are drawn.
        self.figure.figimage(image, x, self.height - y - height, origin="upper", zorder=-1)

    def image(self, pixels: NDArray[np.uint8], x: int, y: int, width: int, height: int) -> None:
        """Draw an image of any size, shape (y, x, 4), into a rectangle in dots."""
        from PIL import Image

        enlarged = width >= pixels.shape[1]
        filter_ = Image.Resampling.NEAREST if enlarged else Image.Resampling.LANCZOS
        resized = np.asarray(Image.fromarray(pixels).resize((width, height), filter_))
        self.figure.figimage(resized, x, self.height - y - height, origin="upper", zorder=-1)

    def scale_bar(
        self,
        picture: MapPicture | CompositePicture,
        x: int,
        y: int,
        width: int,
        height: int,
        **style: Any,
    ) -> None:
        """Draw a scale bar into a rectangle that is as wide as the map."""
        from matplotlib_scalebar.scalebar import ScaleBar

        axes = self.axes(x, y, width, height)
        axes.set(xlim=(0, picture.extent[0]), ylim=(0, 1))
        axes.set_axis_off()
        unit = ("mm", "si-length") if picture.pixel_mm else ("px", "pixel-length")
        bar = ScaleBar(1.0, *unit, length_fraction=1 / 3, rotation="horizontal-only", **style)
        axes.add_artist(bar)

    def colour_bar(
        self, picture: MapPicture, x: float, y: float, width: float, height: float
    ) -> Colorbar:
        """Draw the colour bar of a map."""
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        colours = ScalarMappable(Normalize(*picture.limits), picture.colour_map)
        axes = self.axes(x, y, width, height)
        return self.figure.colorbar(colours, cax=axes, orientation="horizontal")

    def render(self) -> NDArray[np.uint8]:
        """Draw the page.

        Returns
        -------
        ndarray, shape (height, width, 3), uint8
            Red, green and blue of every dot.
        """
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()
        return np.array(np.asarray(canvas.buffer_rgba())[..., :3])
