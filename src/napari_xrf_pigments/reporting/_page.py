"""Sections of small maps on one page; what they show is decided elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# All lengths are inches, counted from the top left corner of the page.
PAGE_WIDTH = 12.0
MARGIN = 0.35
GAP = 0.18
PAGE_TITLE = 0.42
HEADING = 0.34
PANEL_TITLE = 0.24
BAR = 0.07
BAR_LABELS = 0.28
TALLEST_PANEL = 7.0
DPI = 150
NOT_MEASURED = "#4a6fa5"


@dataclass(frozen=True)
class Panel:
    """A map with its title.

    Parameters
    ----------
    title : str
        What it shows.
    image : ndarray, shape (y, x)
        Values from 0 up; NaN is drawn as not measured.
    top : float or None
        The value drawn brightest; None: the 99.5th percentile.
    colour : str or None
        ``"#rrggbb"`` of a chip before the title.
    """

    title: str
    image: NDArray[Any]
    top: float | None = None
    colour: str | None = None

    @property
    def limit(self) -> float:
        """The value that is drawn brightest."""
        if self.top is not None:
            return self.top
        measured = self.image[np.isfinite(self.image)]
        return max(float(np.percentile(measured, 99.5)), 1e-6) if measured.size else 1.0


@dataclass(frozen=True)
class Section:
    """Maps of one kind under one heading.

    Parameters
    ----------
    heading, note : str
        What the maps are, and what their values mean.
    colour_map : str
        A colour map of matplotlib.
    panels : tuple of Panel
        Maps of one shape.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm.
    """

    heading: str
    note: str
    colour_map: str
    panels: tuple[Panel, ...]
    pixel_mm: tuple[float, float] | None

    @property
    def legend(self) -> str:
        """The note, and what the colour of missing pixels means where there are any."""
        missing = any(np.isnan(panel.image).any() for panel in self.panels)
        return f"{self.note}; blue: not measured" if missing else self.note

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of a map in mm, or in pixels."""
        rows, columns = self.panels[0].image.shape if self.panels else (1, 1)
        dy, dx = self.pixel_mm or (1.0, 1.0)
        return columns * dx, rows * dy

    @property
    def columns(self) -> int:
        """Panels in a row, so that they fill about the same area whatever their shape."""
        width, height = self.extent
        return int(np.clip(round(6.2 * math.sqrt(height / width)), 3, 9))

    @property
    def rows(self) -> int:
        """Rows of panels."""
        return math.ceil(len(self.panels) / self.columns)

    @property
    def panel_size(self) -> tuple[float, float]:
        """Width and height of a panel's image."""
        width, height = self.extent
        room = (PAGE_WIDTH - 2 * MARGIN - (self.columns - 1) * GAP) / self.columns
        scale = min(room / width, TALLEST_PANEL / height)
        return width * scale, height * scale

    @property
    def step(self) -> float:
        """Distance from one row of panels to the next."""
        return PANEL_TITLE + self.panel_size[1] + 0.05 + BAR + BAR_LABELS

    @property
    def height(self) -> float:
        """Height on the page."""
        return HEADING + max(self.rows * self.step, 0.4)


def draw_page(title: str, sections: list[Section]) -> Figure:
    """Draw sections one under the other."""
    from matplotlib.figure import Figure

    top = MARGIN + (PAGE_TITLE if title else 0.0)
    height = top + sum(section.height for section in sections)
    page = _Page(Figure(figsize=(PAGE_WIDTH, height), dpi=DPI, facecolor="white"), height)
    page.text(MARGIN, MARGIN, title, size=15, weight="bold")
    for section in sections:
        page.section(section, top)
        top += section.height
    return page.figure


@dataclass(frozen=True)
class _Page:
    figure: Figure
    height: float

    def box(
        self, x: float, y: float, width: float, height: float
    ) -> tuple[float, float, float, float]:
        """A rectangle in the coordinates of the figure, which start at the bottom."""
        return (
            x / PAGE_WIDTH,
            1 - (y + height) / self.height,
            width / PAGE_WIDTH,
            height / self.height,
        )

    def text(self, x: float, y: float, text: str, size: float, **style: Any) -> Any:
        place = x / PAGE_WIDTH, 1 - y / self.height
        return self.figure.text(*place, text, va="top", ha="left", fontsize=size, **style)

    def section(self, section: Section, top: float) -> None:
        heading = self.text(MARGIN, top, section.heading, size=12.5, weight="bold")
        right = heading.get_window_extent().x1 / self.figure.dpi
        self.text(right + 0.12, top + 0.035, section.legend, size=9, color="#666666")
        if not section.panels:
            self.text(MARGIN, top + HEADING, "nothing found", size=10, color="#666666")
        room = (PAGE_WIDTH - 2 * MARGIN + GAP) / section.columns
        for index, panel in enumerate(section.panels):
            row, column = divmod(index, section.columns)
            corner = MARGIN + column * room, top + HEADING + row * section.step
            self.panel(section, panel, corner, with_scale=index == 0)

    def panel(
        self, section: Section, panel: Panel, corner: tuple[float, float], with_scale: bool
    ) -> None:
        from matplotlib.patches import Rectangle

        x, y = corner
        width, height = section.panel_size
        if panel.colour:
            left, low, across, up = self.box(x, y + 0.015, 0.13, 0.13)
            chip = Rectangle((left, low), across, up, fc=panel.colour, ec="#555555", lw=0.6)
            self.figure.add_artist(chip)
        self.text(x + (0.2 if panel.colour else 0), y, panel.title, size=10)

        axes = self.figure.add_axes(self.box(x, y + PANEL_TITLE, width, height))
        across, down = section.extent
        shown = axes.imshow(
            panel.image,
            cmap=section.colour_map,
            vmin=0,
            vmax=panel.limit,
            extent=(0, across, down, 0),
            aspect="auto",
        )
        axes.set(facecolor=NOT_MEASURED, xticks=[], yticks=[])
        axes.spines[:].set(color="#999999", linewidth=0.6)
        if with_scale:
            _scale_bar(axes, across, down, "mm" if section.pixel_mm else "pixels")

        under = self.box(x, y + PANEL_TITLE + height + 0.05, width, BAR)
        bar = self.figure.colorbar(shown, cax=self.figure.add_axes(under), orientation="horizontal")
        bar.set_ticks([0, panel.limit], labels=["0", _number(panel.limit)])
        bar.ax.tick_params(length=0, labelsize=8, pad=1.5, labelcolor="#444444")
        low_label, high_label = bar.ax.get_xticklabels()
        low_label.set_horizontalalignment("left")
        high_label.set_horizontalalignment("right")
        bar.outline.set_visible(False)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def _scale_bar(axes: Axes, width: float, height: float, unit: str) -> None:
    from matplotlib.patheffects import withStroke

    length = round_length(width / 3)
    left, level = 0.05 * width, 0.93 * height
    axes.plot(
        [left, left + length],
        [level, level],
        color="white",
        linewidth=2.4,
        solid_capstyle="butt",
        path_effects=[withStroke(linewidth=4.2, foreground="black")],
    )
    axes.text(
        left + length / 2,
        level - 0.035 * height,
        f"{length:g} {unit}",
        color="white",
        ha="center",
        va="bottom",
        fontsize=8.5,
        path_effects=[withStroke(linewidth=2.6, foreground="black")],
    )
    axes.set(xlim=(0, width), ylim=(height, 0))


def round_length(longest: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not over a length."""
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9))
