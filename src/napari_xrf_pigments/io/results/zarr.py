"""Results as OME-Zarr 0.5: one image per field, one named and coloured channel per map.

The store itself is the image of the pigments too (of the elements where there are none), through
the arrays of that image.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps
from napari_xrf_pigments.cube.maps import GROUP_ARRAYS, OPTIONAL_PIGMENT_ARRAYS
from napari_xrf_pigments.pigments.display import (
    element_colour,
    group_colour,
    pigment_colour,
    visible_colour,
)

from .._guarded_zarr import metadata, open_checked
from ..outputs.own_folders import foreign_in_store
from .fields import KIND, MARKER, Field, all_fields, assemble, check_stored, describe_maps

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
#: Maps from this size on, in pixels, get further resolutions, down to the second size.
_SMALLEST_PYRAMID, _TOP = 2048, 512
#: A pigment that exceeds this probability somewhere is shown at first.
_PRESENT = 0.5


def write(path: Path, elements: ElementMaps | None, pigments: PigmentMaps | None) -> None:
    """Write all fields to a new store at `path`."""
    import zarr

    fields = all_fields(elements, pigments)
    images = [_IMAGES[field.part, field.name] for field in fields]
    root = zarr.open_group(str(path), mode="w", zarr_format=3)
    root.attrs[MARKER] = {
        "kind": KIND,
        "version": version("napari-xrf-pigments"),
        "images": images,
        "elements": describe_maps(elements),
        "pigments": describe_maps(pigments),
    }
    made = {
        image: _write_image(root, image, field) for image, field in zip(images, fields, strict=True)
    }
    # Programs that open the store itself show its main image; the others are groups beside it.
    shown = images[0] if pigments is None else "pigments"
    for dataset in made[shown]["multiscales"][0]["datasets"]:
        dataset["path"] = f"{shown}/{dataset['path']}"
    root.attrs["ome"] = made[shown]


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

    def maps(part: str, field: str, names: tuple[str, ...]) -> Any:
        array = open_checked(path / _IMAGES[part, field] / "0", path.name)
        return check_stored(array, len(names), path.name)

    return assemble(own_attributes(path), maps)


def _write_image(root: Any, image: str, field: Field) -> dict[str, Any]:
    """Write a stack of maps in all its resolutions, and return its metadata."""
    group = root.create_group(image)
    n = field.shape[0]
    array = _create(group, "0", field.shape, field.block_rows)
    lows, highs = np.zeros(n), np.zeros(n)
    for rows, values in field.row_blocks():
        # One chunk at a time: zarr would continue with the others after one has failed.
        for channel in range(n):
            array[channel, rows] = values[channel]
        # Pixels that were not measured may be NaN, which fmin and fmax ignore.
        lows = np.fmin(lows, np.fmin.reduce(values, axis=(1, 2)))
        highs = np.fmax(highs, np.fmax.reduce(values, axis=(1, 2)))
    levels = 1
    while max(array.shape[1:]) >= _SMALLEST_PYRAMID or (levels > 1 and max(array.shape[1:]) > _TOP):
        array = _write_half(group, str(levels), array)
        levels += 1
    limits = list(zip(lows.tolist(), highs.tolist(), strict=True))
    about = ome_metadata(image, field, levels, limits)
    group.attrs["ome"] = about
    return about


def _create(group: Any, name: str, shape: tuple[int, int, int], rows: int) -> Any:
    return group.create_array(
        name,
        shape=shape,
        chunks=(1, max(1, min(rows, shape[1])), max(1, shape[2])),
        dtype="float32",
        dimension_names=("c", "y", "x"),
    )


def _write_half(group: Any, name: str, fine: Any) -> Any:
    """Write the means of 2 x 2 pixels of a stack of maps as its next resolution."""
    n, height, width = fine.shape
    rows = max(1, fine.chunks[1] // 2)
    coarse = _create(group, name, (n, -(-height // 2), -(-width // 2)), rows)
    for channel in range(n):
        for start in range(0, coarse.shape[1], rows):
            part = slice(start, min(start + rows, coarse.shape[1]))
            coarse[channel, part] = halve(fine[channel, 2 * part.start : 2 * part.stop])
    return coarse


def halve(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the means of 2 x 2 pixels of a map; pixels that are NaN are left out.

    Parameters
    ----------
    values : ndarray, shape (y, x), float32
        The map; an odd last row or column has only itself.
    """
    height, width = values.shape
    padded = np.pad(values, ((0, height % 2), (0, width % 2)), constant_values=np.nan)
    blocks = padded.reshape(-(-height // 2), 2, -(-width // 2), 2)
    measured = np.isfinite(blocks)
    count = measured.sum(axis=(1, 3))
    total = np.where(measured, blocks, 0).sum(axis=(1, 3))
    means: NDArray[np.float32] = np.full(count.shape, np.nan, np.float32)
    np.divide(total, count, out=means, where=count > 0)
    return means


def ome_metadata(
    image: str, field: Field, levels: int, limits: list[tuple[float, float]]
) -> dict[str, Any]:
    """Return the metadata of an image as OME-Zarr: axes, resolutions, names, colours, limits.

    Parameters
    ----------
    image : str
        Name of the image.
    field : Field
        Its maps.
    levels : int
        Number of resolutions.
    limits : list of (float, float)
        Least and greatest value of each map.
    """
    unit = {} if field.pixel_mm is None else {"unit": "millimeter"}
    share = field.name not in _COUNTS
    channels = []
    for name, (low, high) in zip(field.channels, limits, strict=True):
        end = 1.0 if share else max(high, 1.0)
        channels.append(
            {
                "label": name,
                "color": _colour(field, name).removeprefix("#").upper(),
                "active": high > _PRESENT if share else True,
                "window": {"min": 0.0 if share else low, "max": end, "start": 0.0, "end": end},
            }
        )
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
                    {"path": str(level), "coordinateTransformations": _place(field, level)}
                    for level in range(levels)
                ],
            }
        ],
        "omero": {"name": image, "channels": channels},
    }


def _place(field: Field, level: int) -> list[dict[str, Any]]:
    """Return scale and translation of a resolution: its first pixel is the mean of several."""
    height, width = (float(side) for side in field.pixel_mm or (1.0, 1.0))
    factor = 2**level
    scale = {"type": "scale", "scale": [1.0, factor * height, factor * width]}
    if level == 0:
        return [scale]
    shift = (factor - 1) / 2
    return [scale, {"type": "translation", "translation": [0.0, shift * height, shift * width]}]


def _colour(field: Field, channel: str) -> str:
    """Return the colour of a map in the viewer, ``"#rrggbb"``, bright enough for black."""
    if field.part == "elements":
        return element_colour(channel)
    if channel == field.name:
        return "#ffffff"
    is_group = field.name in GROUP_ARRAYS
    return visible_colour(group_colour(channel) if is_group else pigment_colour(channel))
