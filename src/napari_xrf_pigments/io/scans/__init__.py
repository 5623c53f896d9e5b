"""Writers of scans, one module per format; the readers of other formats are in ``io/formats``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal, cast

from napari_xrf_pigments.cube import XRFCube

from ..outputs.atomic_write import (
    check_output,
    remove,
    temporary_beside,
    translate_disk_errors,
    write_atomically,
)
from ._blocks import Progress

ScanFormat = Literal["zarr", "hdf5", "rpl"]
_SUFFIXES = {
    ".zarr": "zarr",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".hdf": "hdf5",
    ".nxs": "hdf5",
    ".rpl": "rpl",
}


def save_cube(
    cube: XRFCube,
    out: str | os.PathLike[str],
    *,
    format: ScanFormat | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Save a scan; :func:`open_cube` reads an equal cube.

    Counts are copied block by block as integers, so that a scan of any size needs little memory.
    Energies, settings, size of a pixel, live times and mask are saved too.

    Parameters
    ----------
    cube : XRFCube
        The scan.
    out : path_like
        ``NAME.zarr``, ``NAME.h5`` (HDF5, NXdata) or ``NAME.rpl``, which gets its counts in
        ``NAME.raw`` and, where they differ from pixel to pixel, live times and mask in
        ``NAME.pixels.npz``.
    format : {"zarr", "hdf5", "rpl"}, optional
        The format; by default the suffix decides.
    overwrite : bool
        Whether a scan that this program saved there before may be replaced. Nothing else is.
    progress : callable, optional
        Called with the pixels done and the pixels in all.

    Returns
    -------
    Path
        The file or folder written; of a pair, the header.

    Raises
    ------
    ValueError
        If the format is unknown, or `out` is part of the scan itself.
    OSError
        If another file has the name, or the disk fails; nothing new is left behind then.
    """
    target = Path(out).absolute()
    name = scan_format(target, format)
    scan = None if cube.source is None else cube.source.path
    check_scan_output(target, name, overwrite=overwrite, scan=scan)
    if name == "rpl":
        _save_pair(cube, target, progress)
        return target
    from . import hdf5 as scan_hdf5
    from . import zarr as scan_zarr

    module = scan_zarr if name == "zarr" else scan_hdf5

    def write(path: Path) -> None:
        module.write(path, cube, progress)

    write_atomically(target, write, _ownership(target, name))
    return target


def check_scan_output(
    out: Path,
    format: ScanFormat | None = None,
    *,
    overwrite: bool = False,
    scan: Path | None = None,
) -> None:
    """Check before the work that a scan can be saved there.

    Parameters
    ----------
    out, format, overwrite
        As for :func:`save_cube`.
    scan : Path, optional
        The scan that is copied, which is never replaced.

    Raises
    ------
    ValueError
        If the format is unknown, or `out` is part of the scan.
    OSError
        If something is there that may not be replaced, or its folder does not exist.
    """
    name = scan_format(out, format)
    for path in written_paths(out, name):
        check_output(path, _ownership(out, name), overwrite=overwrite, scan=scan)


def _ownership(target: Path, name: ScanFormat) -> Callable[[Path], bool]:
    """Return the function that decides whether a file is part of a scan that was saved there."""
    from . import hdf5 as scan_hdf5
    from . import ripple as scan_ripple
    from . import zarr as scan_zarr

    if name == "rpl":
        # Counts carry no mark; they are our own where their header is.
        return lambda _: scan_ripple.is_scan(target)
    return scan_zarr.is_replaceable if name == "zarr" else scan_hdf5.is_scan


def scan_format(target: Path, wanted: str | None = None) -> ScanFormat:
    """Return the requested format, else the one that the suffix stands for.

    Raises
    ------
    ValueError
        If there is neither.
    """
    name = wanted or _SUFFIXES.get(target.suffix.lower(), "")
    if name not in _SUFFIXES.values() or (name == "rpl" and target.suffix.lower() != ".rpl"):
        raise ValueError(
            f"It is not clear how to save {target.name}: end its name in .zarr, .h5 or .rpl."
        )
    return cast(ScanFormat, name)


def written_paths(target: Path, name: str) -> list[Path]:
    """List all files that a scan of that name and format may consist of."""
    from . import ripple as scan_ripple

    if name != "rpl":
        return [target]
    return [target, scan_ripple.raw_of(target), scan_ripple.images_of(target)]


def _save_pair(cube: XRFCube, header: Path, progress: Progress | None) -> None:
    """Write the counts first and the header last: without it there is no scan."""
    from . import ripple as scan_ripple

    def write_header(path: Path) -> None:
        path.write_text(scan_ripple.header_text(cube), encoding="ascii", newline="\n")

    parts: dict[Path, Callable[[Path], None]] = {
        scan_ripple.raw_of(header): lambda path: scan_ripple.write_counts(path, cube, progress)
    }
    pixels = scan_ripple.images_of(header)
    if scan_ripple.images(cube):
        parts[pixels] = lambda path: scan_ripple.write_images(path, cube)
    finished: dict[Path, Path] = {}
    try:
        for path, write in parts.items():
            finished[path] = temporary_beside(path)
            with translate_disk_errors(path):
                write(finished[path])
        finished[header] = temporary_beside(header)
        with translate_disk_errors(header):
            write_header(finished[header])
        check_scan_output(header, "rpl", overwrite=True)  # a file may have appeared
        # An old header must not stand for a moment beside new counts.
        with translate_disk_errors(header):
            for path in (header, pixels):
                remove(path)
            for path in (*parts, header):
                os.replace(finished[path], path)
    finally:
        for path in finished.values():
            remove(path)
