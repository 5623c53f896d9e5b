"""File > Open Sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import napari

from .layers.sync import counts_layer_data
from .opening import run_blocking_in_thread
from .state.session import session_of
from .state.totals import TotalCounts

if TYPE_CHECKING:
    from ..cube import XRFCube


def hidden_layer_painting() -> list[tuple[Any, dict[str, Any], str]]:
    """A simulated painting with a hidden layer."""
    viewer = napari.current_viewer()
    if viewer is not None:
        session_of(viewer)
    cube, totals = run_blocking_in_thread(_simulated)
    data, settings, kind = counts_layer_data(cube, totals, "Simulated painting")
    # A saved session simulates it again.
    settings["metadata"]["xrf_sample"] = "hidden_layer"
    return [(data, settings, kind)]


def _simulated() -> tuple[XRFCube, TotalCounts]:
    from ..simulation import simulate_scan

    cube, _ = simulate_scan(seed=0)
    totals = TotalCounts(cube)
    totals.wait()
    return cube, totals
