"""What the pages of a TIFF file are: which axis is the spectrum, and how big a pixel is.

Only the pages' own tags and their description are used. The series that the library would make of
them follow other files and believe any size that a description claims.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .._metadata import LENGTH_UNITS_MM, guess_channel_axis
from .._reader import parse_float, read_head

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Fewer pages or samples are colours, depths or times, not channels of a detector.
LEAST_CHANNELS = 128
_WORDS = {"C": "channels", "E": "energies", "Z": "depths", "T": "times"}


@dataclass(frozen=True)
class TiffLayout:
    """Three axes of a TIFF file.

    Parameters
    ----------
    shape : tuple of int
        Lengths in the order of `letters`.
    letters : str
        Where the numbers lie: ``"pyx"`` (pages of pictures), ``"yxs"`` or ``"syx"`` (samples of
        the pixels of one page).
    axes : tuple of int
        Which of the axes are y, x and channel.
    dtype : numpy.dtype
        Type of a count, with byte order.
    said : str
        In words, why that axis was taken as the spectrum.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm.
    settings : mapping
        Further facts from the description.
    """

    shape: tuple[int, int, int]
    letters: str
    axes: tuple[int, int, int]
    dtype: np.dtype[Any]
    said: str
    pixel_mm: tuple[float, float] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


def is_tiff(path: Path) -> bool:
    """Whether a file has the signature of TIFF or BigTIFF."""
    return read_head(path, 4) in MAGIC


def layout_of(tif: Any) -> TiffLayout | None:
    """The axes of an open file; None where it is a picture, or a few of them.

    Raises
    ------
    ValueError
        If it is a stack of something else than spectra.
    """
    page = tif.pages.first
    if page.dtype is None or page.dtype.kind not in "uif" or page.imagedepth > 1:
        return None
    dtype = np.dtype(page.dtype).newbyteorder(tif.byteorder)
    rows, columns, samples = page.imagelength, page.imagewidth, page.samplesperpixel
    text = page.description if isinstance(page.description, str) else ""
    if samples >= LEAST_CHANNELS:
        letters, shape, axes = "yxs", (rows, columns, samples), (0, 1, 2)
        if page.planarconfig == 2:
            letters, shape, axes = "syx", (samples, rows, columns), (1, 2, 0)
        said = f"The {samples} samples of each pixel were taken as the spectrum."
        return TiffLayout(shape, letters, axes, dtype, said, _resolution_mm(page), _shaped(text))
    pages = _page_count(tif, page, text)
    if samples > 1 or pages == 1:
        return None
    shape = (pages, rows, columns)
    if "<OME" in text[:2000]:
        channel, said, pixel = _ome(text, shape)
    else:
        channel, said = _plain(text, shape)
        pixel = _resolution_mm(page)
    if shape[channel] < LEAST_CHANNELS:
        return None
    y, x = (axis for axis in range(3) if axis != channel)
    # The pages' pixels are places in the scan only where the pages are channels.
    pixel = pixel if channel == 0 else None
    return TiffLayout(shape, "pyx", (y, x, channel), dtype, said, pixel, _shaped(text))


def _page_count(tif: Any, page: Any, text: str) -> int:
    """Pages of the first one's shape; ImageJ stores one for many that follow without headers."""
    count: int = len(tif.pages)
    if count == 1 and text.startswith("ImageJ="):
        match = re.search(r"^images=(\d{1,7})$", text, re.MULTILINE)
        return int(match[1]) if match and page.is_contiguous else 1
    return count


def _plain(text: str, shape: tuple[int, int, int]) -> tuple[int, str]:
    """The axis of the spectrum where the file names its axes in JSON, or not at all."""
    axes = str(_shaped(text).get("axes", "")).upper()
    if len(axes) == 3 and list(_shaped(text).get("shape", [])) == list(shape):
        named = [letter for letter in "EC" if letter in axes]
        if named:
            channel = axes.index(named[0])
            return (
                channel,
                f"The file calls its axis {channel + 1} ({shape[channel]}) the channels.",
            )
    guess = guess_channel_axis(shape, prefer_last=False)
    power = shape[guess] >= 256 and not shape[guess] & (shape[guess] - 1)
    if guess != 0 and power:
        where = ("the pages", "the rows of a page", "the columns of a page")[guess]
        return guess, f"The number of {where}, {shape[guess]}, was taken as that of the channels."
    return 0, f"The {shape[0]} pages were taken as the channels of the spectrum."


def _ome(text: str, shape: tuple[int, int, int]) -> tuple[int, str, tuple[float, float] | None]:
    """The axis that OME's description names."""
    found = re.search(r"<(?:\w+:)?Pixels\b[^>]{0,20000}>", text)
    facts = dict(re.findall(r'(\w+)="([^"]*)"', found[0])) if found else {}
    long = [letter for letter in "CZT" if (parse_float(facts.get(f"Size{letter}")) or 1) > 1]
    if len(long) != 1:
        raise ValueError(
            f"its description (OME) gives it {len(long) + 2} axes, but a scan has three."
        )
    letter = "E" if 'Type="lambda"' in text else long[0]
    said = f"The {shape[0]} {_WORDS[letter]} of OME's axis {long[0]} were taken as the spectrum."
    return 0, said, _ome_pixel(facts)


def _ome_pixel(facts: Mapping[str, str]) -> tuple[float, float] | None:
    sides = []
    for letter in "YX":
        size = parse_float(facts.get(f"PhysicalSize{letter}"))
        unit = LENGTH_UNITS_MM.get(facts.get(f"PhysicalSize{letter}Unit", "µm"))
        if size is None or size <= 0 or unit is None:
            return None
        sides.append(size * unit)
    return sides[0], sides[1]


def _resolution_mm(page: Any) -> tuple[float, float] | None:
    """The size of a pixel in mm, where the tags give it in cm; inches are a printer's."""
    try:
        if int(page.resolutionunit) != 3:
            return None
        x, y = (float(value) for value in page.resolution)
    except (TypeError, ValueError, ZeroDivisionError, AttributeError):
        return None
    return (10 / y, 10 / x) if min(x, y) > 0 and max(x, y) < 1e9 else None


def _shaped(text: str) -> dict[str, Any]:
    """The JSON that Python programs leave as the description."""
    if not text.startswith("{") or len(text) > 2**20:
        return {}
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
