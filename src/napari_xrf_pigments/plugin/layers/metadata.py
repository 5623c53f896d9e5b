"""The typed record of the content of a layer; names and limits that the user may change.

Layers are recognised by this record in their metadata, never by their name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_xrf_pigments.cube import ElementMaps, PigmentMaps

from ..state.scan import Scan
from .specs import PIGMENT_KINDS

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer

#: The key of the record in the metadata of a layer.
KEY = "xrf_pigments"
#: Kinds that show no results: the scan itself, and drawings on it.
_NO_RESULTS = frozenset({"counts", "legend", "marker", "pins", "picture", ""})
#: Kinds whose pixels are not those of the scan.
OTHER_PIXELS = frozenset({"legend", "marker", "pins", "preview"})


@dataclass(frozen=True)
class LayerInfo:
    """The content of a layer, and how it was made.

    Parameters
    ----------
    kind : str
        ``"counts"``, a kind of :class:`~.specs.MapSpec`, ``"marker"``, ``"control points"``, ...;
        empty for layers that this plugin did not add.
    name : str
        Line family, pigment id or group; identifies the layer among those of its kind.
    scan : Scan or None
        The scan it belongs to.
    path : Path or None
        The file or folder it was opened from.
    sample : str
        Name of the sample data it was made from.
    made : mapping
        How it was made, beyond the provenance of its result.
    picture : Layer or None
        The image that control points belong to.
    stale_reason : str
        Why the map is stale under the present settings of its scan; empty if it is not.
    title : str
        Name without that of the scan; empty for layers whose name does not follow it.
    assigned_name : str or None
        Name last assigned by the program; any other was given by the user.
    assigned_limits : tuple of float or None
        Contrast limits last assigned by the program.
    assigned_visible : bool or None
        Visibility last assigned by the program; None if the user decided.
    """

    kind: str = ""
    name: str = ""
    scan: Scan | None = None
    path: Path | None = None
    sample: str = ""
    made: Mapping[str, Any] = field(default_factory=dict, compare=False)
    picture: Layer | None = None
    stale_reason: str = ""
    title: str = ""
    assigned_name: str | None = None
    assigned_limits: tuple[float, float] | None = None
    assigned_visible: bool | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name."""
        return self.kind, self.name

    @classmethod
    def of(cls, layer: Layer) -> LayerInfo:
        """Return the record of a layer; an empty one if it has none."""
        return cls.from_metadata(layer.metadata)

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> LayerInfo:
        """Return the record in the metadata of a layer or of a layer data tuple."""
        info = metadata.get(KEY)
        return info if isinstance(info, cls) else cls()

    def as_metadata(self) -> dict[str, Any]:
        """Return the metadata of a new layer."""
        return {KEY: self}

    def attach(self, layer: Layer) -> None:
        """Set this record on a layer."""
        layer.metadata[KEY] = self

    def to_json(self) -> dict[str, Any]:
        """Return all fields except scan and picture as plain values."""
        return {
            "kind": self.kind,
            "name": self.name,
            "path": None if self.path is None else str(self.path),
            "sample": self.sample,
            "made": dict(self.made) if _is_plain(dict(self.made)) else {},
            "stale_reason": self.stale_reason,
            "title": self.title,
            "assigned_name": self.assigned_name,
            "assigned_limits": self.assigned_limits,
            "assigned_visible": self.assigned_visible,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LayerInfo:
        """Return the record that :meth:`to_json` described.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the values do not describe a record.
        """
        path, limits = values["path"], values["assigned_limits"]
        return cls(
            kind=str(values["kind"]),
            name=str(values["name"]),
            path=None if path is None else Path(path),
            sample=str(values["sample"]),
            made=dict(values["made"]),
            stale_reason=str(values["stale_reason"]),
            title=str(values["title"]),
            assigned_name=values["assigned_name"],
            assigned_limits=None if limits is None else (float(limits[0]), float(limits[1])),
            assigned_visible=values["assigned_visible"],
        )


def update_info(layer: Layer, **changes: Any) -> None:
    """Change some fields of the record of a layer."""
    replace(LayerInfo.of(layer), **changes).attach(layer)


def plain_metadata(layer: Layer) -> dict[str, Any]:
    """Return the metadata of a layer as plain values, including those that the user added."""
    own = {KEY: LayerInfo.of(layer).to_json()} if KEY in layer.metadata else {}
    return {str(k): v for k, v in layer.metadata.items() if k != KEY and _is_plain(v)} | own


def restored_metadata(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata that :func:`plain_metadata` described, without scan and picture.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the record of the layer is damaged.
    """
    metadata = dict(values)
    if KEY in metadata:
        metadata[KEY] = LayerInfo.from_json(metadata[KEY])
    return metadata


def _is_plain(value: Any, depth: int = 0) -> bool:
    if value is None or isinstance(value, bool | int | float | str):
        return True
    if depth > 8:
        return False
    if isinstance(value, list | tuple):
        return all(_is_plain(item, depth + 1) for item in value)
    if isinstance(value, dict):
        items = value.items()
        return all(isinstance(k, str) and _is_plain(item, depth + 1) for k, item in items)
    return False


def map_layers(viewer: Viewer, scan: Scan, kinds: Iterable[str]) -> dict[tuple[str, str], Image]:
    """Return the layers of a scan that show maps of the given kinds, by (kind, name)."""
    kinds = set(kinds)
    layers: dict[tuple[str, str], Any] = {}
    for layer in viewer.layers:
        info = LayerInfo.of(layer)
        if info.scan is scan and info.kind in kinds:
            layers[info.key] = layer
    return layers


def scan_layer(viewer: Viewer, scan: Scan) -> Layer | None:
    """Return a layer with the pixels of a scan, which gives its position in the world."""
    for layer in viewer.layers:
        info = LayerInfo.of(layer)
        if info.scan is scan and info.kind not in OTHER_PIXELS:
            return layer
    return None


def results_of_metadata(
    metadata: Iterable[Mapping[str, Any]],
) -> tuple[ElementMaps | None, PigmentMaps | None]:
    """Return the results of the first scan that has any, found by the metadata of its layers."""
    for entry in metadata:
        scan = LayerInfo.from_metadata(entry).scan
        if scan is not None and (scan.elements or scan.pigments):
            pixel_mm = scan.cube.pixel_mm
            elements = scan.elements.maps(pixel_mm) if scan.elements else None
            pigments = scan.pigments.maps(pixel_mm) if scan.pigments else None
            return elements, pigments
    return None, None


def rename(layer: Layer, name: str) -> None:
    """Rename a layer unless the user has given it another name."""
    info = LayerInfo.of(layer)
    suffix = f" ({info.stale_reason})" if info.stale_reason else ""
    if info.assigned_name is None or layer.name != info.assigned_name + suffix:
        return
    if layer.name != name + suffix:
        layer.name = name + suffix
    # napari appends a number to a name that another layer has.
    update_info(layer, assigned_name=layer.name.removesuffix(suffix))


def update_limits(layer: Image, limits: tuple[float, float]) -> None:
    """Set contrast limits unless the user has set others."""
    last = LayerInfo.of(layer).assigned_limits
    if last is not None and tuple(layer.contrast_limits) != tuple(last):
        return
    layer.contrast_limits_range = limits
    layer.contrast_limits = limits
    update_info(layer, assigned_limits=tuple(layer.contrast_limits))


def mark_stale(viewer: Viewer, scan: Scan) -> int:
    """Append the reason to the names of stale maps, and remove it from those that are not.

    Returns
    -------
    int
        Number of stale layers.
    """
    stale = 0
    for layer in viewer.layers:
        info = LayerInfo.of(layer)
        if info.scan is not scan or info.kind in _NO_RESULTS:
            continue
        reason, before = scan.stale_reason_of(_result_of(info.kind)), info.stale_reason
        stale += bool(reason)
        if reason == before:
            continue
        name = layer.name.removesuffix(f" ({before})") if before else layer.name
        update_info(layer, stale_reason=reason)
        layer.name = f"{name} ({reason})" if reason else name
    return stale


def _result_of(kind: str) -> str:
    """Return the result that a kind of layer shows."""
    if kind in PIGMENT_KINDS:
        return "pigments"
    return "preview" if kind == "preview" else "elements"
