"""Results as CSV: one table with one line per pixel, or one matrix per map."""

from __future__ import annotations

import csv
import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments._typing import Float32Array
from napari_xrf_pigments.cube import ElementMaps, PigmentMaps

from ..outputs.own_folders import foreign_files, is_own_folder
from .fields import KIND, MARKER, Field, all_fields, assemble, describe_maps, to_json

INDEX = "provenance.json"
#: Columns of a table before the maps: y, x, and both in mm.
_PLACES = 4
Stacks = Callable[[str, str, tuple[str, ...]], Float32Array]
#: Suffix of the columns of each field; those without one are the maps that most people use.
_SUFFIXES = {
    "counts": "",
    "sigma": " sigma",
    "probability": "",
    "top": " top",
    "below": " below",
    "group_probability": " group",
    "unexplained": "",
    "signal": " signal",
    "signal_sigma": " signal sigma",
    "unsupported": " unsupported",
    "depth_known": " depth known",
}


def sidecar(table: Path) -> Path:
    """Return the path of the provenance of a table: beside it, as JSON."""
    return table.with_name(f"{table.name}.json")


def write_table(path: Path, elements: ElementMaps | None, pigments: PigmentMaps | None) -> None:
    """Write one table: y, x, their mm (empty where unknown), and one column per map.

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
                mm = ("", "") if pixel is None else (f"{y * pixel[0]:g}", f"{x * pixel[1]:g}")
                file.write((line % (y, x, *mm, *pixel_values)).replace("nan", ""))


def write_sidecar(
    path: Path, table: str, elements: ElementMaps | None, pigments: PigmentMaps | None
) -> None:
    """Write the provenance of a table."""
    made = _describe(elements, pigments)
    path.write_text(to_json({MARKER: KIND, "table": table, **made}), encoding="utf-8")


def write_matrices(path: Path, elements: ElementMaps | None, pigments: PigmentMaps | None) -> None:
    """Write a folder with one CSV per map: rows and columns of the scan, nothing else."""
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
    text = to_json({MARKER: KIND, **_describe(elements, pigments), "files": files})
    (path / INDEX).write_text(text, encoding="utf-8")


def is_results(path: Path) -> bool:
    """Return whether `path` is a table or a folder of matrices that this program wrote."""
    if path.is_dir():
        return is_own_folder(path, INDEX, MARKER, KIND, ".csv")
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    try:
        content = json.loads(sidecar(path).read_text(encoding="utf-8"))
        return bool(content.get(MARKER) == KIND and content.get("table") == path.name)
    except (OSError, ValueError, AttributeError):
        return False


def foreign(path: Path) -> list[str]:
    """List the files in a folder of matrices that this program did not write."""
    return foreign_files(path, INDEX) if path.is_dir() else []


def load(path: Path) -> tuple[ElementMaps | None, PigmentMaps | None]:
    """Read a table or a folder of matrices that this program wrote, into memory.

    Raises
    ------
    ValueError
        If it was written before version 1.0, or is damaged.
    """
    source = path / INDEX if path.is_dir() else sidecar(path)
    content = json.loads(source.read_text(encoding="utf-8"))
    about = content.get("maps")
    if not isinstance(about, dict):
        raise ValueError(f"{path.name} lacks the list of its maps: an earlier version wrote it.")
    for part in ("elements", "pigments"):
        if about[part] is not None:
            about[part]["provenance"] = content[part]
    read = _matrices(path, content["files"]) if path.is_dir() else _table(path, about)
    return assemble(about, read)


def _matrices(path: Path, files: Mapping[str, Mapping[str, str]]) -> Stacks:
    found = {(entry["field"], entry["map"]): name for name, entry in files.items()}

    def read(part: str, field: str, channels: tuple[str, ...]) -> Float32Array:
        stack = []
        for channel in channels:
            with (path / Path(found[field, channel]).name).open(encoding="utf-8") as file:
                stack.append(_numbers(file, path.name))
        return np.stack(stack)

    return read


def _table(path: Path, about: Mapping[str, Any]) -> Stacks:
    """Return a function that takes stacks from the columns of a table, in their order."""
    with path.open(encoding="utf-8-sig") as file:
        columns = next(csv.reader([file.readline()]), [])
        values = _numbers(file, path.name)
    rows, across = (int(values[:, i].max(initial=0)) + 1 for i in (0, 1))
    if len(columns) != values.shape[1] or len(values) != rows * across:
        raise ValueError(f"{path.name} is damaged: it does not have a line for each pixel.")
    pixels = np.full((rows * across, values.shape[1] - _PLACES), np.nan, np.float32)
    pixels[values[:, 0].astype(int) * across + values[:, 1].astype(int)] = values[:, _PLACES:]
    images = np.moveaxis(pixels.reshape(rows, across, -1), -1, 0)
    index = {column: number for number, column in enumerate(columns[_PLACES:])}

    def read(part: str, field: str, channels: tuple[str, ...]) -> Float32Array:
        return images[[index[f"{channel}{_SUFFIXES[field]}"] for channel in channels]]

    return read


def _numbers(lines: Iterable[str], name: str) -> Float32Array:
    """Read lines of numbers, of which some cells may be empty: NaN."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # no lines at all
            values = np.loadtxt(map(_with_nan, lines), np.float32, delimiter=",", ndmin=2)
    except (ValueError, UserWarning) as error:
        raise ValueError(f"{name} is damaged: not every line has a number for each map.") from error
    return values


def _with_nan(line: str) -> str:
    """Write nan into the empty cells of a line."""
    line = line.strip("\r\n")
    if ",," not in line and not line.endswith(",") and not line.startswith(","):
        return line
    return ",".join(cell or "nan" for cell in line.split(","))


def _describe(elements: ElementMaps | None, pigments: PigmentMaps | None) -> dict[str, Any]:
    """Return the provenance of each part, and what else :func:`load` needs of it."""
    about = {"elements": describe_maps(elements), "pigments": describe_maps(pigments)}
    made = {part: {} if each is None else each.pop("provenance") for part, each in about.items()}
    return {**made, "maps": about}


def is_own_sidecar(path: Path) -> bool:
    """Return whether `path` is the sidecar of a table that this program wrote."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return bool(content.get(MARKER) == KIND and "table" in content)
    except (OSError, ValueError, AttributeError):
        return False


def columns_of(field: Field) -> list[str]:
    """Return the names of the columns of a field."""
    return [f"{channel}{_SUFFIXES[field.name]}" for channel in field.channels]


def _rows(fields: list[Field]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Iterate over the rows: index, and values of shape (map, x)."""
    height = min(field.block_rows for field in fields)
    rows = fields[0].shape[1]
    for start in range(0, rows, height):
        part = slice(start, min(start + height, rows))
        block = np.concatenate([np.asarray(f.data[:, part], dtype=np.float32) for f in fields])
        for offset in range(block.shape[1]):
            yield start + offset, block[:, offset]
