"""The sample data in napari's File menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import napari

from .layers.adding import counts_layer_data
from .layers.sync import session_of
from .opening import run_blocking_in_thread
from .state.totals import TotalCounts

if TYPE_CHECKING:
    from ..cube import XRFCube


def hidden_layer_painting() -> list[tuple[Any, dict[str, Any], str]]:
    """Simulate a scan of a painting with a hidden layer; return it as layer data for napari."""
    viewer = napari.current_viewer()
    if viewer is not None:
        session_of(viewer)
    cube, totals = run_blocking_in_thread(_simulate)
    # A saved session simulates it again instead of saving its counts.
    return [counts_layer_data(cube, totals, "Simulated painting", sample="hidden_layer")]


def _simulate() -> tuple[XRFCube, TotalCounts]:
    from ..simulation import simulate_scan

    cube, _ = simulate_scan(seed=0)
    totals = TotalCounts(cube)
    totals.wait()
    return cube, totals
