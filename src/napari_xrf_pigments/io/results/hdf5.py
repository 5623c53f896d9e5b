"""Results as HDF5: /elements, /pigments and /unexplained.

The groups are NXdata, gathered in the NXentry ``/entry``, so that NeXus programs (silx, PyMca) draw
the maps when they open the file.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps
from napari_xrf_pigments.cube.maps import OPTIONAL_PIGMENT_ARRAYS, channel_names

from .._guarded_hdf5 import get, open_file, readable_dataset
from .._reader import read_head
from ..outputs.atomic_write import GuardedFile
from .fields import KIND, MARKER, MAX_MAPS, Field, all_fields, check_stored, provenance, to_json

_MAGIC = b"\x89HDF\r\n\x1a\n"
# HDF5 stores attributes up to 64 kB.
_LARGEST_ATTRIBUTE = 60_000
#: Field of each part that NeXus programs draw, and its title.
_SIGNALS = {"elements": "counts", "pigments": "probability"}
_TITLES = {"elements": "Net counts", "pigments": "Probability in any layer"}


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
            fields = all_fields(elements, pigments)
            for field in fields:
                _write_field(file, field, disk)
            _write_nexus(file, fields)
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


def _write_nexus(file: Any, fields: list[Field]) -> None:
    """Mark the groups as NXdata with their axes, and the one that is drawn by default."""
    file.attrs.update(NX_class="NXroot", default="entry")
    entry = file.create_group("entry")
    entry.attrs.update(NX_class="NXentry")
    for field in fields:
        signal = _SIGNALS.get(field.part)
        if field.name != signal:
            continue
        group = file[field.part]
        group.attrs.update(NX_class="NXdata", signal=signal, axes=[".", "y", "x"])
        group.attrs["title"] = _TITLES[field.part]
        group[signal].attrs.update(interpretation="image", long_name=_TITLES[field.part])
        for axis, length, pitch in zip(
            "yx", field.shape[1:], field.pixel_mm or (1, 1), strict=True
        ):
            group[axis] = np.arange(length) * float(pitch)
            group[axis].attrs["units"] = "pixel" if field.pixel_mm is None else "mm"
        entry[field.part] = group  # a second name, no copy
        entry.attrs["default"] = field.part


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
    """Read a file into memory.

    Raises
    ------
    ValueError
        If the arrays are not maps of the names, or too large.
    """

    def maps(name: str, names: tuple[str, ...]) -> NDArray[np.float32]:
        dataset = check_stored(readable_dataset(file, name), len(names), path.name)
        values: NDArray[np.float32] = dataset[()]
        return values

    elements = pigments = None
    with open_file(path) as file:
        parts = set(file)  # by name; "in" would follow links into other files
        if "elements" in parts:
            group = get(file, "elements")
            names = _names(group, "names")
            elements = ElementMaps(
                names=names,
                counts=maps("elements/counts", names),
                sigma=maps("elements/sigma", names),
                pixel_mm=_pixel(group),
                provenance=_read_provenance(group),
            )
        if "pigments" in parts:
            group = get(file, "pigments")
            names, groups = _names(group, "names"), _names(group, "groups")
            stored = set(group)
            optional = {
                name: maps(f"pigments/{name}", channel_names(name, names, groups) or ())
                for name in OPTIONAL_PIGMENT_ARRAYS
                if name in stored
            }
            pigments = PigmentMaps(
                names=names,
                probability=maps("pigments/probability", names),
                top=maps("pigments/top", names),
                below=maps("pigments/below", names),
                groups=groups,
                group_probability=maps("pigments/group_probability", groups),
                unexplained=maps("unexplained", ("unexplained",)),
                pixel_mm=_pixel(group),
                provenance=_read_provenance(group),
                **optional,
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
        text = readable_dataset(group, "provenance")[()].decode()
    content: dict[str, Any] = json.loads(text)
    return content


def _names(group: Any, name: str) -> tuple[str, ...]:
    dataset = readable_dataset(group, name)
    if dataset.size > MAX_MAPS:
        raise KeyError(name)
    return tuple(dataset.asstr()[()].tolist())


def _pixel(group: Any) -> tuple[float, float] | None:
    sides = group.attrs.get("pixel_mm")
    return None if sides is None else (float(sides[0]), float(sides[1]))
