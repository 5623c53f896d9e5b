"""One map as a picture to print: title, scale bar, colour bar, caption.

What is shown in which colours is decided by the caller; nothing is drawn over the map.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._page import NOT_MEASURED, round_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MM_PER_INCH = 25.4
# Lengths on paper, mm.
WIDEST_MAP_MM, TALLEST_MAP_MM = 160.0, 200.0
NARROWEST_PAGE_MM = 90.0
_MARGIN, _TITLE, _NOTE, _GAP, _BAR, _BAR_LABELS, _CAPTION = 5.0, 7.0, 3.6, 2.5, 3.5, 9.0, 8.0
_NOTE_POINTS, _CAPTION_POINTS = 8.0, 6.5


@dataclass(frozen=True)
class MapPicture:
    """A map and what stands around it.

    Parameters
    ----------
    title, note : str
        Name of the map, and what its values mean.
    image : ndarray, shape (y, x)
        The values; NaN is drawn as not measured.
    limits : tuple of float
        The values that are drawn darkest and brightest.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm; None: unknown, so no length is stated in mm.
    value : str
        What the colour bar measures, such as ``"net counts"``.
    colour_map : str
        A colour map of matplotlib.
    chip : str or None
        ``"#rrggbb"`` of a square before the title.
    mark : float or None
        A value marked on the colour bar, such as a threshold.
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
        """Width and height in mm, in pixels where their size is unknown."""
        rows, columns = self.image.shape
        dy, dx = self.pixel_mm or (1.0, 1.0)
        return columns * dx, rows * dy

    @property
    def unit(self) -> str:
        """Unit of the extent."""
        return "mm" if self.pixel_mm else "pixels"


def render_map(
    picture: MapPicture,
    dpi: int = 600,
    widest_mm: float = WIDEST_MAP_MM,
    *,
    for_print: bool = True,
) -> NDArray[np.uint8]:
    """Draw a map for print.

    A scan's pixel becomes a whole number of dots across, so that none is drawn wider than
    its neighbour.

    Parameters
    ----------
    picture : MapPicture
        The map.
    dpi : int
        Dots per inch.
    widest_mm : float
        Greatest width of the map on paper, mm.
    for_print : bool
        Whether to state the size on paper, which a picture on a screen does not have.

    Returns
    -------
    ndarray, shape (row, column, 3), uint8
        Red, green and blue of every dot.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    page = _Page(picture, dpi, widest_mm, for_print)
    canvas = FigureCanvasAgg(page.draw())
    canvas.draw()
    dots = np.array(np.asarray(canvas.buffer_rgba())[..., :3])
    x, y = page.corner
    across, down = page.map_size
    dots[y : y + down, x : x + across] = _coloured(picture, page.map_size)
    return dots


def _coloured(picture: MapPicture, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The map in its colours, each pixel a block of dots; averaged where dots are too few."""
    from matplotlib import colormaps
    from matplotlib.colors import Normalize
    from PIL import Image

    shades = colormaps[picture.colour_map].with_extremes(bad=NOT_MEASURED)
    values = np.ma.masked_invalid(picture.image)
    coloured = shades(Normalize(*picture.limits)(values), bytes=True)[..., :3]
    rows, columns = picture.image.shape
    enlarged = size[0] >= columns and size[1] >= rows
    how = Image.Resampling.NEAREST if enlarged else Image.Resampling.BOX
    return np.asarray(Image.fromarray(np.ascontiguousarray(coloured)).resize(size, how))


