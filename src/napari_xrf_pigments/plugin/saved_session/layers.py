"""Layers as plain values, and back: images, labels, shapes, points (no Qt)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from ..layers.metadata import LayerInfo, plain_metadata, restored_metadata
from .container import ArrayShelf, SavedSession

if TYPE_CHECKING:
    from napari.layers import Layer

#: Larger pictures are not copied into a session.
MAX_PICTURE_BYTES = 2 * 2**30
_COMMON = (
    "name", "visible", "opacity", "blending", "scale", "translate", "rotate", "shear", "affine",
    "axis_labels",
)  # fmt: skip
_OF_KIND = {
    "image": ("rgb", "contrast_limits", "gamma", "interpolation2d"),
    "labels": (),
    "shapes": ("shape_type", "z_index", "edge_width"),
    "points": ("border_width_is_relative", "canvas_size_limits"),
}
_ARRAYS = {
    "shapes": ("face_color", "edge_color"),
    "points": ("size", "face_color", "border_color", "border_width", "shown"),
}


def layer_state(layer: Layer, shelf: ArrayShelf, scans: list[Any]) -> dict[str, Any] | None:
    """A layer as plain values and arrays on a shelf; None for kinds that are not kept.

    Parameters
    ----------
    layer : Layer
        The layer.
    shelf : ArrayShelf
        Takes its arrays.
    scans : list of Scan
        Scans of the session: a layer knows its own by the place in this list.
    """
    kind = layer._type_string
    if kind not in _OF_KIND:
        return None
    _, settings, _ = layer.as_layer_data_tuple()
    state: dict[str, Any] = {"kind": kind}
    state["settings"] = {key: settings[key] for key in (*_COMMON, *_OF_KIND[kind])}
    state["settings"]["units"] = [str(unit) for unit in layer.units]
    state["arrays"] = {key: shelf.add(settings[key]) for key in _ARRAYS.get(kind, ())}
    state["metadata"] = plain_metadata(layer)
    features = {str(name): list(layer.features[name]) for name in _features(layer)}
    state["features"] = features
    scan = LayerInfo.of(layer).scan
    state["scan"] = scans.index(scan) if scan in scans else None
    if kind == "shapes":
        state["data"] = [shelf.add(np.asarray(vertices)) for vertices in layer.data]
        return state
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    if getattr(data, "nbytes", 0) > MAX_PICTURE_BYTES and not hasattr(data, "__array_interface__"):
        return None
    state["data"] = shelf.add(data)
    if kind == "image":
        state["colormap"] = _colormap_state(layer.colormap) if not layer.rgb else None
        state["limits_range"] = None if layer.rgb else list(layer.contrast_limits_range)
    elif kind == "labels":
        state["selected_label"] = int(layer.selected_label)
        state["colours"] = _label_colours(layer.colormap)
    elif kind == "points":
        state["settings"]["symbol"] = [str(symbol) for symbol in layer.symbol]
    return state


def import_layers(states: list[Any]) -> None:
    """Import what napari needs for layers with a table of features; for any thread."""
    if any(isinstance(state, dict) and state.get("kind") != "image" for state in states):
        import_module("pandas")


def restored_layer(
    state: dict[str, Any], saved: SavedSession, scans: list[Any]
) -> tuple[Layer, int | None]:
    """A layer from plain values, and the place of its scan in the list.

    Raises
    ------
    ValueError
        If the values make no layer.
    """
    from napari.layers import Layer

    try:
        kind = state["kind"]
        known = {*_COMMON, *_OF_KIND[kind], "units", "symbol"}
        settings = {key: value for key, value in state["settings"].items() if key in known}
        settings.update({key: saved.array(state["arrays"][key]) for key in _ARRAYS.get(kind, ())})
        settings["metadata"] = restored_metadata(state["metadata"])
        if state.get("features"):
            settings["features"] = {str(k): list(v) for k, v in state["features"].items()}
        if kind == "shapes":
            data: Any = [saved.array(place) for place in state["data"]]
        else:
            data = saved.array(state["data"])
        if kind == "image" and state["colormap"] is not None:
            settings["colormap"] = _colormap(state["colormap"])
        if kind == "labels":
            colours = _colours_of_labels(state["colours"])
            settings.update({} if colours is None else {"colormap": colours})
        layer = Layer.create(data, settings, kind)
        if kind == "image" and state["limits_range"] is not None:
            limits = layer.contrast_limits
            layer.contrast_limits_range = tuple(state["limits_range"])
            layer.contrast_limits = limits
        if kind == "labels":
            layer.selected_label = int(state["selected_label"])
        scan = state["scan"]
        if scan is not None and not (isinstance(scan, int) and 0 <= scan < len(scans)):
            raise ValueError
    except Exception as error:
        # napari refuses bad values with many kinds of errors.
        name = str(state.get("settings", {}).get("name", "?")) if isinstance(state, dict) else "?"
        raise ValueError(f"The layer {name} in {saved.path.name} is damaged.") from error
    return layer, scan


def _features(layer: Any) -> list[Any]:
    features = getattr(layer, "features", None)
    return [] if features is None else list(features.columns)


def _colormap_state(colormap: Any) -> dict[str, Any]:
    return {
        "name": str(colormap.name),
        "colors": np.asarray(colormap.colors).tolist(),
        "controls": np.asarray(colormap.controls).tolist(),
        "interpolation": str(colormap.interpolation),
    }


def _colormap(state: Any) -> Any:
    from napari.utils import Colormap

    return Colormap(
        state["colors"],
        controls=state["controls"],
        name=str(state["name"]),
        interpolation=state["interpolation"],
    )


def _label_colours(colormap: Any) -> dict[str, Any]:
    colours = getattr(colormap, "color_dict", None)
    if colours is None:
        return {"seed": float(colormap.seed), "count": len(colormap.colors)}
    return {"of": {str(key): np.asarray(value).tolist() for key, value in colours.items()}}


def _colours_of_labels(state: Any) -> Any:
    from napari.utils.colormaps import DirectLabelColormap, label_colormap

    if "of" not in state:
        return label_colormap(min(int(state["count"]), 1000) - 1, float(state["seed"]))
    colours = {None if key == "None" else int(key): value for key, value in state["of"].items()}
    return DirectLabelColormap(color_dict=colours)
