"""ENVI pairs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from .case import Made, Peer, Row, small_counts


def spectral(
    folder: Path, interleave: str = "bil", dtype: str = "u2", order: int = 0, energies: bool = True
) -> Made:
    """Write a cube with the Spectral Python package."""
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
        "BIL, BIP and BSQ, all numeric types, either byte order. Either file of the pair can be "
        "opened. Wavelengths in keV or eV are read as energies; hyperspectral images of light are "
        "rejected.",
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
        described_as="ENVI",
    ),
]
