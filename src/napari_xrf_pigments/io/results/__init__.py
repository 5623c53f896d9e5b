"""Saving results, and reading them again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps

from ..atomic import write_atomically
from ._fields import all_fields

Format = Literal["zarr", "hdf5", "h5", "tiff", "csv", "csv-maps"]
_SUFFIXES = {".zarr": "zarr", ".h5": "hdf5", ".hdf5": "hdf5", ".hdf": "hdf5", ".csv": "csv"}


def save_results(
    out: str | os.PathLike[str],
    *,
    elements: ElementMaps | None = None,
    pigments: PigmentMaps | None = None,
    format: Format | None = None,
) -> Path:
    """Save maps: whole, or not at all.

    Parameters
    ----------
    out : path_like
        ``NAME.zarr`` (OME-Zarr), ``NAME.h5`` (HDF5), ``NAME.csv`` (a table with a line a
        pixel; its provenance lies beside it in ``NAME.csv.json``) or, with `format` "tiff"
        or "csv-maps", a folder with a file a map.
    elements, pigments : ElementMaps, PigmentMaps, optional
        What to save; at least one.
    format : {"zarr", "hdf5", "h5", "tiff", "csv", "csv-maps"}, optional
        The format; by default the suffix decides.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    ValueError
        If the format is unknown or there is nothing to save.
    OSError
        If something that is not a result of this program is in the way, or the disk fails.
    """
    from . import _csv as save_csv

    target = Path(out).absolute()
    write = _writer(target, format)
    all_fields(elements, pigments)  # complains before anything is written
    table = write is save_csv.write_table
    facts = save_csv.sidecar(target)
    if table and facts.exists() and not save_csv.is_our_sidecar(facts):
        raise FileExistsError(
            f"{facts.name} exists and is not a result of this program, so it was left as it is."
        )
    write_atomically(target, lambda path: write(path, elements, pigments), is_results)
    if table:
        write_atomically(
            facts,
            lambda path: save_csv.write_table_facts(path, target.name, elements, pigments),
            save_csv.is_our_sidecar,
        )
    return target


def load_results(
    path: str | os.PathLike[str],
) -> tuple[ElementMaps | None, PigmentMaps | None]:
    """Read maps that :func:`save_results` wrote as OME-Zarr or HDF5.

    Parameters
    ----------
    path : path_like
        The result.

    Returns
    -------
    elements, pigments : ElementMaps or None, PigmentMaps or None
        The maps; arrays of an OME-Zarr stay on disk (``np.asarray`` reads them).

    Raises
    ------
    ValueError
        If it is not such a result, or a damaged one.
    OSError
        If it does not exist or cannot be read.
    """
    place = Path(path).absolute()
    if not place.exists():
        raise FileNotFoundError(f"{place} does not exist.")
    from . import hdf5 as save_hdf5
    from . import zarr as save_zarr

    modules: tuple[Any, ...] = (save_zarr, save_hdf5)
    for module in modules:
        if module.is_results(place):
            try:
                elements, pigments = module.load(place)
                return elements, pigments
            except (KeyError, TypeError, AttributeError, OSError) as error:
                raise ValueError(f"{place.name} is damaged: maps are missing in it.") from error
    raise ValueError(f"{place.name} holds no maps that this program saved as .zarr or .h5.")


def is_results(path: str | os.PathLike[str]) -> bool:
    """Whether the content of `path` is a result that this program wrote."""
    from . import _csv as save_csv
    from . import hdf5 as save_hdf5
    from . import tiff as save_tiff
    from . import zarr as save_zarr

    place = Path(path)
    modules: tuple[Any, ...] = (save_zarr, save_hdf5, save_tiff, save_csv)
    return any(module.is_results(place) for module in modules)


def _writer(
    target: Path, wanted: str | None
) -> Callable[[Path, ElementMaps | None, PigmentMaps | None], None]:
    from . import _csv as save_csv
    from . import hdf5 as save_hdf5
    from . import tiff as save_tiff
    from . import zarr as save_zarr

    name = wanted or _SUFFIXES.get(target.suffix.lower())
    writers = {
        "zarr": save_zarr.write,
        "hdf5": save_hdf5.write,
        "h5": save_hdf5.write,
        "tiff": save_tiff.write,
        "csv": save_csv.write_table,
        "csv-maps": save_csv.write_matrices,
    }
    if name not in writers:
        raise ValueError(
            f"It is not clear how to save {target.name}: end its name in .zarr, .h5 or .csv, "
            "or choose the format tiff for a folder of pictures."
        )
    return writers[name]
