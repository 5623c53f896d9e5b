"""Scans as TIFF: a page a channel, pixels of many samples, or OME-TIFF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_xrf_pigments.cube import XRFCube

from .._lazy import LazyCube, RawCube, dask_counts, looks_like_counts
from .._metadata import acquisition_from_settings, axis_from_settings, pixel_from_settings
from .._reader import FormatReader, ReadOptions, check_size, estimated_axis, make_source
from ._tiff_layout import TiffLayout, is_tiff, layout_of
from ._tiff_pages import PackedPages, PagesInPlace, check_packing, check_pieces, opened

FORMAT = "TIFF"
OME_FORMAT = "OME-TIFF"


def matches(path: Path) -> bool:
    """Whether the file is a TIFF with spectra in it; a damaged one is not claimed."""
    if not path.is_file() or not is_tiff(path):
        return False
    try:
        with opened(path) as tif:
            layout = layout_of(tif)
            return layout is not None and (
                layout.dtype.kind != "f" or looks_like_counts(_source(path, tif, layout))
            )
    except (ValueError, OSError):
        return False


def refusal(path: Path) -> str | None:
    """Why a TIFF file is no scan."""
    if not path.is_file() or not is_tiff(path):
        return None
    try:
        with opened(path) as tif:
            if layout_of(tif) is None:
                return f"{path.name} holds a picture, or a few of them, and no spectra."
    except ValueError as error:
        text = str(error)
        return text if path.name in text else f"{path.name}: {text}"
    return (
        f"{path.name} holds numbers with a fractional part, so they are not the counts of a scan."
    )


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open a cube lazily.

    Raises
    ------
    ValueError
        If it is damaged, or holds no spectra.
    """
    with opened(path) as tif:
        layout = layout_of(tif)
        if layout is None:
            raise ValueError(f"{path.name} holds a picture, or a few of them, and no spectra.")
        source = _source(path, tif, layout)
        name = OME_FORMAT if tif.is_ome else FORMAT
    channels = source.shape[2]
    notes = [layout.said]
    return XRFCube(
        dask_counts(source, key=f"{layout.letters}{layout.axes}{layout.shape}"),
        axis_from_settings(layout.settings, channels) or estimated_axis(channels, notes),
        acquisition_from_settings(layout.settings),
        pixel_from_settings(layout.settings) or layout.pixel_mm,
        source=make_source(path, name, notes),
    )


def _source(path: Path, tif: Any, layout: TiffLayout) -> LazyCube:
    """The numbers on disk.

    Raises
    ------
    ValueError
        If pages are missing, differ, or are packed in a way that is not read.
    """
    y, x, channel = layout.axes
    check_size(path.name, layout.shape[y], layout.shape[x], layout.shape[channel])
    first, size = tif.pages.first, path.stat().st_size
    if layout.letters != "pyx" or len(tif.pages) == 1:
        if not first.is_contiguous:
            raise ValueError(f"{path.name} packs the samples of its pixels, which is not read.")
        raw = RawCube(str(path), layout.dtype.str, layout.shape, layout.axes, first.dataoffsets[0])
        if raw.n_bytes > size:
            raise ValueError(
                f"{path.name} is truncated: it has {size:,} of the {raw.n_bytes:,} bytes "
                "that it declares."
            )
        return raw
    rows, columns = layout.shape[1:]
    check_packing(path, first)
    # Only the places of the numbers are read of the other pages, not all that their headers say.
    tif.pages.useframes = True
    offsets = []
    in_place = int(first.compression) == 1 and not first.is_tiled
    for index in range(layout.shape[0]):
        page = tif.pages[index]
        starts, counts = page.dataoffsets, page.databytecounts
        check_pieces(path, first, starts, counts, size)
        if in_place:
            follow = [start + count for start, count in zip(starts, counts, strict=True)]
            in_place = tuple(follow[:-1]) == tuple(starts[1:])
        offsets.append(starts[0])
    kind = PagesInPlace if in_place else PackedPages
    shape = (rows, columns)
    return kind(str(path), tuple(offsets), shape, layout.dtype.str, layout.axes)


READER = FormatReader(FORMAT, matches, read)
