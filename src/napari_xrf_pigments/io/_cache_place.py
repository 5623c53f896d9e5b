"""Where files lie that can be made again, and how much of the disk they may take."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

PLACE, LIMIT = "XRF_PIGMENTS_CACHE", "XRF_PIGMENTS_CACHE_GB"
DEFAULT_LIMIT_GB = 50.0


def cache_home() -> Path:
    """The platform's folder for such files of this program (below ``XDG_CACHE_HOME`` on Linux)."""
    import platformdirs

    return platformdirs.user_cache_path("napari-xrf-pigments", appauthor=False)


@dataclass(frozen=True)
class CacheSettings:
    """Place and bound of the converted copies of scans.

    Parameters
    ----------
    folder : Path
        Where they lie.
    limit_gb : float
        How many GB (10^9 bytes) they may take together.
    make : bool
        Whether a copy is made where there is none, which takes as long as reading all.

    Raises
    ------
    ValueError
        If the limit is not a positive number.
    """

    folder: Path
    limit_gb: float = DEFAULT_LIMIT_GB
    make: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.limit_gb) and self.limit_gb > 0):
            raise ValueError(f"The cache needs a limit above 0 GB, not {self.limit_gb}.")

    @property
    def limit_bytes(self) -> int:
        """The limit in bytes."""
        return int(self.limit_gb * 1e9)


def cache_settings(
    folder: str | os.PathLike[str] | None = None, limit_gb: float | None = None
) -> CacheSettings:
    """Settings: what is given, else the environment's, else the platform's folder and 50 GB.

    Parameters
    ----------
    folder : path_like, optional
        Where the copies lie; default ``XRF_PIGMENTS_CACHE``.
    limit_gb : float, optional
        How many GB they may take; default ``XRF_PIGMENTS_CACHE_GB``.

    Raises
    ------
    ValueError
        If the limit is not a positive number.
    """
    place = folder or os.environ.get(PLACE) or cache_home() / "scans"
    text = os.environ.get(LIMIT)
    if limit_gb is None and text:
        try:
            limit_gb = float(text)
        except ValueError:
            raise ValueError(f"{LIMIT} is {text!r}, which is no number of GB.") from None
    limit = DEFAULT_LIMIT_GB if limit_gb is None else limit_gb
    return CacheSettings(Path(place).expanduser().absolute(), limit)
