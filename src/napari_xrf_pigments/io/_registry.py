"""Opening a file with the reader of its format, by content and never by suffix alone."""

from __future__ import annotations

import importlib
import os
from dataclasses import replace
from functools import cache
from pathlib import Path

from ..cube import XRFCube
from ..physics.lines import atomic_number
from ._detector_choice import require_single_detector
from ._reader import NO_AXIS, SLOW_FORMAT, UNUSED_AXIS, FormatReader, ReadOptions
from .places.gridding import place_as_requested

# Modules and the names of their readers, in the order in which they are tried.
_READERS = (
    ("scans.zarr", "READER"),
    ("scans.hdf5", "READER"),
    ("formats.ripple", "READER"),
    ("formats.hdf5.reader", "READER"),
    ("formats.hdf5.flat", "READER"),
    ("formats.npy", "NPY_READER"),
    ("formats.npy", "NPZ_READER"),
    ("formats.msa", "READER"),
    ("formats.mca.spectrum", "READER"),
    ("formats.spectra.gsecars", "READER"),
    ("formats.spectra.spe", "READER"),
    ("formats.spectra.spec_scans", "READER"),
    ("formats.bruker.spx", "READER"),
    ("formats.bruker.pdz", "READER"),
    ("formats.bruker.bcf", "READER"),
    ("formats.mca.folder", "READER"),
    ("formats.envi", "READER"),
    ("formats.tiff", "READER"),
    ("formats.zarr.reader", "READER"),
    ("formats.edf", "READER"),
    ("formats.geopixe", "READER"),
    ("formats.microscope", "EDAX_READER"),
    ("formats.microscope", "JEOL_READER"),
    # After the others: it takes any text of one or two columns that can be a spectrum.
    ("formats.spectra.text", "READER"),
    ("formats.spectra.folder", "READER"),
)
READABLE = (
    "folders of spectra, .rpl/.raw, HDF5 with counts in three axes, .npy, .npz, "
    ".msa/.emsa, .spx, .pdz, .mca, .spe, spectra as text, Bruker .bcf, EDF, ENVI, TIFF with many "
    "pages, Zarr, GeoPIXE, EDAX .spd and JEOL .pts"
)


@cache
def readers() -> tuple[FormatReader, ...]:
    """Return all readers, in the order in which they are tried."""
    return tuple(
        getattr(importlib.import_module(f".{module}", __package__), name)
        for module, name in _READERS
    )


def can_open(path: str | os.PathLike[str]) -> bool:
    """Return whether :func:`open_cube` would try to open `path` (cheap).

    Parameters
    ----------
    path : path_like
        A file or folder.

    Returns
    -------
    bool
        True for scans, and for damaged files of most formats, whose error explains the damage.
        A damaged HDF5 file may be anything and gives False; :func:`open_cube` explains it.
    """
    from .results import is_results

    source = Path(path).absolute()
    return not is_results(source) and _find_reader(source) is not None


def scan_path(path: str | os.PathLike[str]) -> Path:
    """Return the path that identifies a scan, given any part of it.

    Either half of an .rpl/.raw or ENVI pair gives the header, and each file of an EDF series the
    first one: dropping all of them opens one scan.

    Parameters
    ----------
    path : path_like
        A file or folder.

    Returns
    -------
    Path
        Absolute path.
    """
    from .formats import edf, envi, ripple
    from .formats.mca import folder

    source = Path(path).absolute()
    try:
        if source.is_file():
            header = ripple.header_of(source) or envi.header_of(source)
            if header is not None:
                return header
        first = edf.first_file(source)
        if first is not None:
            return first
        return folder.scan_folder(source) or source
    except OSError:
        return source


