"""What the user chose on this plugin's page of napari's preferences (no Qt)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..io._cache_place import CacheSettings

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
    use_cache : bool
        Whether scans that are slow to read are read from a converted copy.
    cache_folder : str
        Where the copies lie; empty: the platform's folder.
    cache_gb : float
        How many GB they may take.
    """

    device: str = "auto"
    threshold: float = 0.5
    unit: str = "mm"
    use_cache: bool = True
    cache_folder: str = ""
    cache_gb: float = 50.0

    def cache(self) -> CacheSettings | None:
        """Place and bound of the cache; None where it is not used."""
        from ..io._cache_place import cache_settings

        return cache_settings(self.cache_folder or None, self.cache_gb) if self.use_cache else None


def preferences() -> Preferences:
    """What is chosen at present; the defaults where napari keeps no settings of plugins."""
    try:
        from napari.settings import get_plugin_settings

        chosen = get_plugin_settings(PLUGIN)
        return Preferences(
            device=chosen.maps.device,
            threshold=float(chosen.maps.threshold),
            unit=chosen.maps.unit,
            use_cache=bool(chosen.cache.use),
            cache_folder=str(chosen.cache.folder),
            cache_gb=float(chosen.cache.limit_gb),
        )
    except (ImportError, KeyError, AttributeError):
        return Preferences()
