"""What the user chose on this plugin's page of napari's preferences (no Qt)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from npe2 import PluginManager

from . import dialogs as notices

PLUGIN = "napari-xrf-pigments"


@dataclass(frozen=True)
class Preferences:
    """The choices.

    Parameters
    ----------
    device : str
        Kind of torch device that runs the network: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"mps"``.
    threshold : float
        Probability over which a pigment counts as found in a scan that is newly opened.
    unit : str
        Unit of lengths in tables, ``"mm"`` or ``"cm"``.
    """

    device: str = "auto"
    threshold: float = 0.5
    unit: str = "mm"


def preferences() -> Preferences:
    """What is chosen at present; the defaults where napari keeps no settings of plugins."""
    try:
        from napari.settings import get_plugin_settings

        chosen = get_plugin_settings(PLUGIN)
        return Preferences(
            device=chosen.maps.device,
            threshold=float(chosen.maps.threshold),
            unit=chosen.maps.unit,
        )
    except (ImportError, KeyError, AttributeError):
        return Preferences()


_OFFERED: set[str] = set()


def pattern_of(path: Path) -> str:
    """The pattern under which napari keeps the choice for paths like this one.

    Folders are remembered by their parent: all scans of one place, and no other folder.
    """
    if path.is_dir():
        return f"{path.resolve().parent}{os.sep}*{os.sep}"
    return f"*{path.suffix.lower()}"


def others_claim(path: Path) -> bool:
    """Whether another reader claims the path as well as ours, so that napari would ask."""
    readers = PluginManager.instance().iter_compatible_readers([str(path)])
    names = {reader.plugin_name for reader in readers}
    # Pictures are left to others even where one of them turns out to be a scan.
    return PLUGIN in names and len(names) > 1


def remembered(pattern: str) -> bool:
    """Whether napari has a preference for the pattern already."""
    from napari.settings import get_settings

    return pattern in get_settings().plugins.extension2reader


def remember(pattern: str) -> None:
    """Open what matches with this plugin from now on (napari's own preference)."""
    from napari.settings import get_settings

    plugins = get_settings().plugins
    plugins.extension2reader = {**plugins.extension2reader, pattern: PLUGIN}


def offer_to_remember(path: Path) -> bool:
    """Offer it if napari would ask, at most once a pattern; whether it was offered."""
    pattern = pattern_of(path)
    if pattern in _OFFERED or remembered(pattern) or not others_claim(path):
        return False
    _OFFERED.add(pattern)
    what = f"folders in {path.resolve().parent.name}" if path.is_dir() else f"{path.suffix} files"
    notices.offer(
        f"Always open {what} as XRF scans?",
        "Always",
        lambda: remember(pattern),
    )
    return True