class _Page:
    """Where everything stands: dots from the top left corner."""

    def __init__(self, picture: MapPicture, dpi: int, widest_mm: float, printed: bool) -> None:
        self.picture, self.dpi, self.printed = picture, dpi, printed
        width, height = picture.extent
        scale = min(widest_mm / width, TALLEST_MAP_MM / height)
        across = width * scale * dpi / MM_PER_INCH
        columns = picture.image.shape[1]
        # Fewer dots than pixels: nothing can be whole.
        across = columns * int(across // columns) if across >= columns else round(across)
        self.map_size = max(1, int(across)), max(1, round(across * height / width))
        self.width = max(self.map_size[0] + 2 * self.dots(_MARGIN), self.dots(NARROWEST_PAGE_MM))
        # A letter is about half as wide as the font is high.
        letters = (self.mm(self.width) - 2 * _MARGIN) / (0.54 * _NOTE_POINTS * MM_PER_INCH / 72)
        self.notes = textwrap.wrap(picture.note, int(letters))
        self.corner = self.dots(_MARGIN), self.dots(_MARGIN + _TITLE + len(self.notes) * _NOTE + 1)
        under = _GAP + _BAR + _BAR_LABELS + _CAPTION + _MARGIN / 2
        self.height = self.corner[1] + self.map_size[1] + self.dots(under)

    def dots(self, mm: float) -> int:
        return round(mm * self.dpi / MM_PER_INCH)

    def mm(self, dots: float) -> float:
        return dots * MM_PER_INCH / self.dpi

    def box(
        self, x: float, y: float, width: float, height: float
    ) -> tuple[float, float, float, float]:
        """A rectangle in the coordinates of the figure, which start at the bottom."""
        across, down = self.width, self.height
        return x / across, 1 - (y + height) / down, width / across, height / down

    def draw(self) -> Figure:
        """Everything but the map."""
        from matplotlib.figure import Figure

        picture, dots = self.picture, self.dots
        figure = Figure(
            (self.width / self.dpi, self.height / self.dpi), dpi=self.dpi, facecolor="white"
        )
        left = top = dots(_MARGIN)
        if picture.chip:
            side = dots(3.6)
            self.block(figure, (left, top, side, side), fc=picture.chip, ec="#555555", lw=0.5)
            left += side + dots(1.6)
        self.line(figure, left, top, picture.title, 12, weight="bold")
        for number, text in enumerate(self.notes):
            y = top + dots(_TITLE + number * _NOTE)
            self.line(figure, dots(_MARGIN), y, text, _NOTE_POINTS, color="#555555")
        under = self.corner[1] + self.map_size[1] + dots(_GAP)
        length = round_length(picture.extent[0] / 3)
        ruler = round(self.map_size[0] * length / picture.extent[0])
        room = max(self.width - 2 * dots(_MARGIN) - ruler - dots(12), dots(30))
        bar = dots(_MARGIN), under, min(room, dots(80)), dots(_BAR)
        self.colour_bar(figure, figure.add_axes(self.box(*bar)))
        left = self.width - dots(_MARGIN) - ruler
        self.block(figure, (left, under, ruler, dots(1.2)), fc="black", lw=0)
        text = f"{length:g} {picture.unit}"
        middle = left + ruler / 2
        self.line(figure, middle, under + dots(2), text, 8, ha="center", shrink=False)
        for number, text in enumerate(self.caption()):
            y = under + dots(_BAR + _BAR_LABELS + number * 3.2)
            self.line(figure, dots(_MARGIN), y, text, _CAPTION_POINTS, color="#555555")
        return figure

    def colour_bar(self, figure: Figure, axes: Axes) -> None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        picture = self.picture
        shades = ScalarMappable(Normalize(*picture.limits), picture.colour_map)
        bar = figure.colorbar(shades, cax=axes, orientation="horizontal")
        bar.ax.tick_params(labelsize=7, length=2, width=0.6, pad=1.5)
        bar.outline.set_linewidth(0.4)
        bar.set_label(picture.value, fontsize=7, labelpad=1.5)
        if picture.mark is not None:
            bar.ax.axvline(picture.mark, color="white", linewidth=1.6)
            bar.ax.axvline(picture.mark, color="black", linewidth=0.7)

    def caption(self) -> list[str]:
        """What the printed sizes are; never a length that is not known."""
        picture, (width, height) = self.picture, self.picture.extent
        rows, columns = picture.image.shape
        first, across = f"{columns} × {rows} pixels", self.mm(self.map_size[0])
        second = [f"at {self.dpi} dpi the map is {across:.1f} mm wide"] if self.printed else []
        if picture.pixel_mm is not None:
            dy, dx = picture.pixel_mm
            first += f" of {dx:.4g} × {dy:.4g} mm = {width:.5g} × {height:.5g} mm"
            ratio = across / width
            if self.printed:
                second.append(f"{ratio:.3g} : 1" if ratio >= 1 else f"1 : {1 / ratio:.3g}")
        else:
            first += "; the size of a pixel is not known"
        if np.isnan(picture.image).any():
            second.append("blue: not measured")
        text = "; ".join(second)
        return [first, text[:1].upper() + text[1:]]

    def block(self, figure: Figure, place: tuple[int, int, int, int], **style: Any) -> None:
        from matplotlib.patches import Rectangle

        left, low, width, height = self.box(*place)
        figure.add_artist(Rectangle((left, low), width, height, **style))

    def line(
        self, figure: Figure, x: float, y: float, text: str, size: float, *, shrink: bool = True,
        **style: Any,
    ) -> None:  # fmt: skip
        """One line of plain text, made smaller where it would not fit the page."""
        place = x / self.width, 1 - y / self.height
        style = {"ha": "left", "va": "top", "parse_math": False, **style}
        drawn = figure.text(*place, text, fontsize=size, **style)
        room = self.width - x - self.dots(_MARGIN / 2)
        width = drawn.get_window_extent().width
        if shrink and width > room:
            drawn.set_fontsize(size * room / width)
