"""Results as a folder of TIFF files, one float32 map each, calibrated in cm.

A world file beside each map (mm, y upwards) and its name in the tags are for GIS programs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps

from ..outputs.own_folders import foreign_files, is_own_folder
from .fields import KIND, MARKER, Field, all_fields, provenance, to_json

INDEX = "provenance.json"
_GDAL_METADATA = 42112
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
    companions: list[str] = []
    for field in all_fields(elements, pigments):
        for index, channel in enumerate(field.channels):
            name = _file_name(field, channel, files)
            files[name] = {"field": field.name, "map": channel}
            _write_map(path / name, field, index, made[field.part])
            if field.pixel_mm is not None:
                companions.append(f"{Path(name).stem}.tfw")
                text = _world_file(*field.pixel_mm)
                (path / companions[-1]).write_text(text, encoding="ascii")
    index_text = to_json({MARKER: KIND, **made, "files": files, "companions": companions})
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


def _world_file(dy: float, dx: float) -> str:
    """Return the six lines of a world file: steps, no rotation, centre of the upper left pixel."""
    return "\n".join(f"{value:.10g}" for value in (dx, 0.0, 0.0, -dy, 0.0, 0.0)) + "\n"


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
        extratags=[_gdal_name(field.channels[index])],
        metadata={"axes": "YX", "unit": unit, "Labels": [field.channels[index]], "Info": info},
        **calibration,
    )


def _gdal_name(name: str) -> tuple[int, int, int, bytes, bool]:
    """Return the tag in which GDAL, QGIS and rasterio find the name of a map."""
    item = f'<Item name="DESCRIPTION" sample="0" role="description">{escape(name)}</Item>'
    text = f"<GDALMetadata>{item}</GDALMetadata>".encode("ascii", "xmlcharrefreplace") + b"\0"
    return _GDAL_METADATA, 2, len(text), text, True
