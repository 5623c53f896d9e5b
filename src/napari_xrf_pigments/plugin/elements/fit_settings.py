"""Fit settings of PyMca for a scan: read from a file and applied, or written (no Qt)."""

from __future__ import annotations

from pathlib import Path

from napari_xrf_pigments.io.pymca_config import FitSettings, read_pymca_cfg, write_pymca_cfg

from ..state.rows import ElementRow
from ..state.scan import Scan, ScanSettings
from .parsing import rows_of_text


def rows_of(settings: FitSettings) -> list[ElementRow]:
    """Return one row per element; its first family in the file is the one to map."""
    families: dict[str, list[str]] = {}
    for family in settings.families:
        families.setdefault(family.split()[0], []).append(family)
    return [ElementRow(names[0], tuple(names)) for names in families.values()]


def apply_settings(scan: Scan, path: Path) -> tuple[list[ElementRow], str]:
    """Apply the settings in a file to a scan.

    Returns
    -------
    rows : list of ElementRow
        The elements that the file fits.
    sentence : str
        The settings that were applied, and those that are not used.

    Raises
    ------
    ValueError
        If the file holds no fit settings of PyMca.
    OSError
        If it cannot be read.
    """
    settings = read_pymca_cfg(path)
    cube = scan.cube
    axis = settings.axis(cube.shape[2]) or cube.energies
    changed = ScanSettings(axis, settings.acquisition(cube.acquisition), f"from {path.name}")
    rows = _with_scan_information(rows_of(settings), scan)
    applied = [f"{len(rows)} elements"]
    if ScanSettings(axis, changed.acquisition).stale_reason(scan.settings):
        scan.change(changed)
        applied += ["the energy axis", "the tube voltage"]
    listed = " and ".join([", ".join(applied[:-1]), applied[-1]] if len(applied) > 1 else applied)
    return rows, f"Read from {path.name}: {listed}. {settings.sentence}".strip()


def _with_scan_information(rows: list[ElementRow], scan: Scan) -> list[ElementRow]:
    """Add the other line families of the elements, and their significance in the scan."""
    listed = {row.family.split()[0]: row for row in scan.element_rows}
    complete = []
    for row in rows:
        old = listed.get(row.family.split()[0])
        families = (*row.families, *_families_of(row.family, scan), *(old.families if old else ()))
        strength = old.strength if old is not None else None
        complete.append(ElementRow(row.family, tuple(dict.fromkeys(families)), strength))
    return complete


def _families_of(family: str, scan: Scan) -> tuple[str, ...]:
    try:
        return rows_of_text(family, scan.cube)[0].families
    except ValueError:
        return ()


def save_settings(scan: Scan, families: tuple[str, ...], path: Path) -> None:
    """Write line families, energy axis and instrument of a scan to a file for PyMca.

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
