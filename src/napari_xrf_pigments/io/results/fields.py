"""The maps of a result as a list of named fields, common to all writers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps
from napari_xrf_pigments.cube.maps import (
    OPTIONAL_PIGMENT_ARRAYS,
    PIGMENT_ARRAYS,
    channel_names,
    pigment_arrays,
)

from .._reader import MAX_PIXELS

MARKER = "napari_xrf_pigments"
KIND = "results"
BLOCK_BYTES = 64 * 2**20
MAX_ROWS = 256
MAX_MAPS = 1000


@dataclass(frozen=True)
class Field:
    """One stack of maps.

    Parameters
    ----------
    part : str
        ``"elements"`` or ``"pigments"``.
    name : str
        Name of the field, such as ``"probability"``.
    channels : tuple of str
        Element, pigment or group of each map.
    data : array_like, shape (channel, y, x)
        The maps.
    pixel_mm : tuple of float or None
        Height and width of a pixel in mm.
    """

    part: str
    name: str
    channels: tuple[str, ...]
    data: Any
    pixel_mm: tuple[float, float] | None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channel, y, x)."""
        n, y, x = self.data.shape
        return n, y, x

    @property
    def block_rows(self) -> int:
        """Rows of one block, so that memory stays bounded."""
        n, y, x = self.shape
        return max(1, min(y, MAX_ROWS, BLOCK_BYTES // max(1, 4 * n * x)))

    def row_blocks(self) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Iterate over the maps in blocks: rows, and float32 values (channel, rows, x)."""
        for start in range(0, self.shape[1], self.block_rows):
            rows = slice(start, min(start + self.block_rows, self.shape[1]))
            yield rows, np.asarray(self.data[:, rows], dtype=np.float32)


class _OneMap:
    """A map (y, x) as a stack of one."""

    def __init__(self, image: Any) -> None:
        self.image = image
        self.shape = (1, *image.shape)

    def __getitem__(self, key: tuple[slice, slice]) -> NDArray[Any]:
        return np.asarray(self.image[key[1]])[None]


def all_fields(elements: ElementMaps | None, pigments: PigmentMaps | None) -> list[Field]:
    """List all stacks of maps of a result.

    Raises
    ------
    ValueError
        If there is none, or one is not a stack of maps with as many maps as names.
    """
    fields: list[Field] = []

    def add(part: str, name: str, names: tuple[str, ...], data: Any, maps: Any) -> None:
        shape = tuple(getattr(data, "shape", ()))
        if len(shape) != 3 or shape[0] != len(names):
            raise ValueError(
                f"The field {name} of the {part} cannot be saved: it has the shape {shape}, "
                f"but ({len(names)}, rows, columns) is needed."
            )
        fields.append(Field(part, name, names, data, maps.pixel_mm))

    if elements is not None:
        add("elements", "counts", elements.names, elements.counts, elements)
        add("elements", "sigma", elements.names, elements.sigma, elements)
    if pigments is not None:
        for name in pigment_arrays(pigments):
            data = getattr(pigments, name)
            channels = channel_names(name, pigments.names, pigments.groups)
            if channels is None:
                if len(getattr(data, "shape", ())) != 2:
                    raise ValueError("The map of the unexplained share must have the axes (y, x).")
                channels, data = (name,), _OneMap(data)
            add("pigments", name, channels, data, pigments)
    if not fields:
        raise ValueError("There are no maps to save.")
    return fields


def describe_maps(maps: ElementMaps | PigmentMaps | None) -> dict[str, Any] | None:
    """Describe maps as JSON values: all that :func:`assemble` needs but the arrays."""
    if maps is None:
        return None
    about: dict[str, Any] = {
        "names": list(maps.names),
        "pixel_mm": None if maps.pixel_mm is None else [float(side) for side in maps.pixel_mm],
        "provenance": provenance(maps),
    }
    if isinstance(maps, PigmentMaps):
        about["groups"] = list(maps.groups)
        about["optional"] = [n for n in pigment_arrays(maps) if n in OPTIONAL_PIGMENT_ARRAYS]
    return about


def assemble(
    about: Mapping[str, Any], read: Callable[[str, str, tuple[str, ...]], Any]
) -> tuple[ElementMaps | None, PigmentMaps | None]:
    """Make maps from their description and their arrays.

    Parameters
    ----------
    about : mapping
        Descriptions of :func:`describe_maps` under ``"elements"`` and ``"pigments"``.
    read : callable
        Returns the stack of maps, shape (map, y, x), of a part, a field and its channels.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the description is damaged.
    """
    elements = pigments = None
    if about["elements"] is not None:
        known = about["elements"]
        names = tuple(known["names"])
        counts, sigma = (read("elements", field, names) for field in ("counts", "sigma"))
        elements = ElementMaps(names, counts, sigma, _pair(known["pixel_mm"]), known["provenance"])
    if about["pigments"] is not None:
        known = about["pigments"]
        names, groups = tuple(known["names"]), tuple(known["groups"])
        optional = [n for n in OPTIONAL_PIGMENT_ARRAYS if n in known.get("optional", ())]
        arrays = {}
        for name in (*PIGMENT_ARRAYS, *optional):
            channels = channel_names(name, names, groups)
            stack = read("pigments", name, (name,) if channels is None else channels)
            arrays[name] = stack[0] if channels is None else stack
        pigments = PigmentMaps(
            names=names,
            groups=groups,
            pixel_mm=_pair(known["pixel_mm"]),
            provenance=known["provenance"],
            **arrays,
        )
    return elements, pigments


def _pair(sides: Any) -> tuple[float, float] | None:
    return None if sides is None else (float(sides[0]), float(sides[1]))


def check_stored(stored: Any, count: int, name: str) -> Any:
    """Return a stored stack of maps, or the map of one, if its shape is possible.

    Parameters
    ----------
    stored : zarr.Array or h5py.Dataset, shape (map, y, x) or (y, x)
        What a file declares; nothing of it has been read.
    count : int
        Number of maps expected.
    name : str
        Name of the file, for errors.

    Raises
    ------
    ValueError
        If it is no stack of so many maps, or larger than the maps of any scan.
    """
    shape = tuple(stored.shape)
    n_maps = shape[0] if len(shape) == 3 else 1
    pixels = math.prod(shape[-2:])
    if len(shape) not in (2, 3) or n_maps != count or stored.dtype.kind != "f":
        raise ValueError(f"{name} is damaged: an array in it is not a stack of {count} maps.")
    if n_maps > MAX_MAPS or pixels > MAX_PIXELS:
        raise ValueError(
            f"{name} declares {n_maps} maps of {shape[-2]} x {shape[-1]} pixels, which is larger "
            "than any scan, so it is probably damaged."
        )
    return stored


def provenance(maps: ElementMaps | PigmentMaps | None) -> dict[str, Any]:
    """Return the provenance of maps as plain JSON values."""
    return {} if maps is None else to_json_types(dict(maps.provenance))


def to_json_types(value: Any) -> Any:
    """Convert a value to the types of JSON; anything else becomes text."""
    if isinstance(value, Mapping):
        return {str(key): to_json_types(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json_types(item) for item in value]
    if isinstance(value, np.generic):
        return to_json_types(value.item())
    if isinstance(value, np.ndarray):
        return to_json_types(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def to_json(value: Any) -> str:
    """Write a value as JSON text."""
    return json.dumps(to_json_types(value), ensure_ascii=False, indent=1)
