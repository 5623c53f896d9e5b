"""Names and scales of the axes of Zarr arrays, as NGFF, xarray and Zarr 3 write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_xrf_pigments.cube import EnergyAxis

from .._reader import parse_float

_CHANNEL_WORDS = ("energ", "channel", "mca", "spectr", "kev", "bins")
_UNITS_MM = {
    "meter": 1e3,
    "centimeter": 10.0,
    "millimeter": 1.0,
    "mm": 1.0,
    "micrometer": 1e-3,
    "um": 1e-3,
    "nanometer": 1e-6,
}


@dataclass(frozen=True)
class Scale:
    """Step, first value and unit along an axis."""

    step: float | None = None
    first: float = 0.0
    unit: str = ""


def axes_of(
    folder: Path, levels: list[Mapping[str, Any]], count: int
) -> tuple[list[str], list[Scale]]:
    """Names (with their types) and scales of the axes of an array."""
    names, scales = [""] * count, [Scale()] * count
    attributes = levels[-1].get("attributes")
    attributes = attributes if isinstance(attributes, dict) else {}
    plain = levels[-1].get("dimension_names") or attributes.get("_ARRAY_DIMENSIONS")
    if isinstance(plain, list) and len(plain) == count:
        names = [str(name or "") for name in plain]
    image = _multiscale(folder, levels)
    if image is None or len(image[0]) != count:
        return names, scales
    axes, steps, firsts = image
    for index, axis in enumerate(axes):
        names[index] = f"{axis.get('name', '')} {axis.get('type', '')}".strip()
        step = parse_float(str(steps[index])) if index < len(steps) else None
        first = parse_float(str(firsts[index])) if index < len(firsts) else None
        scales[index] = Scale(step, first or 0.0, str(axis.get("unit") or ""))
    return names, scales


def is_lower_level(folder: Path, levels: list[Mapping[str, Any]]) -> bool:
    """Whether an array is a smaller copy of another one."""
    image = _image(levels)
    paths = [data.get("path") for data in image.get("datasets", []) if isinstance(data, dict)]
    return folder.name in paths[1:]


def _image(levels: list[Mapping[str, Any]]) -> dict[str, Any]:
    """NGFF's description of the image that an array belongs to."""
    attributes = levels[-2].get("attributes") if len(levels) > 1 else None
    attributes = attributes if isinstance(attributes, dict) else {}
    try:
        image = attributes.get("ome", attributes)["multiscales"][0]
        return image if isinstance(image["datasets"], list) else {}
    except (KeyError, IndexError, TypeError):
        return {}


def _multiscale(
    folder: Path, levels: list[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[Any], list[Any]] | None:
    """Axes, scale and translation that NGFF gives for an array (its full size only)."""
    image = _image(levels)
    try:
        data = image["datasets"][0]
        if data["path"] != folder.name:
            return None
        axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in image["axes"]]
        steps: list[Any] = []
        firsts: list[Any] = []
        for transform in data.get("coordinateTransformations", []):
            steps = transform.get("scale", steps)
            firsts = transform.get("translation", firsts)
        return axes, list(steps), list(firsts)
    except (KeyError, IndexError, TypeError, AttributeError):
        return None


def is_channel(name: str) -> bool:
    """Whether the name of an axis is one of energies or channels."""
    lowered = name.lower()
    return lowered in ("c", "e") or any(word in lowered for word in _CHANNEL_WORDS)


def energies_of(scale: Scale, channels: int) -> EnergyAxis | None:
    """The energies along an axis whose unit is keV or eV."""
    unit = scale.unit.lower()
    factor = {"kev": 1.0, "kiloelectronvolt": 1.0, "ev": 1e-3, "electronvolt": 1e-3}.get(unit)
    if factor is None or scale.step is None or scale.step <= 0:
        return None
    return EnergyAxis(channels, scale.step * factor, scale.first * factor, "file")


def pixel_of(y: Scale, x: Scale) -> tuple[float, float] | None:
    """Height and width of a pixel in mm, where the axes have a unit of length."""
    factors = [_UNITS_MM.get(scale.unit.lower()) for scale in (y, x)]
    if not (y.step and x.step and factors[0] and factors[1]) or min(y.step, x.step) <= 0:
        return None
    return y.step * factors[0], x.step * factors[1]
