"""Saving spectra: a table (CSV) of several, or one EMSA/MAS file (.msa) per spectrum."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..cube import Acquisition, EnergyAxis
from .outputs.atomic_write import write_atomically

_FIRST = "Energy (keV)"
_OWNER = "napari-xrf-pigments"


@dataclass(frozen=True)
class NamedSpectrum:
    """A spectrum to be saved.

    Parameters
    ----------
    name : str
        Its origin, such as ``"Pixel x 12, y 7"``.
    counts : ndarray, shape (channel,)
        Counts; a mean of several pixels may have fractions.
    """

    name: str
    counts: NDArray[np.float64]


def save_spectra_csv(
    path: str | os.PathLike[str], spectra: Sequence[NamedSpectrum], energies: EnergyAxis
) -> Path:
    """Write a table with a column of energies and one column per spectrum.

    Parameters
    ----------
    path : path_like
        ``NAME.csv``; an earlier table of this kind is replaced, anything else stays.
    spectra : sequence of NamedSpectrum
        At least one.
    energies : EnergyAxis
        Their axis.

    Raises
    ------
    ValueError
        If there is no spectrum, or one does not fit the axis.
    OSError
        If another kind of file has that name, the folder is missing, or the disk fails.
    """
    _check(spectra, energies)
    target = Path(path).absolute()

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow([_FIRST, *(spectrum.name for spectrum in spectra)])
            columns = [energies.kev, *(spectrum.counts for spectrum in spectra)]
            for row in zip(*columns, strict=True):
                table.writerow([f"{row[0]:.6g}", *(f"{value:.10g}" for value in row[1:])])

    write_atomically(target, write, _is_table)
    return target


def save_spectra_msa(
    path: str | os.PathLike[str],
    spectra: Sequence[NamedSpectrum],
    energies: EnergyAxis,
    acquisition: Acquisition | None = None,
) -> list[Path]:
    """Write each spectrum as an EMSA/MAS file.

    Parameters
    ----------
    path : path_like
        ``NAME.msa``; several become ``NAME_<name of the spectrum>.msa``. Earlier files of this
        kind are replaced, anything else stays.
    spectra : sequence of NamedSpectrum
        At least one.
    energies : EnergyAxis
        Their axis.
    acquisition : Acquisition, optional
        Voltage, take-off angle and resolution are written where they are known.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    ValueError
        If there is no spectrum, or one does not fit the axis.
    OSError
        If another kind of file has that name, the folder is missing, or the disk fails.
    """
    _check(spectra, energies)
    target = Path(path).absolute()
    paths = [target]
    if len(spectra) > 1:
        paths = _distinct([target.with_name(f"{target.stem}_{_slug(s.name)}.msa") for s in spectra])
    for path, spectrum in zip(paths, spectra, strict=True):
        text = _msa(spectrum, energies, acquisition or Acquisition())
        write = partial(Path.write_text, data=f"{text}\n", encoding="ascii")
        write_atomically(path, write, _is_own_msa)
    return paths


def _msa(spectrum: NamedSpectrum, energies: EnergyAxis, acquisition: Acquisition) -> str:
    fields = {
        "FORMAT": "EMSA/MAS Spectral Data File",
        "VERSION": "1.0",
        "TITLE": spectrum.name.encode("ascii", "replace").decode()[:64],
        "DATE": "",
        "TIME": "",
        "OWNER": _OWNER,
        "NPOINTS": str(energies.n_channels),
        "NCOLUMNS": "1",
        "XUNITS": "keV",
        "YUNITS": "counts",
        "DATATYPE": "Y",
        "XPERCHAN": repr(energies.gain_kev),
        "OFFSET": repr(energies.offset_kev),
        "SIGNALTYPE": "XRF",
    }
    if acquisition.tube_kv is not None:
        fields["BEAMKV"] = repr(acquisition.tube_kv)
    if acquisition.takeoff_deg is not None:
        fields["ELEVANGLE"] = repr(acquisition.takeoff_deg)
    detector = acquisition.detector
    if detector is not None and detector.fwhm_mn_ka_ev is not None:
        fields["MNFWHM"] = repr(detector.fwhm_mn_ka_ev / 1000)
    head = [f"#{key:<13}: {value}" for key, value in fields.items()]
    body = [f"{value:.10g}" for value in spectrum.counts]
    return "\n".join([*head, "#SPECTRUM     : Spectral data starts here", *body, "#ENDOFDATA   :"])


def _check(spectra: Sequence[NamedSpectrum], energies: EnergyAxis) -> None:
    if not spectra:
        raise ValueError("There is no spectrum to save.")
    for spectrum in spectra:
        if spectrum.counts.shape != (energies.n_channels,):
            raise ValueError(f"{spectrum.name} does not have the channels of the energy axis.")


def _slug(name: str) -> str:
    words = re.findall(r"\w+", name)
    return "-".join(words)[:60] or "spectrum"


def _distinct(paths: list[Path]) -> list[Path]:
    """Add a number to paths that occur more than once."""
    count: dict[Path, int] = {}
    result = []
    for path in paths:
        count[path] = count.get(path, 0) + 1
        suffix = f"-{count[path]}" if count[path] > 1 else ""
        result.append(path.with_name(f"{path.stem}{suffix}.msa"))
    return result


def _is_table(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(20).lstrip(b'\xef\xbb\xbf"').startswith(_FIRST.encode())


def _is_own_msa(path: Path) -> bool:
    # A file of an instrument is data, even in this format.
    with suppress(OSError), path.open("rb") as file:
        return _OWNER.encode() in file.read(600)
    return False
