"""Results as CSV: one table with a line a pixel, or one matrix a map."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps

from ._fields import KIND, MARKER, Field, all_fields, provenance, to_json

INDEX = "provenance.json"
#: What a column's name ends with, by field; the plain name is the map most people want.
_SUFFIXES = {
    "counts": "",
    "sigma": " sigma",
    "probability": "",
    "top": " top",
    "below": " below",
    "group_probability": " group",
    "unexplained": "",
}


def sidecar(table: Path) -> Path:
    """Where the provenance of a table is kept: beside it, as JSON."""
    return table.with_name(f"{table.name}.json")


def write_table(path: Path, elements: ElementMaps | None, pigments: PigmentMaps | None) -> None:
    """Write one table: y, x, their mm (empty where unknown), and a column a map.

    Values have six digits; a pixel that was not measured has empty cells.
    """
    fields = all_fields(elements, pigments)
    shapes = {field.shape[1:] for field in fields}
    if len(shapes) != 1:
        raise ValueError("Maps of different sizes do not fit one table; save each as its own CSV.")
    pixel = next((field.pixel_mm for field in fields if field.pixel_mm), None)
    names = [column for field in fields for column in columns_of(field)]
    line = ",".join(["%d", "%d", "%s", "%s", *["%.6g"] * len(names)]) + "\n"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(["y", "x", "y_mm", "x_mm", *names])
        for y, values in _rows(fields):
            for x, pixel_values in enumerate(values.T.tolist()):
                place = ("", "") if pixel is None else (f"{y * pixel[0]:g}", f"{x * pixel[1]:g}")
                file.write((line % (y, x, *place, *pixel_values)).replace("nan", ""))


def write_table_facts(
    path: Path, table: str, elements: ElementMaps | None, pigments: PigmentMaps | None
) -> None:
    """Write the provenance of a table."""
    made = {"elements": provenance(elements), "pigments": provenance(pigments)}
    path.write_text(to_json({MARKER: KIND, "table": table, **made}), encoding="utf-8")


def write_matrices(path: Path, elements: ElementMaps | None, pigments: PigmentMaps | None) -> None:
    """Write a folder of one CSV a map: rows and columns of the scan, nothing else."""
    path.mkdir()
    files: dict[str, dict[str, str]] = {}
    for field in all_fields(elements, pigments):
        for index, column in enumerate(columns_of(field)):
            name = f"{re.sub(r'[^A-Za-z0-9.+-]+', '_', column).strip('._')}.csv"
            files[name] = {"field": field.name, "map": field.channels[index]}
            image = np.asarray(field.data[index : index + 1, :], dtype=np.float32)[0]
            line = ",".join(["%.6g"] * image.shape[1]) + "\n"
            with (path / name).open("w", encoding="utf-8", newline="") as file:
                file.writelines((line % tuple(row)).replace("nan", "") for row in image.tolist())
    made = {"elements": provenance(elements), "pigments": provenance(pigments)}
    text = to_json({MARKER: KIND, **made, "files": files})
    (path / INDEX).write_text(text, encoding="utf-8")


def is_results(path: Path) -> bool:
    """Whether `path` is a table or a folder of matrices that this program wrote."""
    if path.is_dir():
        return _is_matrices(path)
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    try:
        facts = json.loads(sidecar(path).read_text(encoding="utf-8"))
        return bool(facts.get(MARKER) == KIND and facts.get("table") == path.name)
    except (OSError, ValueError, AttributeError):
        return False


def _is_matrices(path: Path) -> bool:
    try:
        index = json.loads((path / INDEX).read_text(encoding="utf-8"))
        known = {INDEX, *index["files"]}
        ours = index.get(MARKER) == KIND and all(name.endswith(".csv") for name in index["files"])
        return ours and all(entry.name in known for entry in path.iterdir())
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return False


def is_our_sidecar(path: Path) -> bool:
    """Whether `path` is the sidecar of a table that this program wrote."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return bool(facts.get(MARKER) == KIND and "table" in facts)
    except (OSError, ValueError, AttributeError):
        return False


def columns_of(field: Field) -> list[str]:
    """Names of the columns of a field."""
    return [f"{channel}{_SUFFIXES[field.name]}" for channel in field.channels]


def _rows(fields: list[Field]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Row after row: its number, and values of shape (map, x)."""
    height = min(field.slab_rows for field in fields)
    rows = fields[0].shape[1]
    for start in range(0, rows, height):
        part = slice(start, min(start + height, rows))
        slab = np.concatenate([np.asarray(f.data[:, part], dtype=np.float32) for f in fields])
        for offset in range(slab.shape[1]):
            yield start + offset, slab[:, offset]
