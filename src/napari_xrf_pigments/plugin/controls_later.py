"""Layers get their controls when they are first chosen, not when they are added.

napari makes the controls of every layer at once, though it shows those of the chosen one only:
with dozens of maps that is half of the time that the window stands still. Where a napari is built
otherwise than expected here, nothing is put off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from napari.settings import get_settings
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from napari.viewer import Viewer


class _WhenAsked(dict[Any, Any]):
    """The controls by layer: those that are missing are made when somebody asks for them."""

    def __init__(self, container: Any) -> None:
        super().__init__(container.widgets)
        self._container = container

    def __missing__(self, layer: Any) -> Any:
        if layer in self._container.viewer.layers:
            self._container._add(SimpleNamespace(value=layer))
        if layer not in self:
            raise KeyError(layer)
        return self[layer]


@contextmanager
def without_controls(viewer: Viewer) -> Iterator[None]:
    """Add layers whose controls can wait.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """
    container = _container(viewer)
    if container is None:
        yield
        return
    if not isinstance(container.widgets, _WhenAsked):
        container.widgets = _WhenAsked(container)
        # To make controls only to remove them would cost as much as ever.
        viewer.layers.events.removing.connect(
            lambda event: _stand_in(container, viewer.layers[event.index])
        )
    with viewer.layers.events.inserted.blocker(container._add):
        yield


def _container(viewer: Viewer) -> Any:
    """Where napari keeps the controls; None where it is not as expected."""
    window = getattr(viewer, "window", None)
    container = getattr(getattr(window, "_qt_viewer", None), "controls", None)
    known = isinstance(getattr(container, "widgets", None), dict) and hasattr(container, "_add")
    return container if known and hasattr(viewer.layers.events, "removing") else None


def _stand_in(container: Any, layer: Any) -> None:
    # By this setting napari keeps no controls at all.
    dynamic = getattr(get_settings().experimental, "dynamic_layer_controls", False)
    if layer not in container.widgets and not dynamic:
        container.widgets[layer] = QWidget()
