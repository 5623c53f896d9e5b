"""Scans as TIFF: one page per channel, pixels of many samples, or OME-TIFF."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import XRFCube

from .._lazy import LazyCube, RawCube, looks_like_counts, masked_counts
from .._metadata import (
    LEAST_CHANNELS,
    LENGTH_UNITS_MM,
    acquisition_from_settings,
    axis_from_settings,
    guess_channel_axis,
    is_power_of_two,
    picture_reason,
    pixel_from_settings,
)
from .._reader import (
    FormatReader,
    ReadOptions,
    check_size,
    estimated_axis,
    make_source,
    parse_float,
)
from .tiff_pages import (
    SegmentedPages,
    UncompressedPages,
    check_compression,
    check_segments,
    is_tiff,
    open_tiff,
)

FORMAT = "TIFF"
OME_FORMAT = "OME-TIFF"
_WORDS = {"C": "channels", "E": "energies", "Z": "depths", "T": "times"}


@dataclass(frozen=True)
class TiffLayout:
    """Three axes of a TIFF file.

    Parameters
    ----------
    shape : tuple of int
        Lengths in the order of `letters`.
    letters : str
        Where the numbers lie: ``"pyx"`` (pages of images), ``"yxs"`` or ``"syx"`` (samples of
        the pixels of one page).
    axes : tuple of int
        Which of the axes are y, x and channel.
    dtype : numpy.dtype
        Type of a count, with byte order.
    reason : str
        A sentence on why that axis was taken as the spectrum.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm.
    settings : mapping
        Further settings from the description.
    is_ome : bool
        Whether the description is OME-XML.
    rejection : str or None
        Why it is opened only if the user asks for it; None where it is opened by default.
    """

    shape: tuple[int, int, int]
    letters: str
    axes: tuple[int, int, int]
    dtype: np.dtype[Any]
    reason: str
    pixel_mm: tuple[float, float] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_ome: bool = False
    rejection: str | None = None


def layout_of(tif: Any) -> TiffLayout | None:
    """Find the axes of an open file; None where it is an image, or a few of them.

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
        reason = f"The {samples} samples of each pixel were taken as the spectrum."
        pixel = _resolution_mm(page)
        return TiffLayout(shape, letters, axes, dtype, reason, pixel, _json_description(text))
    pages = _page_count(tif, page, text)
    if samples > 1 or pages == 1:
        return None
    shape = (pages, rows, columns)
    is_ome, named = "<OME" in text[:2000], False
    if is_ome:
        channel, reason, pixel = _ome_axis(text, shape)
    else:
        channel, reason, named = _plain_axis(text, shape)
        pixel = _resolution_mm(page)
    if shape[channel] < LEAST_CHANNELS:
        return None
    y, x = (axis for axis in range(3) if axis != channel)
    # The pixels of a page are points of the scan only where the pages are channels.
    pixel = pixel if channel == 0 else None
    settings = _json_description(text)
    stated = is_ome or named or axis_from_settings(settings, shape[channel]) is not None
    rejection = None if stated else picture_reason(shape, channel)
    return TiffLayout(
        shape, "pyx", (y, x, channel), dtype, reason, pixel, settings, is_ome, rejection
    )


def _page_count(tif: Any, page: Any, text: str) -> int:
    """Count the pages; ImageJ stores the header of the first one alone."""
    count: int = len(tif.pages)
    if count == 1 and text.startswith("ImageJ="):
        match = re.search(r"^images=(\d{1,7})$", text, re.MULTILINE)
        return int(match[1]) if match and page.is_contiguous else 1
    return count


def _plain_axis(text: str, shape: tuple[int, int, int]) -> tuple[int, str, bool]:
    """Find the axis of the spectrum, why it is, and whether the file names its axes (in JSON)."""
    description = _json_description(text)
    axes = str(description.get("axes", "")).upper()
    if len(axes) == 3 and list(description.get("shape", [])) == list(shape):
        letter = next((letter for letter in "EC" if letter in axes), None)
        if letter is not None:
            channel = axes.index(letter)
            named = f"The file calls its axis {channel + 1} ({shape[channel]}) the channels."
            return channel, named, True
    guess = guess_channel_axis(shape)
    if guess != 0 and is_power_of_two(shape[guess]) and shape[0] != shape[guess]:
        where = ("the pages", "the rows of a page", "the columns of a page")[guess]
        reason = f"The number of {where}, {shape[guess]}, was taken as that of the channels."
        return guess, reason, False
    return 0, f"The {shape[0]} pages were taken as the channels of the spectrum.", False


def _ome_axis(
    text: str, shape: tuple[int, int, int]
) -> tuple[int, str, tuple[float, float] | None]:
    """Find the axis that the OME-XML names, and the size of a pixel in mm."""
    element = re.search(r"<(?:\w+:)?Pixels\b[^>]{0,20000}>", text)
    pixels = dict(re.findall(r'(\w+)="([^"]*)"', element[0])) if element else {}
    long = [letter for letter in "CZT" if (parse_float(pixels.get(f"Size{letter}")) or 1) > 1]
    if len(long) != 1:
        raise ValueError(
            f"its description (OME) gives it {len(long) + 2} axes, but a scan has three."
        )
    letter = "E" if 'Type="lambda"' in text else long[0]
    reason = f"The {shape[0]} {_WORDS[letter]} of OME's axis {long[0]} were taken as the spectrum."
    return 0, reason, _ome_pixel(pixels)


