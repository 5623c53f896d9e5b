"""Maps as figures: one page per map, with title, scale bar, colour bar and caption."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import ElementMaps, PigmentMaps
from ..pigments.display import Naming
from ._page import MM_PER_INCH, MapPicture, Page, to_dots
from .detection import detected_elements, detected_pigments, unresolved_groups

DEPTHS = {
    "probability": "probability of being in any layer, the ground included",
    "top": "probability of being in the top paint layer",
    "below": "probability of being below the top paint layer",
}
# Lengths on paper, mm.
WIDEST_MAP_MM, TALLEST_MAP_MM = 160.0, 200.0
NARROWEST_PAGE_MM = 90.0
_MARGIN, _TITLE, _NOTE, _GAP, _BAR, _BAR_LABELS, _CAPTION = 5.0, 7.0, 3.6, 2.5, 3.5, 9.0, 8.0
_CAPTION_LINE, _CHIP, _SCALE_BAR = 3.2, 3.6, 8.0
_NOTE_POINTS, _CAPTION_POINTS = 8.0, 6.5


def element_pictures(maps: ElementMaps) -> Iterator[tuple[str, MapPicture]]:
    """Yield a file name and a picture for each element that is present.

    Parameters
    ----------
    maps : ElementMaps
        Elemental maps.
    """
    for entry in detected_elements(maps):
        image = np.asarray(maps.counts[maps.names.index(entry.name)])
        note = "net counts; the brightest is the 99.5th percentile"
        limits = (0.0, brightest(image))
        picture = MapPicture(entry.name, note, image, limits, maps.pixel_mm, "net counts")
        yield f"element {entry.name}", picture


def pigment_pictures(
    maps: PigmentMaps,
    naming: Naming,
    threshold: float = 0.5,
    depths: tuple[str, ...] = ("probability",),
) -> Iterator[tuple[str, MapPicture]]:
    """Yield a file name and a picture for each pigment that is present.

    Parameters
    ----------
    maps : PigmentMaps
        Pigment maps.
    naming : Naming
        Display names and colours.
    threshold : float
        Probability above which a pixel counts, 0-1.
    depths : tuple of str
        Some of ``"probability"``, ``"top"``, ``"below"``.
    """
    for entry in detected_pigments(maps, threshold):
        for depth in depths:
            image = np.asarray(getattr(maps, depth)[maps.names.index(entry.name)])
            if depth != "probability" and not (image > threshold).any():
                continue
            file = f"pigment {entry.name}" if depth == "probability" else f"{depth} {entry.name}"
            title, chip = naming.pigment(entry.name), naming.colour(entry.name)
            yield file, _probability(title, DEPTHS[depth], image, maps, threshold, chip)


def group_pictures(
    maps: PigmentMaps, naming: Naming, threshold: float = 0.5
) -> Iterator[tuple[str, MapPicture]]:
    """Yield a file name and a picture for each group whose members cannot be distinguished."""
    for entry in unresolved_groups(maps, naming.members):
        image = np.asarray(maps.group_probability[maps.groups.index(entry.name)])
        members = naming.members_of(entry.name)
        note = f"probability of at least one, indistinguishable in some pixels: {members}"
        title = naming.group(entry.name)
        yield f"group {entry.name}", _probability(title, note, image, maps, threshold, None)


def all_pigment_pictures(
    maps: PigmentMaps, naming: Naming, threshold: float, depths: tuple[str, ...]
) -> Iterator[tuple[str, MapPicture]]:
    """Yield the pictures of pigments, of groups and of the unexplained share."""
    yield from pigment_pictures(maps, naming, threshold, depths)
    yield from group_pictures(maps, naming, threshold)
    yield unexplained_picture(maps)


def unexplained_picture(maps: PigmentMaps) -> tuple[str, MapPicture]:
    """Return a file name and the picture of the unexplained share of the counts."""
    image = np.asarray(maps.unexplained)
    note = "share of the counts above background that no line, scatter or artefact explains"
    limits = (0.0, max(0.05, brightest(image)))
    picture = MapPicture("Unexplained", note, image, limits, maps.pixel_mm, "share of the counts")
    return "unexplained", picture


def _probability(
    title: str,
    note: str,
    image: NDArray[Any],
    maps: PigmentMaps,
    threshold: float,
    chip: str | None,
) -> MapPicture:
    value = f"probability (line: threshold {threshold:g})"
    limits = (0.0, 1.0)
    return MapPicture(title, note, image, limits, maps.pixel_mm, value, "magma", chip, threshold)


def brightest(image: NDArray[Any]) -> float:
    """Return the 99.5th percentile of the measured values, or their maximum if that is zero."""
    measured = image[np.isfinite(image)]
    if not measured.size:
        return 1.0
    top = float(np.percentile(measured, 99.5))
    return max(top if top > 0 else float(measured.max()), 1e-6)


def render_map(
    picture: MapPicture,
    dpi: int = 600,
    widest_mm: float = WIDEST_MAP_MM,
    *,
    for_print: bool = True,
) -> NDArray[np.uint8]:
    """Draw the page of one map.

    A pixel of the scan is a whole number of dots wide, so that all are equally wide.

    Parameters
    ----------
    picture : MapPicture
        The map.
    dpi : int
        Dots per inch.
    widest_mm : float
        Greatest width of the map on paper, mm.
    for_print : bool
        Whether the caption states the size on paper.

    Returns
    -------
    ndarray, shape (row, column, 3), uint8
        Red, green and blue of every dot.
    """
    margin = to_dots(_MARGIN, dpi)
    map_width, map_height = _map_size(picture, dpi, widest_mm)
    page_width = max(map_width + 2 * margin, to_dots(NARROWEST_PAGE_MM, dpi))
    # A letter is about half as wide as the font is high.
    letters = (page_width - 2 * margin) / (0.54 * _NOTE_POINTS * dpi / 72)
    notes = textwrap.wrap(picture.note, int(letters))
    map_top = to_dots(_MARGIN + _TITLE + len(notes) * _NOTE + 1, dpi)
    under_map = to_dots(_GAP + _BAR + _BAR_LABELS + _CAPTION + _MARGIN / 2, dpi)
    page = Page(page_width, map_top + map_height + under_map, dpi)
    dots = page.dots

    left = margin
    if picture.chip:
        chip = dots(_CHIP)
        page.block(margin, margin, chip, chip, fc=picture.chip, ec="#555555", lw=0.5)
        left += chip + dots(1.6)
    edge = page_width - margin // 2
    page.text(left, margin, picture.title, 12, weight="bold", max_width=edge - left)
    grey: dict[str, Any] = {"color": "#555555", "max_width": edge - margin}
    for number, text in enumerate(notes):
        page.text(margin, dots(_MARGIN + _TITLE + number * _NOTE), text, _NOTE_POINTS, **grey)

    page.map(picture, margin, map_top, map_width, map_height)
    top = map_top + map_height + dots(_GAP)
    page.scale_bar(
        picture, page_width - margin - map_width, top, map_width, dots(_SCALE_BAR),
        location="upper right", frameon=False, pad=0, border_pad=0, width_fraction=0.15, sep=3,
        font_properties={"size": 8},
    )  # fmt: skip
    bar_width = max(page_width - 2 * margin - round(map_width / 3) - dots(12), dots(30))
    _draw_colour_bar(page, picture, margin, top, min(bar_width, dots(80)))
    for number, text in enumerate(_caption(picture, map_width, dpi, for_print)):
        y = top + dots(_BAR + _BAR_LABELS + number * _CAPTION_LINE)
        page.text(margin, y, text, _CAPTION_POINTS, **grey)
    return page.render()


def _map_size(picture: MapPicture, dpi: int, widest_mm: float) -> tuple[int, int]:
    """Return width and height of a map in dots, a whole number per pixel across."""
    width, height = picture.extent
    columns = picture.image.shape[1]
    across = min(widest_mm, TALLEST_MAP_MM * width / height) * dpi / MM_PER_INCH
    # With fewer dots than pixels, no pixel can be whole.
    across = columns * int(across // columns) if across >= columns else round(across)
    return max(1, int(across)), max(1, round(across * height / width))


def _draw_colour_bar(page: Page, picture: MapPicture, x: int, y: int, width: int) -> None:
    bar = page.colour_bar(picture, x, y, width, page.dots(_BAR))
    bar.ax.tick_params(labelsize=7, length=2, width=0.6, pad=1.5)
    bar.outline.set_linewidth(0.4)
    bar.set_label(picture.value, fontsize=7, labelpad=1.5)
    if picture.mark is not None:
        bar.ax.axvline(picture.mark, color="white", linewidth=1.6)
        bar.ax.axvline(picture.mark, color="black", linewidth=0.7)


def _caption(picture: MapPicture, map_width: int, dpi: int, for_print: bool) -> list[str]:
    """State the sizes; a length in mm only if the size of a pixel is known."""
    width, height = picture.extent
    rows, columns = picture.image.shape
    first, across = f"{columns} × {rows} pixels", map_width * MM_PER_INCH / dpi
    second = [f"at {dpi} dpi the map is {across:.1f} mm wide"] if for_print else []
    if picture.pixel_mm is not None:
        dy, dx = picture.pixel_mm
        first += f" of {dx:.4g} × {dy:.4g} mm = {width:.5g} × {height:.5g} mm"
        ratio = across / width
        if for_print:
            second.append(f"{ratio:.3g} : 1" if ratio >= 1 else f"1 : {1 / ratio:.3g}")
    else:
        first += "; the size of a pixel is unknown"
    if picture.incomplete:
        second.append("blue: not measured")
    text = "; ".join(second)
    return [first, text[:1].upper() + text[1:]]