def open_cube(
    path: str | os.PathLike[str],
    *,
    gain_kev: float | None = None,
    offset_kev: float | None = None,
    anode: str | None = None,
    tube_kv: float | None = None,
    dataset: str | None = None,
    detector: int | str | None = None,
    shape: tuple[int, int] | None = None,
    snake: bool = False,
    positions: str | os.PathLike[str] | None = None,
) -> XRFCube:
    """Open a scan, or one spectrum as a scan of one pixel, without reading all of it.

    Parameters
    ----------
    path : path_like
        A file or folder.
    gain_kev, offset_kev : float, optional
        Width of a channel and energy of the centre of channel 0, keV; they override the file.
    anode : str, optional
        Chemical symbol of the tube's anode; overrides the file.
    tube_kv : float, optional
        Tube voltage in kV; overrides the file.
    dataset : str, optional
        Which dataset, array or detector folder, where there are several.
    detector : int or str, optional
        Which detector, where there are several: its number, counted from 0, its name, or
        ``"sum"``. Default: their sum where their energy axes agree, else the first, as a note
        of the source states.
    shape : tuple of int, optional
        Rows and columns of a scan whose spectra are a list, row after row.
    snake : bool
        Whether every second row of that list was measured backwards.
    positions : path_like, optional
        A table of the positions of such spectra instead: columns x and y, and the names of the
        files unless it has one line for each spectrum, in their order.

    Returns
    -------
    XRFCube
        The scan, with lazy counts.

    Raises
    ------
    ValueError
        If it is no scan, or a damaged one, or a setting is impossible.
    OSError
        If it does not exist or cannot be read.
    """
    source = Path(path).absolute()
    if not source.exists():
        raise FileNotFoundError(f"{source} does not exist.")
    if anode is not None:
        try:
            atomic_number(anode)
        except ValueError as error:
            raise ValueError(f"The anode {error}") from None
    table = None if positions is None else Path(positions).absolute()
    if shape is not None and table is not None:
        raise ValueError("Give either the shape of the scan or a table of positions, not both.")
    cube = _read(source, ReadOptions(dataset, detector, shape, snake, table))
    if gain_kev is not None or offset_kev is not None:
        axis = cube.energies
        gain = axis.gain_kev if gain_kev is None else gain_kev
        offset = axis.offset_kev if offset_kev is None else offset_kev
        cube = cube.with_energies(axis.recalibrated(gain, offset, "user"))
        if cube.source is not None and gain_kev is not None:
            notes = tuple(note for note in cube.source.notes if note not in (NO_AXIS, UNUSED_AXIS))
            cube = replace(cube, source=replace(cube.source, notes=notes))
    return cube.with_acquisition(cube.acquisition.updated(anode=anode, tube_kv=tube_kv))


def _read(path: Path, options: ReadOptions) -> XRFCube:
    from .results import is_results

    try:
        if is_results(path):
            raise ValueError(
                f"{path.name} holds maps that this program has made, not the spectra of a scan."
            )
        if path.is_file() and path.stat().st_size == 0:
            raise ValueError(f"{path.name} is empty.")
        reader = _find_reader(path)
        if reader is None:
            if path.is_file():
                with path.open("rb"):  # raises the error of a file that may not be read
                    pass
            reason = _rejection_reason(path) if options.dataset is None else None
            reader = None if reason else _reader_of_container(path)
            if reader is None:
                unknown = f"{path.name} is not a scan that can be read here ({READABLE})."
                raise ValueError(reason or unknown)
        if not reader.chooses_detectors:
            require_single_detector(options.detector)
        cube = place_as_requested(reader.read(path, options), options)
        if reader.slow and cube.source is not None:
            notes = (*cube.source.notes, SLOW_FORMAT)
            cube = replace(cube, source=replace(cube.source, notes=notes))
        return cube
    except ValueError as error:
        raise ValueError(_prefix_file_name(path, str(error))) from error
    except OSError as error:
        if error.strerror is None:  # a sentence of our own
            raise
        raise type(error)(f"{path.name} cannot be read: {error.strerror.lower()}.") from error


def _reader_of_container(path: Path) -> FormatReader | None:
    """Return the reader that explains a container which no reader opens by default."""
    return next(
        (each for each in readers() if each.has_signature is not None and each.has_signature(path)),
        None,
    )


def _rejection_reason(path: Path) -> str | None:
    """Explain why element maps, pictures, cubes of light and foreign files are no scans."""
    from . import element_maps
    from .formats import envi, foreign, tiff

    reasons = (
        element_maps.rejection_reason,
        envi.rejection_reason,
        tiff.refusal,
        foreign.rejection_reason,
    )
    return next((reason for reason in (explain(path) for explain in reasons) if reason), None)


def _find_reader(path: Path) -> FormatReader | None:
    return next((reader for reader in readers() if reader.matches(path)), None)


def _prefix_file_name(path: Path, sentence: str) -> str:
    """Put the name of the file in front of a sentence that names none."""
    named = (path.name, path.stem, "colonneXrighe")
    return sentence if any(name in sentence for name in named) else f"{path.name}: {sentence}"
