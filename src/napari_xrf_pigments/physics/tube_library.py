"""Emission of common tubes, computed once with spekpy and kept with the package.

A tube takes spekpy half a second; a training meets hundreds. ``python -m
napari_xrf_pigments.physics.tube_library`` writes ``data/tubes.npz`` anew.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from .._typing import Float32Array, FloatArray

#: Width of the continuum's bins in keV.
FINE_KEV = 0.1
ANODES: tuple[str, ...] = ("Cr", "Cu", "Mo", "Rh", "Ag", "W", "Au")
VOLTAGES = (20, 24, 28, 30, 32, 35, 36, 40, 42, 45, 48, 50)
ANGLES_DEG = (12, 20, 25)

Emission = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def computed_emission(anode: str, tube_kv: float, angle_deg: float) -> Emission:
    """Compute continuum and lines of an anode with spekpy.

    Returns
    -------
    kev, continuum, line_kev, lines : ndarray
        Centres of the continuum's bins in keV and photons in each, the same of the bins
        that hold characteristic lines.
    """
    import spekpy  # takes half a second, and is needed for unusual tubes alone

    tube = dict(kvp=tube_kv, th=angle_deg, targ=anode, dk=FINE_KEV, physics="casim")
    kev, continuum = spekpy.Spek(**tube, char=False).get_spectrum(diff=False)
    line_kev, lines = spekpy.Spek(**tube, brem=False).get_spectrum(diff=False)
    shining = lines > 0
    return kev, continuum, line_kev[shining], lines[shining]


def emission(anode: str, tube_kv: float, angle_deg: float) -> Emission:
    """Return the emission of a tube from the library, or compute it."""
    stored = _library()
    key = _key(anode, tube_kv, angle_deg)
    if f"{key}/kev" not in stored:
        return computed_emission(anode, tube_kv, angle_deg)
    kev, continuum, line_kev, lines = (
        stored[f"{key}/{part}"].astype(np.float64)
        for part in ("kev", "continuum", "line_kev", "lines")
    )
    return kev, continuum, line_kev, lines


def _key(anode: str, tube_kv: float, angle_deg: float) -> str:
    return f"{anode}-{tube_kv:g}-{angle_deg:g}"


@lru_cache
def _library() -> dict[str, Float32Array]:
    resource = files(__package__).joinpath("data/tubes.npz")
    if not resource.is_file():
        return {}
    with as_file(resource) as path, np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def write_library(path: Path, anodes: tuple[str, ...]) -> None:
    """Compute all tubes of the library and write them."""
    arrays: dict[str, Float32Array] = {}
    for anode in anodes:
        for tube_kv in (*VOLTAGES, 55, 60) if anode == "W" else VOLTAGES:
            for angle in ANGLES_DEG:
                parts = computed_emission(anode, tube_kv, angle)
                for name, part in zip(
                    ("kev", "continuum", "line_kev", "lines"), parts, strict=True
                ):
                    arrays[f"{_key(anode, tube_kv, angle)}/{name}"] = part.astype(np.float32)
    np.savez_compressed(path, allow_pickle=False, **arrays)


if __name__ == "__main__":
    write_library(Path(__file__).with_name("data") / "tubes.npz", ANODES)
