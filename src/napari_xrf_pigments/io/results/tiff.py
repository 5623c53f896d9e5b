"""Results as a folder of TIFF files, one float32 map each, calibrated in cm."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps

from ..own_folders import foreign_files, is_own_folder
from .fields import KIND, MARKER, Field, all_fields, provenance, to_json

INDEX = "provenance.json"
_PREFIXES = {
    "counts": "element",
    "sigma": "element-sigma",
    "probability": "pigment",
    "top": "pigment-top",
    "below": "pigment-below",
    "group_probability": "group",
    "signal": "group-signal",
    "signal_sigma": "group-signal-sigma",
    "unsupported": "group-unsupported",
    "depth_known": "pigment-depth-known",
}


def write(path: Path, elements: ElementMaps | None, pigments: PigmentMaps | None) -> None:
    """Write every map to a new folder at `path`, and an index with the provenance."""
    path.mkdir()
    made = {"elements": provenance(elements), "pigments": provenance(pigments)}
    files: dict[str, dict[str, str]] = {}
    for field in all_fields(elements, pigments):
        for index, channel in enumerate(field.channels):
            name = _file_name(field, channel, files)
            files[name] = {"field": field.name, "map": channel}
            _write_map(path / name, field, index, made[field.part])
    index_text = to_json({MARKER: KIND, **made, "files": files})
    (path / INDEX).write_text(index_text, encoding="utf-8")


def is_results(path: Path) -> bool:
    """Return whether `path` is such a folder."""
    return is_own_folder(path, INDEX, MARKER, KIND, ".tif")


def foreign(path: Path) -> list[str]:
    """List the files in such a folder that this program did not write."""
    return foreign_files(path, INDEX)


def _file_name(field: Field, channel: str, taken: dict[str, Any]) -> str:
    """Make a file name that is valid on every system and not yet used."""
    if field.name == "unexplained":
        return "unexplained.tif"
    stem = re.sub(r"[^A-Za-z0-9.+-]+", "_", f"{_PREFIXES[field.name]}_{channel}").strip("._")
    name, number = f"{stem}.tif", 2
    while name.lower() in {other.lower() for other in taken}:
        name, number = f"{stem}_{number}.tif", number + 1
    return name


def _write_map(path: Path, field: Field, index: int, made: dict[str, Any]) -> None:
    import tifffile

    image = np.asarray(field.data[index : index + 1, :], dtype=np.float32)[0]
    calibration: dict[str, Any] = {}
    unit = "pixel"
    if field.pixel_mm is not None:
        dy, dx = field.pixel_mm
        calibration = {"resolution": (10 / dx, 10 / dy), "resolutionunit": "CENTIMETER"}
        unit = "cm"
    info = to_json({"map": field.channels[index], "field": field.name, "provenance": made})
    tifffile.imwrite(
        path,
        image,
        imagej=True,
        metadata={"axes": "YX", "unit": unit, "Labels": [field.channels[index]], "Info": info},
        **calibration,
    )