def _ome_pixel(pixels: Mapping[str, str]) -> tuple[float, float] | None:
    sides = []
    for letter in "YX":
        size = parse_float(pixels.get(f"PhysicalSize{letter}"))
        unit = LENGTH_UNITS_MM.get(pixels.get(f"PhysicalSize{letter}Unit", "µm"))
        if size is None or size <= 0 or unit is None:
            return None
        sides.append(size * unit)
    return sides[0], sides[1]


def _resolution_mm(page: Any) -> tuple[float, float] | None:
    """Return the size of a pixel in mm if the tags give it in cm; inches are for printers."""
    try:
        if int(page.resolutionunit) != 3:
            return None
        x, y = (float(value) for value in page.resolution)
    except (TypeError, ValueError, ZeroDivisionError, AttributeError):
        return None
    return (10 / y, 10 / x) if min(x, y) > 0 and max(x, y) < 1e9 else None


def _json_description(text: str) -> dict[str, Any]:
    """Parse the JSON that Python programs write as the description."""
    if not text.startswith("{") or len(text) > 2**20:
        return {}
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return settings if isinstance(settings, dict) else {}


def matches(path: Path) -> bool:
    """Check whether the file is a TIFF with spectra in it; a damaged one is not claimed."""
    if not path.is_file() or not is_tiff(path):
        return False
    try:
        with open_tiff(path) as tif:
            layout = layout_of(tif)
            return (layout is not None and layout.rejection is None) and (
                layout.dtype.kind != "f" or looks_like_counts(_source(path, tif, layout))
            )
    except (ValueError, OSError):
        return False


def refusal(path: Path) -> str | None:
    """Explain why a TIFF file is no scan."""
    if not path.is_file() or not is_tiff(path):
        return None
    try:
        with open_tiff(path) as tif:
            layout = layout_of(tif)
    except ValueError as error:
        text = str(error)
        return text if path.name in text else f"{path.name}: {text}"
    if layout is None:
        return f"{path.name} holds an image, or a few of them, and no spectra."
    if layout.rejection is not None:
        return _rejection(path, layout)
    return (
        f"{path.name} holds numbers with a fractional part, so they are not the counts of a scan."
    )


def _rejection(path: Path, layout: TiffLayout) -> str:
    pages, rows, columns = layout.shape
    return (
        f"{path.name} ({pages} pages of {rows} x {columns}) {layout.rejection}. "
        "`--dataset /` opens it nevertheless."
    )


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a cube lazily.

    Raises
    ------
    ValueError
        If it is damaged, or holds no spectra.
    """
    with open_tiff(path) as tif:
        layout = layout_of(tif)
        if layout is None:
            raise ValueError(f"{path.name} holds an image, or a few of them, and no spectra.")
        if layout.rejection is not None and options.dataset is None:
            raise ValueError(_rejection(path, layout))
        source = _source(path, tif, layout)
        name = OME_FORMAT if layout.is_ome else FORMAT
    channels = source.shape[2]
    notes = [layout.reason]
    key = f"{layout.letters}{layout.axes}{layout.shape}"
    counts, valid = masked_counts(source, notes, key=key)
    return XRFCube(
        counts,
        axis_from_settings(layout.settings, channels, notes) or estimated_axis(channels, notes),
        acquisition_from_settings(layout.settings, notes),
        pixel_from_settings(layout.settings) or layout.pixel_mm,
        valid=valid,
        source=make_source(path, name, notes),
    )


def _source(path: Path, tif: Any, layout: TiffLayout) -> LazyCube:
    """Describe the numbers on disk.

    Raises
    ------
    ValueError
        If pages are missing, differ, or are compressed in a way that is not read.
    """
    y, x, channel = layout.axes
    check_size(path.name, layout.shape[y], layout.shape[x], layout.shape[channel])
    first, size = tif.pages.first, path.stat().st_size
    if layout.letters != "pyx" or len(tif.pages) == 1:
        if not first.is_contiguous:
            raise ValueError(
                f"{path.name} compresses the samples of its pixels, which is not read."
            )
        raw = RawCube(str(path), layout.dtype.str, layout.shape, layout.axes, first.dataoffsets[0])
        if raw.n_bytes > size:
            raise ValueError(
                f"{path.name} is truncated: it has {size:,} of the {raw.n_bytes:,} bytes "
                "that it declares."
            )
        return raw
    check_compression(path, first)
    # Of the other pages only the offsets are read, not all tags.
    tif.pages.useframes = True
    offsets = []
    in_one_piece = int(first.compression) == 1 and not first.is_tiled
    for index in range(layout.shape[0]):
        page = tif.pages[index]
        starts, counts = page.dataoffsets, page.databytecounts
        check_segments(path, first, starts, counts, size)
        if in_one_piece:
            ends = [start + count for start, count in zip(starts, counts, strict=True)]
            in_one_piece = tuple(ends[:-1]) == tuple(starts[1:])
        offsets.append(starts[0])
    if in_one_piece:
        return UncompressedPages(
            str(path), layout.dtype.str, layout.shape, layout.axes, tuple(offsets)
        )
    return SegmentedPages(str(path), layout.dtype.str, layout.shape, layout.axes)


READER = FormatReader(FORMAT, matches, read, has_signature=is_tiff)
