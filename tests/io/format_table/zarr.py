"""Zarr and OME-Zarr."""

from __future__ import annotations

import warnings
from functools import partial
from pathlib import Path

import numpy as np

from .case import Made, Peer, Row, small_counts


def zarr_array(folder: Path, version: int = 3) -> Made:
    """Write a group with counts and energies."""
    import zarr

    counts = small_counts()
    group = zarr.open_group(str(folder / "scan.zarr"), mode="w", zarr_format=version)
    group.create_array("counts", data=counts.astype(np.uint16), chunks=(2, 3, 160))
    group.create_array("energies_kev", data=-0.1 + 0.02 * np.arange(160))
    return Made(folder / "scan.zarr", counts, (0.02, -0.1))


def ome_zarr(folder: Path) -> Made:
    """Write a multiscale image, channels first."""
    import zarr

    counts = small_counts(8, 8)
    group = zarr.open_group(str(folder / "scan.zarr"), mode="w")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ome-zarr calls functions that it deprecates
        from ome_zarr.writer import write_image

        write_image(np.moveaxis(counts, 2, 0).astype(np.uint32), group, axes="cyx")
    return Made(folder / "scan.zarr", counts)


ROWS = [
    Row(
        "Zarr",
        "Versions 2 and 3: an array of integer-valued counts with three axes, and the energies "
        "beside it. `--dataset` selects an array.",
        (
            Peer("zarr", zarr_array, ("zarr",)),
            Peer("zarr", partial(zarr_array, version=2), ("zarr",)),
        ),
        described_as="Zarr",
    ),
    Row(
        "OME-Zarr",
        "The full-resolution level of an image with an axis of at least 128 channels, or of "
        "energies in keV.",
        (Peer("ome-zarr", ome_zarr, ("ome_zarr",)),),
        described_as="OME-Zarr",
    ),
]
