"""Measure regions: size, counts, elements and pigments (no Qt)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_xrf_pigments.io.outputs.atomic_write import write_table
from napari_xrf_pigments.pigments import display

from ..layers.region_masks import Region
from ..state.scan import Scan

Cell = str | float | None
_FIRST_COLUMNS = ("Region", "Pixels")


@dataclass(frozen=True)
class Table:
    """A table of text and numbers.

    Parameters
    ----------
    columns : tuple of str
        Headings.
    rows : tuple of tuple
        Text, numbers, or None where there is no value.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def csv(self) -> str:
        """Return the table as CSV; texts that look like formulas are escaped."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([[_exact(cell) for cell in row] for row in self.rows])
        return file.getvalue()

    def save(self, path: Path) -> None:
        """Write the table as CSV, in place of an earlier table of regions at most.

        Raises
        ------
        OSError
            If another file has that name, or the disk fails.
        """
        write_table(path, self.csv(), ",".join(_FIRST_COLUMNS))


def region_table(scan: Scan, regions: Iterable[Region], unit: str = "mm") -> Table:
    """Measure regions on the maps of a scan.

    Parameters
    ----------
    scan : Scan
        The scan.
    regions : iterable of Region
        Regions on it.
    unit : {"mm", "cm"}
        Unit of lengths.

    Returns
    -------
    Table
        One row per region: number of pixels, area, mean total counts; mean net counts of each
        line family and their standard deviation; for each pigment that is not hidden, the share
        of the region above its threshold. Pixels not measured or not mapped are left out.
    """
    names = scan.elements.names if scan.elements is not None else ()
    pigments = scan.pigments.names if scan.pigments is not None else ()
    hidden = scan.palette.hidden(pigments)
    shown = [name for name in pigments if name not in hidden]
    columns = [*_FIRST_COLUMNS, f"Area ({unit}²)", "Mean counts"]
    for name in names:
        columns += [f"{name} (mean counts)", f"{name} (± of the mean)"]
    columns += [f"{display.pigment_title(name)} (share)" for name in shown]
    rows = [_row(scan, region, unit, names, shown) for region in regions]
    return Table(tuple(columns), tuple(rows))


def _row(
    scan: Scan, region: Region, unit: str, names: Iterable[str], shown: Iterable[str]
) -> tuple[Cell, ...]:
    mask = region.mask if scan.cube.valid is None else region.mask & scan.cube.valid
    pixels = int(mask.sum())
    area = None
    if scan.cube.pixel_mm is not None:
        dy, dx = scan.cube.pixel_mm
        area = pixels * dy * dx / (100 if unit == "cm" else 1)
    cells: list[Cell] = [region.name, pixels, area, _mean(scan.totals.image[mask])]
    if scan.elements is not None:
        for name in names:
            counts, sigma = (image[mask] for image in scan.elements.pair(name))
            mapped = np.isfinite(counts)
            noise = np.sqrt(np.square(sigma[mapped], dtype=np.float64).sum())
            cells += [_mean(counts), float(noise / mapped.sum()) if mapped.any() else None]
    if scan.pigments is not None:
        for name in shown:
            image = scan.pigments.probability[scan.pigments.names.index(name)][mask]
            values = image[np.isfinite(image)]
            above = values > scan.palette.threshold_of(name)
            cells.append(float(above.mean()) if values.size else None)
    return tuple(cells)


def _mean(values: np.ndarray) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.mean(dtype=np.float64)) if finite.size else None


def _exact(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell
    return f"{cell:.6g}"


def format_cell(cell: Cell) -> str:
    """Format a cell for the screen."""
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if abs(cell) >= 1000 or cell == int(cell) else f"{cell:.3g}"
