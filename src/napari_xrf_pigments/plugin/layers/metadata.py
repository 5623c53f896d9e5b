"""What layers of maps are called, and that the user may call them otherwise (no Qt)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.layers import Layer


def remember_name(layer: Layer) -> None:
    """Keep what a new layer is called: napari numbers names that are there already."""
    layer.metadata["xrf_name"] = layer.name


def rename(layer: Layer, name: str) -> None:
    """Give a layer its name unless the user has given it another."""
    last, why = layer.metadata.get("xrf_name"), layer.metadata.get("xrf_outdated", "")
    told = f" ({why})" if why else ""
    if last is None or layer.name != last + told:
        return
    if layer.name != name + told:
        layer.name = name + told
    layer.metadata["xrf_name"] = layer.name.removesuffix(told)
