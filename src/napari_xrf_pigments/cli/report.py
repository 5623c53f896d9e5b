"""``xrf-pigments report``: an HTML page of saved results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from ._console import echo, progress_bar
from ._options import parse_probability

if TYPE_CHECKING:
    from ..cube import ElementMaps, PigmentMaps, XRFCube


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """Write a report of saved maps as one web page: findings, methods, confidence.

    Examples
    --------
    xrf-pigments report maps.zarr -o report.html
    xrf-pigments report maps.h5 -o report.html --scan scan.rpl --title "Panel, left half"
    """

    result: Annotated[
        Path, Argument(metavar="RESULT", help="Maps that were saved as .zarr or .h5.")
    ]
    out: Annotated[Path, Option("-o", "--out", help="Report to write, OUT.html.")]
    overwrite: Annotated[bool, Option("--overwrite", help="Replace an earlier report.")] = False
    scan: Annotated[
        Path | None, Option(help="Scan from which the maps were made, for its spectra.")
    ] = None
    title: Annotated[
        str | None, Option(help="Title of the page (default: the name of RESULT).")
    ] = None
    remarks: Annotated[
        Path | None, Option(metavar="TXT", help="Text file with remarks, shown at the start.")
    ] = None
    object: Annotated[str, Option(help="What was scanned, for page one.")] = ""
    author: Annotated[str, Option(help="Who made it.")] = ""
    date: Annotated[str, Option(help="When it was made.")] = ""
    inventory: Annotated[str, Option(help="Its inventory number.")] = ""
    threshold: Annotated[
        float,
        Option(
            metavar="P",
            parser=parse_probability,
            help="Probability above which a pigment counts as present.",
        ),
    ] = 0.5

    def run(self) -> None:
        """Write the report."""
        from ..io import load_results, open_cube
        from ..reporting.report import Subject, check_report

        check_report(self.out, overwrite=self.overwrite, scan=self.scan)
        remarks = ""
        if self.remarks is not None:
            remarks = self.remarks.read_text(encoding="utf-8", errors="replace")
        elements, pigments = load_results(self.result)
        cube = None
        if self.scan is not None:
            cube = match_energy_axis(open_cube(self.scan), elements, pigments)
        write_report(
            self.out,
            self.title or self.result.stem,
            elements,
            pigments,
            cube,
            threshold=self.threshold,
            remarks=remarks,
            subject=Subject(self.object, self.author, self.date, self.inventory),
        )


def write_report(
    out: Path,
    title: str,
    elements: ElementMaps | None,
    pigments: PigmentMaps | None,
    cube: XRFCube | None = None,
    **settings: Any,
) -> None:
    """Write a report and print its path; settings as in :func:`scan_report`."""
    from ..reporting.report import save_report, scan_report

    with progress_bar("Spectra") as progress:
        made = scan_report(title, elements, pigments, cube, progress=progress, **settings)
    save_report(out, made)
    echo(f"Report: {out}")


def match_energy_axis(
    cube: XRFCube, elements: ElementMaps | None, pigments: PigmentMaps | None
) -> XRFCube:
    """Put a scan on the energy axis with which its maps were made.

    Raises
    ------
    ValueError
        If the maps have another size than the scan.
    """
    maps = pigments if pigments is not None else elements
    if maps is None:
        return cube
    image = elements.counts if elements is not None else maps.top  # type: ignore[union-attr]
    if tuple(image.shape[1:]) != cube.shape[:2]:
        raise ValueError("These maps were made from another scan: their sizes differ.")
    axis = maps.provenance.get("calibration", {})
    if "gain_kev" in axis and "offset_kev" in axis:
        gain, offset = float(axis["gain_kev"]), float(axis["offset_kev"])
        return cube.with_energies(cube.energies.recalibrated(gain, offset, cube.energies.source))
    return cube
