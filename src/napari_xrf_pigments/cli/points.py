"""``xrf-pigments points``: a table of answers for single spectra, one row per spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from ._console import echo, progress_bar
from ._options import Device, EnergyOptions, LineNames, parse_lines, parse_probability


@dataclass(frozen=True, kw_only=True)
class PointsRequest(EnergyOptions):
    """Map single spectra, such as a reference board or a handheld campaign, to a table.

    Examples
    --------
    xrf-pigments points board -o board.csv
    xrf-pigments points spectrum.msa -o answers.csv --anode Rh --kv 50
    """

    spectra: Annotated[
        Path,
        Argument(metavar="SPECTRA", help="Folder of spectra, one file, a table, or an .npz."),
    ]
    out: Annotated[Path, Option("-o", "--out", metavar="CSV", help="Table, one row per spectrum.")]
    overwrite: Annotated[bool, Option("--overwrite", help="Replace an earlier table.")] = False
    lines: Annotated[
        LineNames | None,
        Option(
            metavar="LINES",
            parser=parse_lines,
            help='Elements or line families, such as "Fe, Pb L" (default: those found).',
        ),
    ] = None
    no_calibrate: Annotated[
        bool, Option("--no-calibrate", help="Use the energy axes of the files unchanged.")
    ] = False
    elements_only: Annotated[bool, Option("--elements-only", help="Predict no pigments.")] = False
    pigments_only: Annotated[bool, Option("--pigments-only", help="Fit no elements.")] = False
    threshold: Annotated[
        float,
        Option(parser=parse_probability, metavar="P", help="Least probability of a named pigment."),
    ] = 0.5
    weights: Annotated[Path | None, Option(help="Weights (default: the bundled ones).")] = None
    device: Device = "auto"

    def run(self) -> None:
        """Read the spectra, map them, write the table, and print it in short."""
        from ..io import read_point_spectra
        from ..io.outputs.atomic_write import check_output
        from ..mapping.points import PointSettings, map_points
        from ..network import Predictor
        from ..reporting.point_table import is_point_table, point_rows, save_point_table

        if self.out.suffix.lower() != ".csv":
            raise ValueError(f"Answers for points are saved as a table: name it {self.out}.csv.")
        check_output(self.out, is_point_table, overwrite=self.overwrite, scan=self.spectra)
        predictor = None if self.elements_only else Predictor(self.device, self.weights)
        points = read_point_spectra(self.spectra)
        echo(f"{self.spectra}: {len(points)} spectra.")
        for note in points.notes:
            echo(f"Note: {note}")
        settings = PointSettings(
            lines=self.lines,
            calibrate=not self.no_calibrate and (self.gain_kev, self.offset_kev) == (None, None),
            elements=not self.pigments_only,
            pigments=not self.elements_only,
            **self.overrides(),
        )
        with progress_bar("Spectra", unit=" spectra") as progress:
            maps = map_points(points, settings, predictor=predictor, progress=progress)
        for message in maps.messages:
            echo(f"Note: {message}")
        for name, _, _, _, elements, pigments, _ in point_rows(maps, self.threshold):
            answer = pigments or ("" if self.elements_only else "no pigment above the threshold")
            echo(f"  {name}: {'; '.join(text for text in (answer, elements) if text)}")
        save_point_table(self.out, maps, threshold=self.threshold, overwrite=self.overwrite)
        echo(f"Table: {self.out}")
