"""Preferences of this plugin, and preferred readers of napari (no Qt)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from npe2 import PluginManager

from . import dialogs

PLUGIN = "napari-xrf-pigments"


@dataclass(frozen=True)
class Preferences:
    """Preferences of this plugin.

    Parameters
    ----------
    device : str
        Kind of PyTorch device for the network: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"mps"``.
    threshold : float
        Probability above which a pigment is shown, for scans opened from now on.
    unit : str
        Unit of lengths in tables, ``"mm"`` or ``"cm"``.
    open_docks : bool
        Whether the docks open after a scan was dropped.
    """

    device: str = "auto"
    threshold: float = 0.5
    unit: str = "mm"
    open_docks: bool = True


def preferences() -> Preferences:
    """Return the present preferences; the defaults if napari has no settings of plugins."""
    try:
        from napari.settings import get_plugin_settings

        maps = get_plugin_settings(PLUGIN).maps
        return Preferences(
            device=maps.device,
            threshold=float(maps.threshold),
            unit=maps.unit,
            open_docks=bool(maps.open_docks),
        )
    except (ImportError, KeyError, AttributeError):
        return Preferences()


#: Patterns for which the user was asked already.
offered: set[str] = set()


def pattern_of(path: Path) -> str:
    """Return the pattern of a path in napari's preferences of readers.

    The pattern of a folder matches all folders beside it.
    """
    if path.is_dir():
        return f"{path.resolve().parent}{os.sep}*{os.sep}"
    return f"*{path.suffix.lower()}"


def has_several_readers(path: Path) -> bool:
    """Return whether other plugins read the path as well, so that napari asks which to use."""
    readers = PluginManager.instance().iter_compatible_readers([str(path)])
    names = {reader.plugin_name for reader in readers}
    # Suffixes of images are left to other plugins, although such a file may be a scan.
    return PLUGIN in names and len(names) > 1


def has_preferred_reader(pattern: str) -> bool:
    """Return whether napari has a preferred reader for a pattern."""
    from napari.settings import get_settings

    return pattern in get_settings().plugins.extension2reader


def prefer_this_reader(pattern: str) -> None:
    """Make this plugin the preferred reader for a pattern, in napari's preferences."""
    from napari.settings import get_settings

    plugins = get_settings().plugins
    plugins.extension2reader = {**plugins.extension2reader, pattern: PLUGIN}


def offer_preferred_reader(path: Path) -> bool:
    """Offer to become the preferred reader if napari asks for one, once per pattern.

    Returns
    -------
    bool
        Whether it was offered.
    """
    pattern = pattern_of(path)
    if pattern in offered or has_preferred_reader(pattern) or not has_several_readers(path):
        return False
    offered.add(pattern)
    kind = f"folders in {path.resolve().parent.name}" if path.is_dir() else f"{path.suffix} files"
    dialogs.offer(
        f"Always open {kind} as XRF scans?",
        "Always",
        lambda: prefer_this_reader(pattern),
    )
    return True
