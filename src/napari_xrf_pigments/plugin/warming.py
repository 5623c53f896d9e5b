"""Imports in a thread what docks, clicks and runs will need, so that the window need not wait.

The first import of Qt widgets' plots, of pandas and of the network takes up to seconds. It is
done while the user looks at the first picture. What all of that leaves in memory, hundreds of
thousands of objects that stay, is set aside from Python's garbage collector: looking through it
would hold the window up for a fifth of a second, again and again while maps get their layers.
"""

from __future__ import annotations

import atexit
import gc
import threading
from importlib import import_module

from .collecting import hold_off, let_go
from .giving_way import giving_way, wait_for_window
from .importing import taking_turns

#: In the order in which a user comes to need them.
MODULES = (
    "napari_xrf_pigments.plugin.elements.dock",
    "napari_xrf_pigments.plugin.pigments.dock",
    "napari_xrf_pigments.plugin.spectrum.dock",
    "matplotlib.path",
    # napari's tables of features: the first layer of points asks for it.
    "pandas",
    "napari_xrf_pigments.plugin.commands",
    "napari_xrf_pigments.plugin.commands",
    "napari_xrf_pigments.calibration.automatic",
    "napari_xrf_pigments.mapping.elements",
    "napari_xrf_pigments.plugin.compare.dock",
    "napari_xrf_pigments.plugin.agreement.dock",
    "napari_xrf_pigments.plugin.register.dock",
    "napari_xrf_pigments.plugin.regions.dock",
    "napari_xrf_pigments.plugin.row_alignment.dock",
    "napari_xrf_pigments.plugin.stitch.dock",
    "napari_xrf_pigments.plugin.fine_tuning.dock",
    "napari_xrf_pigments.network.predict",
    "napari_xrf_pigments.mapping.explanation",
)
#: The first picture of a scan is drawn before.
PAUSE_S = 0.3

_thread: threading.Thread | None = None
_ended = threading.Event()


def warm() -> threading.Thread:
    """Begin, once a process."""
    global _thread
    if _thread is None:
        _thread = threading.Thread(target=_warm, name="warming", daemon=True)
        hold_off(_thread)
        _thread.start()
        # An import must not be under way when the interpreter is taken down.
        atexit.register(_stop)
    return _thread


def _warm() -> None:
    try:
        with giving_way(), taking_turns(_ended.is_set):
            _import()
    finally:
        if _thread is not None:
            let_go(_thread)


def _import() -> None:
    _ended.wait(PAUSE_S)
    for name in MODULES:
        # What napari and the modules before have brought, too.
        gc.freeze()
        wait_for_window(_ended.is_set)
        if _ended.is_set():
            return
        try:
            import_module(name)
        except Exception:
            # Who needs it tells what is wrong with it.
            continue
    gc.freeze()


def _stop() -> None:
    _ended.set()
    if _thread is not None:
        _thread.join()
