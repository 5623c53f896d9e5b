"""Element maps as TIFF: one per file, or a few named pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._metadata import LEAST_CHANNELS
from .._reader import check_size
from ..formats.tiff_pages import (
    check_compression,
    check_segments,
    is_tiff,
    open_tiff,
    read_window,
)
from ._names import map_name, name_in
from ._values import as_map

FORMAT = "element map as TIFF"
MAX_MAP_BYTES = 2**31


def names_of(path: Path) -> tuple[str, ...] | None:
    """Return the names of the maps in a TIFF file; None where nothing in it names elements.

    A photograph is no map: it has colours, or no element in its name.
    """
    if not is_tiff(path):
        return None
    try:
        with open_tiff(path) as tif:
            if not _is_plain(tif):
                return None
            count = len(tif.pages)
            if count == 1:
                name = _label(tif, 0) or name_in(path.stem)
                return None if name is None else (name,)
            if count >= LEAST_CHANNELS:
                return None
            names = [_label(tif, index) for index in range(count)]
    except (ValueError, OSError):
        return None
    return tuple(name for name in names if name) if all(names) else None


def shape_of(path: Path) -> tuple[int, int] | None:
    """Return rows and columns of an image of one number per pixel; None for all else."""
    if not is_tiff(path):
        return None
    try:
        with open_tiff(path) as tif:
            page = tif.pages.first
            one = _is_plain(tif) and len(tif.pages) == 1
            return (page.imagelength, page.imagewidth) if one else None
    except (ValueError, OSError):
        return None


def load(path: Path) -> NDArray[np.float32]:
    """Read the maps, shape (map, y, x).

    Raises
    ------
    ValueError
        If the file is damaged, or no map.
    """
    with open_tiff(path) as tif:
        if not _is_plain(tif):
            raise ValueError(f"{path.name} holds no element map.")
        first, size = tif.pages.first, path.stat().st_size
        check_size(path.name, first.imagelength, first.imagewidth, len(tif.pages))
        if len(tif.pages) >= LEAST_CHANNELS:
            raise ValueError(f"{path.name} holds too many pages for element maps.")
        if 4 * first.imagelength * first.imagewidth * len(tif.pages) > MAX_MAP_BYTES:
            raise ValueError(f"{path.name} is far too large for element maps.")
        check_compression(path, first)
        tif.pages.useframes = True
        for page in tif.pages:
            check_segments(path, first, page.dataoffsets, page.databytecounts, size)
        rows, columns = (0, first.imagelength), (0, first.imagewidth)
        images = [read_window(tif, page, rows, columns) for page in tif.pages]
        return as_map(np.stack(images))


def _is_plain(tif: Any) -> bool:
    page = tif.pages.first
    plain = page.samplesperpixel == 1 and page.imagedepth == 1
    return bool(plain and page.dtype is not None and page.dtype.kind in "uif")


def _label(tif: Any, index: int) -> str | None:
    """Return the name of a page: ImageJ's label, OME's channel, or its own description."""
    first = tif.pages.first
    text = first.description if isinstance(first.description, str) else ""
    labels: list[str] = []
    if tif.is_imagej:
        stored = (tif.imagej_metadata or {}).get("Labels")
        labels = [str(label) for label in stored] if isinstance(stored, list) else []
    elif "<OME" in text[:2000]:
        tags = re.findall(r"<(?:\w+:)?Channel\b[^>]{0,5000}>", text[: 2**20])
        labels = [name[1] for tag in tags if (name := re.search(r'\bName="([^"]*)"', tag))]
    if index < len(labels):
        return map_name(labels[index])
    own = tif.pages[index].description
    return map_name(own.strip()) if isinstance(own, str) and len(own) < 100 else None
