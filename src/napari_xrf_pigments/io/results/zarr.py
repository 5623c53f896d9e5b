"""Results as OME-Zarr 0.5: one image per field, one named channel per map."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps
from napari_xrf_pigments.cube.maps import OPTIONAL_PIGMENT_ARRAYS, channel_names, pigment_arrays

from .._guarded_zarr import metadata, open_checked
from ..own_folders import foreign_in_store
from .fields import KIND, MARKER, Field, all_fields, check_stored, provenance

OME_VERSION = "0.5"
# Names of the images in the store, by part and field.
_IMAGES = {
    ("elements", "counts"): "elements",
    ("elements", "sigma"): "sigma",
    ("pigments", "probability"): "pigments",
    ("pigments", "top"): "top",
    ("pigments", "below"): "below",
    ("pigments", "group_probability"): "groups",
    ("pigments", "unexplained"): "unexplained",
    **{("pigments", name): name for name in OPTIONAL_PIGMENT_ARRAYS},
}
#: Fields of counts, whose contrast limits follow their values; others lie between 0 and 1.
_COUNTS = ("counts", "sigma", "signal", "signal_sigma")


def write(path: Path, elements: ElementMaps | None, pigments: PigmentMaps | None) -> None:
    """Write all fields to a new store at `path`."""
    import zarr

    fields = all_fields(elements, pigments)
    images = [_IMAGES[field.part, field.name] for field in fields]
    root = zarr.open_group(str(path), mode="w", zarr_format=3)
    root.attrs.update(
        {
            "ome": {"version": OME_VERSION, "bioformats2raw.layout": 3},
            MARKER: {
                "kind": KIND,
                "version": version("napari-xrf-pigments"),
                "elements": _about(elements),
                "pigments": _about(pigments),
            },
        }
    )
    root.create_group("OME", attributes={"ome": {"version": OME_VERSION, "series": images}})
    for image, field in zip(images, fields, strict=True):
        _write_image(root, image, field)


def is_results(path: Path) -> bool:
    """Return whether `path` is such a store."""
    return own_attributes(path).get("kind") == KIND


def foreign(path: Path) -> list[str]:
    """List the files and folders in such a store that this program did not write."""
    return foreign_in_store(path, {"OME", *_IMAGES.values()})


def own_attributes(path: Path) -> dict[str, Any]:
    """Read the attributes of a store that this program wrote; none for other stores."""
    try:
        about = metadata(path).get("attributes", {}).get(MARKER)
    except (OSError, ValueError, AttributeError):
        return {}
    return about if isinstance(about, dict) else {}


def load(path: Path) -> tuple[ElementMaps | None, PigmentMaps | None]:
    """Read a store; the arrays stay on disk.

    Raises
    ------
    ValueError
        If the arrays are not maps of the names, or too large.
    """

    def maps(image: str, names: Sequence[str]) -> Any:
        array = open_checked(path / image / "0", path.name)
        return check_stored(array, len(names), path.name)

    about = own_attributes(path)
    elements = pigments = None
    if about["elements"] is not None:
        known = about["elements"]
        elements = ElementMaps(
            names=tuple(known["names"]),
            counts=maps("elements", known["names"]),
            sigma=maps("sigma", known["names"]),
            pixel_mm=_pair(known["pixel_mm"]),
            provenance=known["provenance"],
        )
    if about["pigments"] is not None:
        known = about["pigments"]
        names, groups = tuple(known["names"]), tuple(known["groups"])
        optional = {
            name: maps(name, channel_names(name, names, groups) or ())
            for name in known.get("optional", ())
            if name in OPTIONAL_PIGMENT_ARRAYS
        }
        pigments = PigmentMaps(
            names=names,
            probability=maps("pigments", names),
            top=maps("top", names),
            below=maps("below", names),
            groups=groups,
            group_probability=maps("groups", groups),
            unexplained=maps("unexplained", ["unexplained"])[0],
            pixel_mm=_pair(known["pixel_mm"]),
            provenance=known["provenance"],
            **optional,
        )
    return elements, pigments


def _about(maps: ElementMaps | PigmentMaps | None) -> dict[str, Any] | None:
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


def _write_image(root: Any, image: str, field: Field) -> None:
    group = root.create_group(image)
    n, _, x = field.shape
    array = group.create_array(
        "0",
        shape=field.shape,
        chunks=(1, max(1, field.block_rows), max(1, x)),
        dtype="float32",
        dimension_names=("c", "y", "x"),
    )
    lows, highs = np.zeros(n), np.zeros(n)
    for rows, values in field.row_blocks():
        # One chunk at a time: zarr would continue with the others after one has failed.
        for channel in range(n):
            array[channel, rows] = values[channel]
        # Pixels that were not measured may be NaN, which fmin and fmax ignore.
        lows = np.fmin(lows, np.fmin.reduce(values, axis=(1, 2)))
        highs = np.fmax(highs, np.fmax.reduce(values, axis=(1, 2)))
    group.attrs["ome"] = _metadata(image, field, lows.tolist(), highs.tolist())


def _metadata(image: str, field: Field, lows: list[float], highs: list[float]) -> dict[str, Any]:
    unit = {} if field.pixel_mm is None else {"unit": "millimeter"}
    scale = [1.0, *(float(side) for side in field.pixel_mm or (1.0, 1.0))]
    share = field.name not in _COUNTS
    channels = []
    for name, low, high in zip(field.channels, lows, highs, strict=True):
        end = 1.0 if share else max(high, 1.0)
        window = {"min": 0.0 if share else low, "max": end, "start": 0.0, "end": end}
        channels.append({"label": name, "color": "FFFFFF", "active": True, "window": window})
    return {
        "version": OME_VERSION,
        "multiscales": [
            {
                "name": image,
                "axes": [
                    {"name": "c", "type": "channel"},
                    {"name": "y", "type": "space", **unit},
                    {"name": "x", "type": "space", **unit},
                ],
                "datasets": [
                    {
                        "path": "0",
                        "coordinateTransformations": [{"type": "scale", "scale": scale}],
                    }
                ],
            }
        ],
        "omero": {"name": image, "channels": channels},
    }


def _pair(sides: Any) -> tuple[float, float] | None:
    return None if sides is None else (float(sides[0]), float(sides[1]))
