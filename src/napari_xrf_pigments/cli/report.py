"""``xrf-pigments report``: an HTML page of results that were saved before."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._console import free_to_write, progress_bar, say

if TYPE_CHECKING:
    from ..cube import ElementMaps, PigmentMaps, XRFCube


def run(options: argparse.Namespace) -> None:
    """Write the report of a result."""
    from ..io import load_results, open_cube

    check_report(options.out, overwrite=options.overwrite, scan=options.scan)
    remarks = ""
    if options.remarks is not None:
        remarks = options.remarks.read_text(encoding="utf-8", errors="replace")
    elements, pigments = load_results(options.result)
    cube = None
    if options.scan is not None:
        cube = _on_the_axis_of(open_cube(options.scan), elements, pigments)
    report(
        options.out,
        options.title or options.result.stem,
        elements,
        pigments,
        cube,
        threshold=options.threshold,
        remarks=remarks,
    )


def check_report(out: Path, *, overwrite: bool, scan: Path | None = None) -> None:
    """Complain about a report's place before the work, not after it.

    Raises
    ------
    ValueError
        If its name does not end in ``.html``.
    OSError
        If it cannot be written there.
    """
    from ..reporting.report import is_report

    if out.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{out} must end in .html: a report is a web page.")
    free_to_write(out, overwrite=overwrite, scan=scan)
    if out.exists() and not is_report(out):
        raise FileExistsError(f"{out} exists and is no report of this program; it stays as it is.")


def report(
    out: Path,
    title: str,
    elements: ElementMaps | None,
    pigments: PigmentMaps | None,
    cube: XRFCube | None = None,
    *,
    threshold: float = 0.5,
    remarks: str = "",
) -> None:
    """Write a report and say where it is."""
    from ..reporting._report import scan_report
    from ..reporting.report import save_report

    settings: dict[str, Any] = {"threshold": threshold, "remarks": remarks}
    if cube is None:
        made = scan_report(title, elements, pigments, **settings)
    else:
        with progress_bar("Spectra") as progress:
            made = scan_report(title, elements, pigments, cube, progress=progress, **settings)
    save_report(out, made)
    say(f"Report: {out}")


def _on_the_axis_of(
    cube: XRFCube, elements: ElementMaps | None, pigments: PigmentMaps | None
) -> XRFCube:
    """The scan on the energy axis that its maps were made on."""
    from ..cube import EnergyAxis

    maps = pigments if pigments is not None else elements
    if maps is None:
        return cube
    image = elements.counts if elements is not None else maps.top  # type: ignore[union-attr]
    if tuple(image.shape[1:]) != cube.shape[:2]:
        raise ValueError("These maps were made of another scan: their sizes differ.")
    axis = maps.provenance.get("calibration", {})
    if "gain_kev" in axis and "offset_kev" in axis:
        gain, offset = float(axis["gain_kev"]), float(axis["offset_kev"])
        return cube.with_energies(EnergyAxis(cube.shape[2], gain, offset, cube.energies.source))
    return cube
