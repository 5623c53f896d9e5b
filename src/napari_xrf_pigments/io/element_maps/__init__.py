"""Element maps of other programs, without spectra: .dms, tables, matrices, TIFF, folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import ElementMaps

from ..formats.tiff_pages import is_tiff
from . import datamuncher as map_dms
from . import text as map_tables
from . import tiff as map_images
from ._names import map_name, name_in

FOLDER_FORMAT = "folder of element maps"
_IMAGES = (".tif", ".tiff")
# A folder of more files is no folder of maps.
MAX_FILES = 1000


def is_maps(path: str | os.PathLike[str]) -> bool:
    """Return whether a file or folder holds element maps and no spectra.

    Parameters
    ----------
    path : path_like
        A file or folder.

    Returns
    -------
    bool
        An image counts only if it has one number per pixel and it, or its name, names an element.
    """
    source = Path(path)
    try:
        if source.is_dir():
            return _map_files(source) is not None
        return map_dms.matches(source) or _is_image(source) or _is_text(source)
    except OSError:
        return False


def load_maps(path: str | os.PathLike[str]) -> ElementMaps:
    """Open element maps that other programs made.

    Parameters
    ----------
    path : path_like
        A file of Datamuncher (.dms, .ims), a table with one line per pixel, a text matrix, a TIFF,
        or a folder of matrices or TIFFs of one size.

    Returns
    -------
    ElementMaps
        Names as far as they can be read, such as ``"Fe K"``; counts of shape (map, y, x), float32,
        NaN where a pixel is missing; sigma NaN where the file does not give it.

    Raises
    ------
    ValueError
        If it holds no element maps, or is damaged.
    OSError
        If it does not exist or cannot be read.
    """
    source = Path(path).absolute()
    if not source.exists():
        raise FileNotFoundError(f"{source} does not exist.")
    if source.is_file() and source.stat().st_size == 0:
        raise ValueError(f"{source.name} is empty.")
    if source.is_dir():
        return _folder(source)
    if map_dms.matches(source):
        names, counts, format_name = map_dms.load(source)
        return _maps(source, format_name, [map_name(name) or name for name in names], counts)
    if is_tiff(source):
        counts = map_images.load(source)
        known = map_images.names_of(source)
        names = known or tuple(f"{source.stem} {number + 1}" for number in range(len(counts)))
        return _maps(source, map_images.FORMAT, names, counts)
    if _is_text(source) or map_tables.is_matrix(source):
        text = map_tables.load(source)
        return _maps(source, text.format, text.names, text.counts, text.sigma)
    raise ValueError(f"{source.name} holds no element maps that can be read here.")


def describe_maps(path: str | os.PathLike[str]) -> str:
    """Describe a file of element maps in several lines of plain words.

    Raises
    ------
    ValueError, OSError
        As :func:`load_maps`.
    """
    maps = load_maps(path)
    _, rows, columns = maps.counts.shape
    known = bool(np.isfinite(np.asarray(maps.sigma[:, :1, :1])).any())
    return "\n".join(
        [
            f"File: {Path(path).name}",
            f"Format: {maps.provenance['format']}",
            "It holds element maps, no spectra: pigments cannot be mapped from it.",
            f"Size: {rows} rows x {columns} columns = {rows * columns:,} pixels",
            f"Maps: {len(maps.names)} ({', '.join(maps.names)})",
            f"Standard deviations: {'in the file' if known else 'not known'}",
        ]
    )


def rejection_reason(path: Path) -> str | None:
    """Explain why element maps do not open as a scan; None where `path` holds none."""
    return f"{path.name} holds element maps, no spectra." if is_maps(path) else None


def _is_image(path: Path) -> bool:
    return map_images.names_of(path) is not None


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in map_tables.SUFFIXES and map_tables.matches(path)


def _map_files(folder: Path) -> list[Path] | None:
    """List the maps of a folder; None where they are too few or none names an element."""
    found: list[Path] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            suffix = Path(entry.name).suffix.lower()
            if suffix not in (*_IMAGES, *map_tables.SUFFIXES) or not entry.is_file():
                continue
            found.append(folder / entry.name)
            if len(found) > MAX_FILES:
                return None
    named = [path for path in found if name_in(path.stem) is not None]
    if not named or 2 * len(named) < len(found):
        return None
    maps = [path for path in sorted(found) if _is_one_map(path)]
    return maps if any(path in named for path in maps) else None


def _is_one_map(path: Path) -> bool:
    if path.suffix.lower() in _IMAGES:
        return map_images.shape_of(path) is not None
    return map_tables.is_matrix(path)


def _folder(folder: Path) -> ElementMaps:
    files = _map_files(folder)
    if not files:
        raise ValueError(f"{folder.name} holds no element maps that can be read here.")
    names: list[str] = []
    images: list[NDArray[np.float32]] = []
    for path in files:
        if path.suffix.lower() in _IMAGES:
            image = map_images.load(path)[0]
        else:
            image = map_tables.load(path).counts[0]
        if images and image.shape != images[0].shape:
            raise ValueError(
                f"{folder.name} holds maps of different sizes: {path.name} is "
                f"{image.shape[0]} x {image.shape[1]} pixels, {files[0].name} is "
                f"{images[0].shape[0]} x {images[0].shape[1]}."
            )
        names.append(name_in(path.stem) or path.stem)
        images.append(image)
    if len(set(names)) < len(names):  # "Fe-K_1" and "Fe-K_2"
        names = [path.stem for path in files]
    return _maps(folder, FOLDER_FORMAT, names, np.stack(images))


def _maps(
    path: Path,
    format_name: str,
    names: Sequence[str],
    counts: Any,
    sigma: NDArray[np.float32] | None = None,
) -> ElementMaps:
    found: list[str] = []
    for name in names:
        again = sum(each == name or each.startswith(f"{name} (") for each in found)
        found.append(f"{name} ({again + 1})" if again else name)
    # One number in memory, however large the maps are.
    unknown = np.broadcast_to(np.float32(np.nan), counts.shape)
    return ElementMaps(
        tuple(found),
        counts,
        unknown if sigma is None else sigma,
        provenance={
            "format": format_name,
            "source": path.name,
            "sigma": "unknown" if sigma is None else "from the file",
        },
    )
