"""Layers as JSON values and arrays, and back: images, labels, shapes, points (no Qt)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..layers.metadata import KEY, LayerInfo, plain_metadata, restored_metadata, update_info
from ..state.scan import Scan
from .container import ArrayStore, SavedSession

if TYPE_CHECKING:
    from napari.layers import Layer

#: Larger images that are not in memory are not saved.
MAX_PICTURE_BYTES = 2 * 2**30
_COMMON = (
    "name", "visible", "opacity", "blending", "scale", "translate", "rotate", "shear", "affine",
    "axis_labels", "units",
)  # fmt: skip
#: Settings of napari's layer data tuple that are saved, by type of layer.
_SETTINGS = {
    "image": ("rgb", "colormap", "contrast_limits", "gamma", "interpolation2d"),
    "labels": ("colormap", "features"),
    "shapes": (
        "features", "text", "shape_type", "z_index", "edge_width", "face_color", "edge_color",
    ),
    "points": (
        "features", "text", "symbol", "size", "face_color", "border_color", "border_width",
        "border_width_is_relative", "canvas_size_limits", "shown",
    ),
}  # fmt: skip
#: Properties that layer data tuples do not contain.
_PROPERTIES = {"image": ("contrast_limits_range",), "labels": ("selected_label",)}


def layer_state(layer: Layer, store: ArrayStore, scans: list[Scan]) -> dict[str, Any] | None:
    """Return a layer as JSON values; None if it cannot be saved.

    Parameters
    ----------
    layer : Layer
        The layer.
    store : ArrayStore
        Receives its arrays.
    scans : list of Scan
        Scans of the session; a layer refers to its scan by the index in this list.
    """
    data, settings, kind = layer.as_layer_data_tuple()
    if kind not in _SETTINGS:
        return None
    settings = {key: settings[key] for key in (*_COMMON, *_SETTINGS[kind])}
    if "features" in settings:
        settings["features"] = settings["features"].to_dict("list")
    if kind == "labels":
        settings["colormap"] = _label_colours(settings["colormap"])
    if settings.get("rgb"):
        del settings["colormap"], settings["contrast_limits"]
    info = LayerInfo.of(layer)
    state = {
        "kind": kind,
        "settings": settings,
        "properties": {key: getattr(layer, key) for key in _PROPERTIES.get(kind, ())},
        "metadata": plain_metadata(layer),
        "scan": scans.index(info.scan) if info.scan in scans else None,
        "picture": None if info.picture is None else info.picture.name,
    }
    if kind == "shapes":
        return {**state, "data": [np.asarray(vertices) for vertices in data]}
    data = data[0] if getattr(layer, "multiscale", False) else data
    in_memory = hasattr(data, "__array_interface__")
    if data.dtype.kind not in "biuf" or (data.nbytes > MAX_PICTURE_BYTES and not in_memory):
        return None
    return {**state, "data": store.add(data)}


@dataclass(frozen=True)
class SavedLayer:
    """A layer that was read from a session, to be created in the main thread.

    Parameters
    ----------
    data, settings, kind
        A layer data tuple of napari.
    properties : dict
        Properties to set on the layer.
    picture : str or None
        Name of the layer that its control points belong to.
    """

    data: Any
    settings: dict[str, Any]
    kind: str
    properties: dict[str, Any]
    picture: str | None


def saved_layer(
    state: Any, session: SavedSession, scans: list[Scan | None], paths: list[Path | None]
) -> SavedLayer:
    """Read a layer.

    Parameters
    ----------
    state : dict
        State that :func:`layer_state` returned.
    session : SavedSession
        The session, which holds the arrays of the layer.
    scans : list of Scan or None
        The scans of the session, None for those that were not opened.
    paths : list of Path or None
        Present paths of the scans.

    Raises
    ------
    ValueError
        If the state is damaged.
    """
    try:
        kind, number = state["kind"], state["scan"]
        names = {*_COMMON, *_SETTINGS[kind]}
        settings = {key: value for key, value in state["settings"].items() if key in names}
        metadata = settings["metadata"] = restored_metadata(state["metadata"])
        if kind == "shapes":
            data: Any = [np.array(vertices, float) for vertices in state["data"]]
        else:
            data = session.arrays[state["data"]]
        if "features" in settings:
            # Imported here, in a thread, because napari would import it in the main thread.
            from pandas import DataFrame

            settings["features"] = DataFrame(settings["features"])
        if kind == "labels":
            settings["colormap"] = _label_colormap(settings["colormap"])
        scan = None if number is None else dict(enumerate(scans))[number]
        if number is not None and scan is None:
            # Without its scan, the layer is an ordinary image.
            metadata.pop(KEY, None)
        elif KEY in metadata:
            info: LayerInfo = metadata[KEY]
            path = None if scan is None or info.path is None else paths[number]
            metadata[KEY] = replace(info, scan=scan, path=path)
            if scan is not None and info.kind == "counts":
                data = scan.totals.image
        properties = {key: state["properties"][key] for key in _PROPERTIES.get(kind, ())}
        return SavedLayer(data, settings, kind, properties, state["picture"])
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise session.damaged("a layer in it cannot be read") from error


def create_layer(saved: SavedLayer, session: SavedSession) -> Layer:
    """Create a layer.

    Raises
    ------
    ValueError
        If napari rejects its settings.
    """
    from napari.layers import Layer

    try:
        layer = Layer.create(saved.data, saved.settings, saved.kind)
        for key, value in saved.properties.items():
            setattr(layer, key, value)
    except Exception as error:
        # napari raises various errors for invalid values.
        raise session.damaged("a layer in it cannot be shown") from error
    return layer


def link_pictures(saved: list[SavedLayer], layers: list[Layer]) -> None:
    """Link layers of control points to their image, after all layers were created."""
    by_name = {layer.name: layer for layer in layers}
    for entry, layer in zip(saved, layers, strict=True):
        if entry.picture in by_name:
            update_info(layer, picture=by_name[entry.picture])


def _label_colours(colormap: Any) -> dict[str, Any]:
    colours = getattr(colormap, "color_dict", None)
    if colours is None:
        return {"seed": float(colormap.seed), "count": len(colormap.colors)}
    return {str(key): np.asarray(value) for key, value in colours.items()}


def _label_colormap(state: dict[str, Any]) -> Any:
    from napari.utils.colormaps import DirectLabelColormap, label_colormap

    if "seed" in state:
        return label_colormap(min(int(state["count"]), 1000) - 1, float(state["seed"]))
    colours = {None if key == "None" else int(key): value for key, value in state.items()}
    return DirectLabelColormap(color_dict=colours)
