"""Saving and reading results: element and pigment maps."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps

from ..outputs.atomic_write import check_output, write_atomically
from ..outputs.own_folders import refuse_foreign
from .fields import all_fields

Format = Literal["zarr", "hdf5", "h5", "tiff", "csv", "csv-maps"]
_SUFFIXES = {".zarr": "zarr", ".h5": "hdf5", ".hdf5": "hdf5", ".hdf": "hdf5", ".csv": "csv"}


def save_results(
    out: str | os.PathLike[str],
    *,
    elements: ElementMaps | None = None,
    pigments: PigmentMaps | None = None,
    format: Format | None = None,
) -> Path:
    """Save maps atomically.

    Parameters
    ----------
    out : path_like
        ``NAME.zarr`` (OME-Zarr), ``NAME.h5`` (HDF5), ``NAME.csv`` (a table with one line
        per pixel; its provenance lies beside it in ``NAME.csv.json``) or, with `format` "tiff"
        or "csv-maps", a folder with one file per map.
    elements, pigments : ElementMaps, PigmentMaps, optional
        The maps to save; at least one.
    format : {"zarr", "hdf5", "h5", "tiff", "csv", "csv-maps"}, optional
        The format; by default the suffix decides.

    Returns
    -------
    Path
        The file or folder written.

    Raises
    ------
    ValueError
        If the format is unknown or there is nothing to save.
    OSError
        If something that is not a result of this program has the name, or the disk fails.
    """
    from . import csv

    target = Path(out).absolute()
    write = _writer(target, format)
    all_fields(elements, pigments)  # raises before anything is written
    table = write is csv.write_table
    sidecar = csv.sidecar(target)
    if table:
        check_output(sidecar, csv.is_own_sidecar)
    write_atomically(target, lambda path: write(path, elements, pigments), is_replaceable)
    if table:
        write_atomically(
            sidecar,
            lambda path: csv.write_sidecar(path, target.name, elements, pigments),
            csv.is_own_sidecar,
        )
    return target


def load_results(
    path: str | os.PathLike[str],
) -> tuple[ElementMaps | None, PigmentMaps | None]:
    """Read maps that :func:`save_results` wrote as OME-Zarr, HDF5 or CSV.

    Parameters
    ----------
    path : path_like
        The result.

    Returns
    -------
    elements, pigments : ElementMaps or None, PigmentMaps or None
        The maps; arrays of an OME-Zarr stay on disk (``np.asarray`` reads them), and those of CSV
        have six digits.

    Raises
    ------
    ValueError
        If it is not such a result, or a damaged one.
    OSError
        If it does not exist or cannot be read.
    """
    source = Path(path).absolute()
    if not source.exists():
        raise FileNotFoundError(f"{source} does not exist.")
    for module in _readable():
        if module.is_results(source):
            try:
                elements, pigments = module.load(source)
                return elements, pigments
            except (KeyError, TypeError, AttributeError, IndexError, OSError) as error:
                raise ValueError(f"{source.name} is damaged: maps are missing in it.") from error
    raise ValueError(f"{source.name} holds no maps that this program saved as .zarr, .h5 or CSV.")


def can_load(path: str | os.PathLike[str]) -> bool:
    """Return whether :func:`load_results` reads a path: its content is such a result."""
    return any(module.is_results(Path(path)) for module in _readable())


def _readable() -> tuple[Any, ...]:
    from . import csv, hdf5, zarr

    return (zarr, hdf5, csv)


def is_results(path: str | os.PathLike[str]) -> bool:
    """Return whether the content of `path` is a result that this program wrote."""
    from . import csv, hdf5, tiff, zarr

    source = Path(path)
    modules: tuple[Any, ...] = (zarr, hdf5, tiff, csv)
    return any(module.is_results(source) for module in modules)


def is_replaceable(path: Path) -> bool:
    """Return whether `path` is a result that new results may replace.

    Raises
    ------
    FileExistsError
        If it is one, but a folder that holds files of other origin, too.
    """
    from . import csv, tiff, zarr

    modules: tuple[Any, ...] = (zarr, tiff, csv)
    for module in modules:
        if path.is_dir() and module.is_results(path):
            refuse_foreign(path, module.foreign(path))
    return is_results(path)


def check_results_output(
    out: Path, format: str | None = None, *, overwrite: bool = True, scan: Path | None = None
) -> None:
    """Check before the work that results can be saved there.

    Parameters
    ----------
    out, format
        As for :func:`save_results`.
    overwrite : bool
        Whether earlier results may be replaced.
    scan : Path, optional
        The scan, which is never replaced.

    Raises
    ------
    ValueError
        If the format is unknown, or `out` is part of the scan.
    OSError
        If something is there that may not be replaced, or its folder does not exist.
    """
    from . import csv

    write = _writer(out, format)
    check_output(out, is_replaceable, overwrite=overwrite, scan=scan)
    if write is csv.write_table:
        check_output(csv.sidecar(out), csv.is_own_sidecar, overwrite=overwrite, scan=scan)


def _writer(
    target: Path, wanted: str | None
) -> Callable[[Path, ElementMaps | None, PigmentMaps | None], None]:
    from . import csv, hdf5, tiff, zarr

    name = wanted or _SUFFIXES.get(target.suffix.lower())
    writers = {
        "zarr": zarr.write,
        "hdf5": hdf5.write,
        "h5": hdf5.write,
        "tiff": tiff.write,
        "csv": csv.write_table,
        "csv-maps": csv.write_matrices,
    }
    if name not in writers:
        raise ValueError(
            f"It is not clear how to save {target.name}: end its name in .zarr, .h5 or .csv, "
            "or choose the format tiff for a folder of pictures."
        )
    return writers[name]
