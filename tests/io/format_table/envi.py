"""ENVI pairs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from .case import Made, Peer, Row, small_counts


def spectral(
    folder: Path, interleave: str = "bil", dtype: str = "u2", order: int = 0, energies: bool = True
) -> Made:
    """A cube as the Spectral Python package writes it."""
    from spectral.io import envi

    counts = small_counts()
    about = {}
    if energies:
        about = {"wavelength units": "keV", "wavelength": (-0.1 + 0.02 * np.arange(160)).tolist()}
    envi.save_image(
        str(folder / "scan.hdr"),
        counts.astype(dtype),
        dtype=dtype,
        interleave=interleave,
        byteorder=order,
        metadata=about,
    )
    return Made(folder / "scan.hdr", counts, (0.02, -0.1) if energies else None)


ROWS = [
    Row(
        "ENVI (`.hdr` and data)",
        "bil, bip and bsq, all types of numbers in both orders of bytes; either half finds the "
        "other. Energies are read where they stand as wavelengths in keV or eV; a camera's cube of "
        "light is refused.",
        (
            Peer("Spectral Python", partial(spectral, interleave="bil"), ("spectral",)),
            Peer(
                "Spectral Python",
                partial(spectral, interleave="bip", dtype="i4", order=1),
                ("spectral",),
            ),
            Peer(
                "Spectral Python",
                partial(spectral, interleave="bsq", energies=False),
                ("spectral",),
            ),
        ),
        said="ENVI",
    ),
]
