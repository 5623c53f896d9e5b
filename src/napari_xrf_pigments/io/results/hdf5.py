"""Results as HDF5: /elements, /pigments and /unexplained."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps

from .._reader import read_head
from ..atomic_write import GuardedFile
from .fields import KIND, MARKER, Field, all_fields, provenance, to_json

_MAGIC = b"\x89HDF\r\n\x1a\n"
# HDF5 stores attributes up to 64 kB.
_LARGEST_ATTRIBUTE = 60_000


def write(path: Path, elements: ElementMaps | None, pigments: PigmentMaps | None) -> None:
    """Write all fields to a new file at `path`."""
    import h5py

    with GuardedFile(path) as disk:
        with h5py.File(disk, "w") as file:
            file.attrs[MARKER] = KIND
            file.attrs["version"] = version("napari-xrf-pigments")
            for part, maps in (("elements", elements), ("pigments", pigments)):
                if maps is not None:
                    _write_metadata(file.create_group(part), maps)
            for field in all_fields(elements, pigments):
                _write_field(file, field, disk)
    disk.check()


def _write_metadata(group: Any, maps: ElementMaps | PigmentMaps) -> None:
    import h5py

    text = h5py.string_dtype("utf-8")
    group["names"] = np.array(maps.names, dtype=text)
    if isinstance(maps, PigmentMaps):
        group["groups"] = np.array(maps.groups, dtype=text)
    if maps.pixel_mm is not None:
        group.attrs["pixel_mm"] = np.array(maps.pixel_mm, dtype=np.float64)
    _write_provenance(group, provenance(maps))


def _write_field(file: Any, field: Field, disk: GuardedFile) -> None:
    single = field.name == "unexplained"
    name = "unexplained" if single else f"{field.part}/{field.name}"
    shape = field.shape[1:] if single else field.shape
    chunks = (field.block_rows, field.shape[2]) if single else (1, field.block_rows, field.shape[2])
    packing = {"chunks": chunks, "compression": "gzip", "compression_opts": 1, "shuffle": True}
    dataset = file.create_dataset(
        name, shape=shape, dtype=np.float32, **(packing if 0 not in shape else {})
    )
    for rows, values in field.row_blocks():
        if single:
            dataset[rows] = values[0]
        else:
            dataset[:, rows] = values
        disk.check()


def is_results(path: Path) -> bool:
    """Return whether `path` is such a file."""
    if read_head(path, len(_MAGIC)) != _MAGIC:
        return False
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return bool(file.attrs.get(MARKER) == KIND)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError):
        return False


def load(path: Path) -> tuple[ElementMaps | None, PigmentMaps | None]:
    """Read a file into memory."""
    import h5py

    elements = pigments = None
    with h5py.File(path, "r") as file:
        if "elements" in file:
            group = file["elements"]
            elements = ElementMaps(
                names=_names(group["names"]),
                counts=group["counts"][()],
                sigma=group["sigma"][()],
                pixel_mm=_pixel(group),
                provenance=_read_provenance(group),
            )
        if "pigments" in file:
            group = file["pigments"]
            pigments = PigmentMaps(
                names=_names(group["names"]),
                probability=group["probability"][()],
                top=group["top"][()],
                below=group["below"][()],
                groups=_names(group["groups"]),
                group_probability=group["group_probability"][()],
                unexplained=file["unexplained"][()],
                pixel_mm=_pixel(group),
                provenance=_read_provenance(group),
            )
    return elements, pigments


def _write_provenance(group: Any, content: dict[str, Any]) -> None:
    text = to_json(content)
    if len(text.encode()) < _LARGEST_ATTRIBUTE:
        group.attrs["provenance"] = text
    else:
        group["provenance"] = text


def _read_provenance(group: Any) -> dict[str, Any]:
    text = group.attrs.get("provenance")
    if text is None:
        text = group["provenance"][()].decode()
    content: dict[str, Any] = json.loads(text)
    return content


def _names(dataset: Any) -> tuple[str, ...]:
    return tuple(dataset.asstr()[()].tolist())


def _pixel(group: Any) -> tuple[float, float] | None:
    sides = group.attrs.get("pixel_mm")
    return None if sides is None else (float(sides[0]), float(sides[1]))
