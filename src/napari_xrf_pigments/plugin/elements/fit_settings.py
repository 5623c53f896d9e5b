"""PyMca's fit settings for a scan: taken over from a file, and written (no Qt)."""

from __future__ import annotations

from pathlib import Path

from napari_xrf_pigments.io.pymca_config import FitSettings, read_pymca_cfg, write_pymca_cfg

from ..state.rows import ElementRow
from ..state.scan import Scan, ScanSettings
from .parsing import rows_of_text


def rows_of(settings: FitSettings) -> list[ElementRow]:
    """Return one row per element: an element that the file lists twice is counted once."""
    families: dict[str, list[str]] = {}
    for family in settings.families:
        families.setdefault(family.split()[0], []).append(family)
    return [ElementRow(names[0], tuple(names)) for names in families.values()]


def take_settings(scan: Scan, path: Path) -> tuple[list[ElementRow], str]:
    """Use the settings of a file for a scan.

    Returns
    -------
    rows : list of ElementRow
        The elements that the file fits.
    sentence : str
        What was taken, and what is not used.

    Raises
    ------
    ValueError
        If the file holds no fit settings of PyMca.
    OSError
        If it cannot be read.
    """
    found = read_pymca_cfg(path)
    cube = scan.cube
    axis = found.axis(cube.shape[2]) or cube.energies
    changed = ScanSettings(axis, found.acquisition(cube.acquisition), f"from {path.name}")
    rows = _known_better(rows_of(found), scan)
    taken = [f"{len(rows)} elements"]
    if ScanSettings(axis, changed.acquisition).stale_reason(scan.settings):
        scan.change(changed)
        taken += ["the energy axis", "the tube's voltage"]
    listed = " and ".join([", ".join(taken[:-1]), taken[-1]] if len(taken) > 1 else taken)
    return rows, f"From {path.name}: {listed}. {found.sentence}".strip()


def _known_better(rows: list[ElementRow], scan: Scan) -> list[ElementRow]:
    """Return the rows with other lines of the elements, and their significance."""
    before = {row.family.split()[0]: row for row in scan.element_rows}
    found = []
    for row in rows:
        old = before.get(row.family.split()[0])
        families = (*row.families, *_lines_of(row.family, scan), *(old.families if old else ()))
        strength = old.strength if old is not None else None
        found.append(ElementRow(row.family, tuple(dict.fromkeys(families)), strength))
    return found


def _lines_of(family: str, scan: Scan) -> tuple[str, ...]:
    try:
        return rows_of_text(family, scan.cube)[0].families
    except ValueError:
        return ()


def save_settings(scan: Scan, families: tuple[str, ...], path: Path) -> None:
    """Write the settings in use for PyMca.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    cube = scan.cube
    known = cube.acquisition
    detector = known.detector
    air = 0.0 if known.atmosphere in ("helium", "vacuum") else known.path_mm
    write_pymca_cfg(
        path,
        FitSettings(
            families,
            cube.energies.gain_kev,
            cube.energies.offset_kev,
            None if detector is None else detector.fwhm_mn_ka_ev,
            known.tube_kv,
            air,
        ),
    )
