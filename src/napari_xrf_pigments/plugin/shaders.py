"""Keeps Mesa's software renderer alive when layers come after others went.

On llvmpipe, the images that stay share compiled shaders with a removed one, and drawing them
once the next layer is added ends the program, whoever removed it. Compiling them anew after the
removal was drawn avoids it.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: By then the removal was drawn.
_AFTER_MS = 20


def guard(viewer: Viewer) -> None:
    """Watch the layers of a viewer."""
    own = weakref.ref(viewer)
    waiting: list[bool] = []

    def compile_later(event: Any) -> None:
        if not waiting:
            waiting.append(True)
            QTimer.singleShot(_AFTER_MS, compile_now)

    def compile_now() -> None:
        waiting.clear()
        known = own()
        if known is not None:
            compile_anew(known.layers)

    viewer.layers.events.removed.connect(compile_later)


def compile_anew(layers: Any) -> None:
    """Make the visible images of a layer list compile their shaders again."""
    for layer in layers:
        if layer.visible and not getattr(layer, "rgb", True):
            layer.events.colormap()
