"""One picture with the maps of everything that is present in a scan."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..cube import ElementMaps, PigmentMaps
from ..io.outputs.atomic_write import check_output, write_atomically
from ..pigments.display import Naming
from ..pigments.selection import Palette
from ._page import MM_PER_INCH, CompositePicture, MapPicture, Page, to_dots
from .composite import Amount, composite, items_of
from .figures import element_pictures, group_pictures, pigment_pictures
from .legend import draw_legend

DPI = 150
_PRINT_DPI = 300
_SOFTWARE = "napari-xrf-pigments overview"
# Lengths on the page, mm.
_WIDTH = 12 * MM_PER_INCH
_MARGIN, _GAP, _TITLE, _HEADING, _PANEL_TITLE = 9.0, 4.5, 10.5, 8.5, 6.0
_LEGEND_LINE = 7.0
_BAR_GAP, _BAR, _BAR_LABELS, _TALLEST_MAP, _CHIP = 1.3, 1.8, 7.0, 178.0, 3.3
#: Meaning of the numbers in the legend, and of the colours of the composite.
SHARE = "share of the measured area"
COMPOSITE_NOTE = (
    "hue: the pigment that leads; brightness: its signal; whites and grounds where nothing else is"
)


@dataclass(frozen=True)
class Section:
    """Maps of one kind under one heading.

    Parameters
    ----------
    heading, note : str
        Name of the maps, and the meaning of their values.
    pictures : tuple of MapPicture
        Maps of one scan.
    """

    heading: str
    note: str
    pictures: tuple[MapPicture, ...]

    @property
    def legend(self) -> str:
        """The note, with the meaning of blue if pixels were not measured."""
        incomplete = any(picture.incomplete for picture in self.pictures)
        return f"{self.note}; blue: not measured" if incomplete else self.note

    @property
    def columns(self) -> int:
        """Maps in one row, so that they fill about the same area whatever their shape."""
        width, height = self.pictures[0].extent
        return int(np.clip(round(6.2 * math.sqrt(height / width)), 3, 9))

    @property
    def map_mm(self) -> tuple[float, float]:
        """Width and height of a map on the page, mm."""
        width, height = self.pictures[0].extent
        available = (_WIDTH - 2 * _MARGIN - (self.columns - 1) * _GAP) / self.columns
        scale = min(available / width, _TALLEST_MAP / height)
        return width * scale, height * scale

    @property
    def row_mm(self) -> float:
        """Distance between rows of maps, mm."""
        return _PANEL_TITLE + self.map_mm[1] + _BAR_GAP + _BAR + _BAR_LABELS

    @property
    def height_mm(self) -> float:
        """Height on the page, mm."""
        if not self.pictures:
            return _HEADING + 10.0
        return _HEADING + math.ceil(len(self.pictures) / self.columns) * self.row_mm


def save_overview(
    path: str | Path,
    elements: ElementMaps | None = None,
    pigments: PigmentMaps | None = None,
    naming: Naming | None = None,
    *,
    title: str = "",
    at_most: int = 20,
) -> Path:
    """Draw the maps of everything that is present into one PNG file.

    Parameters
    ----------
    path : str or Path
        File to write; it appears only when it is complete.
    elements, pigments : ElementMaps, PigmentMaps, optional
        Maps of one scan.
    naming : Naming, optional
        Names and colours of the pigments, and the members of groups; a group whose members
        cannot be distinguished gets a map.
    title : str
        Line at the top.
    at_most : int
        Greatest number of maps of each kind.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If there are no maps at all.
    OSError
        If the file cannot be written.
    """
    from PIL import Image, PngImagePlugin

    naming = naming or Naming()
    first = None if pigments is None else composite_picture(pigments)
    sections = []
    if elements is not None:
        note = "net counts; the brightest grey is the 99.5th percentile of each map"
        pictures = islice(element_pictures(elements), at_most)
        sections.append(Section("Elements", note, tuple(picture for _, picture in pictures)))
    if pigments is not None:
        note = "probability of being in any layer, the ground included"
        pictures = islice(pigment_pictures(pigments, naming), at_most)
        sections.append(Section("Pigments", note, tuple(picture for _, picture in pictures)))
        groups = _groups_by_members(pigments, naming)[:at_most]
        if groups:
            note = "probability of at least one of them; indistinguishable in some pixels"
            sections.append(Section("One of several", note, groups))
    if not sections:
        raise ValueError("There are no maps to draw.")
    image = Image.fromarray(draw_page(title, sections, first).render())
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    check_overview(target)
    mark = PngImagePlugin.PngInfo()
    mark.add_text("Software", _SOFTWARE)
    write_atomically(target, lambda part: image.save(part, "PNG", pnginfo=mark), is_overview)
    return target


def check_overview(path: Path, *, overwrite: bool = True, scan: Path | None = None) -> None:
    """Check before the work that an overview can be written.

    Raises
    ------
    ValueError
        If its name does not end in ``.png``, or it is part of the scan.
    OSError
        If something else is there, or its folder does not exist.
    """
    check_output(path, is_overview, overwrite=overwrite, scan=scan, suffixes=(".png",))


def is_overview(path: Path) -> bool:
    """Return whether a file is an overview that this program drew."""
    try:
        with path.open("rb") as file:
            head = file.read(500)  # the texts precede the pixels
    except OSError:
        return False
    return head.startswith(b"\x89PNG") and _SOFTWARE.encode() in head


def _groups_by_members(maps: PigmentMaps, naming: Naming) -> tuple[MapPicture, ...]:
    """Return the pictures of unresolved groups, with the names of the members as titles."""
    return tuple(
        replace(
            picture,
            title=textwrap.shorten(
                naming.members_of(file.removeprefix("group ")), 32, placeholder=" ..."
            ).replace("/ ...", "..."),
        )
        for file, picture in group_pictures(maps, naming)
    )


def composite_picture(
    maps: PigmentMaps, palette: Palette | None = None, line_mm: float = _LEGEND_LINE
) -> CompositePicture | None:
    """Return the composite of pigment maps with its legend in black; None without pigments.

    Parameters
    ----------
    maps : PigmentMaps
        Pigment maps.
    palette : Palette, optional
        Thresholds and hidden pigments.
    line_mm : float
        Height of a line of the legend on paper, mm.
    """
    palette = palette or Palette()
    items = items_of(maps, palette)
    if not items:
        return None
    amounts = [Amount(maps, item, palette) for item in items]
    image = composite(amounts, items, np.shape(maps.unexplained))
    legend = draw_legend(items, to_dots(line_mm, DPI), ink="#202020", heading=SHARE)
    return CompositePicture(image, legend, maps.pixel_mm)


def render_composite(picture: CompositePicture, width_mm: float = 150.0) -> NDArray[np.uint8]:
    """Draw a composite with a scale bar.

    Parameters
    ----------
    picture : CompositePicture
        The composite.
    width_mm : float
        Greatest width on paper, mm.

    Returns
    -------
    ndarray, shape (row, column, 3), uint8
        Dots, 300 per inch.
    """
    across, down = picture.extent
    width = to_dots(min(width_mm, _TALLEST_MAP * across / down), _PRINT_DPI)
    height = max(1, round(width * down / across))
    page = Page(width, height, _PRINT_DPI)
    page.image(picture.image, 0, 0, width, height)
    _draw_scale_bar(page, picture, 0, 0, width, height)
    return page.render()


def draw_page(title: str, sections: list[Section], first: CompositePicture | None = None) -> Page:
    """Draw the composite, and sections one below the other."""
    top = _MARGIN + (_TITLE if title else 0.0)
    height = top + sum(section.height_mm for section in sections)
    composite_mm = (0.0, 0.0) if first is None else _composite_mm(first)
    if first is not None:
        legend_mm = first.legend.shape[0] * MM_PER_INCH / DPI
        height += _HEADING + max(composite_mm[1], legend_mm) + _GAP
    page = Page(to_dots(_WIDTH, DPI), to_dots(height, DPI), DPI)
    margin = page.dots(_MARGIN)
    page.text(margin, margin, title, 15, weight="bold")
    if first is not None:
        _draw_composite(page, first, page.dots(top), composite_mm)
        top += _HEADING + max(composite_mm[1], legend_mm) + _GAP
    for section in sections:
        _draw_section(page, section, page.dots(top))
        top += section.height_mm
    return page


def _composite_mm(picture: CompositePicture) -> tuple[float, float]:
    """Return width and height of the composite on the page, beside its legend."""
    legend = picture.legend.shape[1] * MM_PER_INCH / DPI
    width, height = picture.extent
    scale = min((_WIDTH - 2 * _MARGIN - 2 * _GAP - legend) / width, _TALLEST_MAP / height)
    return width * scale, height * scale


def _draw_composite(
    page: Page, picture: CompositePicture, top: int, size_mm: tuple[float, float]
) -> None:
    margin = page.dots(_MARGIN)
    heading = page.text(margin, top, "Pigments together", 12.5, weight="bold")
    right = heading.get_window_extent().x1
    page.text(right + page.dots(3), top + page.dots(0.9), COMPOSITE_NOTE, 9, color="#666666")
    y = top + page.dots(_HEADING)
    width, height = (max(1, page.dots(side)) for side in size_mm)
    page.image(picture.image, margin, y, width, height)
    page.block(margin, y, width, height, fill=False, ec="#999999", lw=0.6)
    _draw_scale_bar(page, picture, margin, y, width, height)
    rows, columns, _ = picture.legend.shape
    page.image(picture.legend, margin + width + page.dots(2 * _GAP), y, columns, rows)


def _draw_scale_bar(
    page: Page, picture: MapPicture | CompositePicture, x: int, y: int, width: int, height: int
) -> None:
    page.scale_bar(
        picture, x, y, width, height,
        location="lower left", color="white", box_color="black", box_alpha=0.5,
        scale_loc="top", width_fraction=0.02, sep=2, font_properties={"size": 8},
    )  # fmt: skip


def _draw_section(page: Page, section: Section, top: int) -> None:
    margin = page.dots(_MARGIN)
    heading = page.text(margin, top, section.heading, 12.5, weight="bold")
    right = heading.get_window_extent().x1
    page.text(right + page.dots(3), top + page.dots(0.9), section.legend, 9, color="#666666")
    top += page.dots(_HEADING)
    if not section.pictures:
        page.text(margin, top, "none", 10, color="#666666")
        return
    step = (_WIDTH - 2 * _MARGIN + _GAP) / section.columns
    for index, picture in enumerate(section.pictures):
        row, column = divmod(index, section.columns)
        corner = margin + page.dots(column * step), top + page.dots(row * section.row_mm)
        _draw_map(page, picture, corner, section.map_mm, with_scale_bar=index == 0)


def _draw_map(
    page: Page,
    picture: MapPicture,
    corner: tuple[int, int],
    map_mm: tuple[float, float],
    *,
    with_scale_bar: bool,
) -> None:
    x, y = corner
    width, height = (max(1, page.dots(side)) for side in map_mm)
    indent = 0
    if picture.chip:
        chip = page.dots(_CHIP)
        page.block(x, y + page.dots(0.4), chip, chip, fc=picture.chip, ec="#555555", lw=0.6)
        indent = chip + page.dots(1.7)
    page.text(x + indent, y, picture.title, 10)
    y += page.dots(_PANEL_TITLE)
    page.map(picture, x, y, width, height)
    page.block(x, y, width, height, fill=False, ec="#999999", lw=0.6)
    if with_scale_bar:
        _draw_scale_bar(page, picture, x, y, width, height)
    bar = page.colour_bar(picture, x, y + height + page.dots(_BAR_GAP), width, page.dots(_BAR))
    low, high = picture.limits
    bar.set_ticks([low, high], labels=[_format_number(low), _format_number(high)])
    bar.ax.tick_params(length=0, labelsize=8, pad=1.5, labelcolor="#444444")
    low_label, high_label = bar.ax.get_xticklabels()
    low_label.set_horizontalalignment("left")
    high_label.set_horizontalalignment("right")
    bar.outline.set_visible(False)


def _format_number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"
