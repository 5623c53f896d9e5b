"""The legend of a composite: colours, names and areas."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..pigments import display
from .composite import Item

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

#: Longest line of the names of the members of a group, letters.
_LETTERS = 34


def draw_legend(
    items: Sequence[Item], line: int = 40, *, ink: str = "#ffffff", heading: str = ""
) -> NDArray[np.uint8]:
    """Draw the legend of a composite.

    Parameters
    ----------
    items : sequence of Item
        The items, in order.
    line : int
        Height of a line, pixels.
    ink : str
        Colour ``"#rrggbb"`` of the text.
    heading : str
        First line.

    Returns
    -------
    ndarray, shape (y, x, 4), uint8
        sRGB and opacity, on a transparent ground.
    """
    from PIL import Image, ImageDraw

    rows = _rows(items, heading)
    large, small = _font(round(0.62 * line)), _font(round(0.46 * line))
    indent, step = round(1.15 * line), round(0.66 * line)
    height = sum(line if item is not None or text == heading else step for item, text in rows)
    width = round(
        max(
            indent + (large if item is not None else small).getlength(text) + 0.3 * line
            for item, text in rows
        )
    )
    image = Image.new("RGBA", (max(width, 1), max(height, 1)), f"{ink}00")
    draw = ImageDraw.Draw(image)
    top = 0
    for item, text in rows:
        if item is not None:
            _swatch(draw, item, top, line)
            draw.text((indent, top + line / 2), text, ink, large, anchor="lm")
        elif text == heading:
            draw.text((0, top + line / 2), text, ink, small, anchor="lm")
        else:
            draw.text((indent, top + 0.3 * step), text, f"{ink}c0", small, anchor="lm")
        top += line if item is not None or text == heading else step
    return np.array(image)


def _rows(items: Sequence[Item], heading: str) -> list[tuple[Item | None, str]]:
    """Return the lines of the legend, those of the members of a group without an item."""
    rows: list[tuple[Item | None, str]] = [(None, heading)] if heading else []
    for item in items:
        rows.append((item, f"{item.title}  {format_share(item.share)}"))
        if item.members:
            words = display.one_of(item.members)
            rows += [(None, text) for text in textwrap.wrap(words, _LETTERS)]
    return rows


def _swatch(draw, item: Item, top: int, line: int) -> None:  # type: ignore[no-untyped-def]
    side = round(0.78 * line)
    corner = round(0.1 * line), top + (line - side) // 2
    box = (*corner, corner[0] + side, corner[1] + side)
    draw.rectangle(box, fill=item.colour, outline="#808080")
    if item.hatched:
        for shift in range(side // 4, 2 * side, side // 4):
            start = corner[0] + min(shift, side), corner[1] + max(0, shift - side)
            end = corner[0] + max(0, shift - side), corner[1] + min(shift, side)
            draw.line((*start, *end), fill="#101014", width=max(1, side // 12))


def format_share(share: float) -> str:
    """Format the share of an area."""
    if share <= 0:
        return "-"
    if share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:.0f} %"


@lru_cache(maxsize=16)
def _font(size: int) -> FreeTypeFont:
    from matplotlib.font_manager import findfont
    from PIL import ImageFont

    return ImageFont.truetype(findfont("DejaVu Sans"), max(size, 6))
