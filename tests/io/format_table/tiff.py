"""TIFF and OME-TIFF."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .case import Made, Peer, Row, small_counts


def pages(folder: Path) -> Made:
    """Write one page per channel, in contiguous strips."""
    import tifffile

    counts = small_counts(5, 6)
    planes = np.moveaxis(counts, 2, 0).astype(np.uint16)
    tifffile.imwrite(folder / "scan.tif", planes, photometric="minisblack")
    return Made(folder / "scan.tif", counts)


def packed(folder: Path) -> Made:
    """Write compressed pages."""
    import tifffile

    counts = small_counts(5, 7)
    planes = np.moveaxis(counts, 2, 0).astype(np.uint16)
    tifffile.imwrite(
        folder / "scan.tif", planes, photometric="minisblack", compression="zlib", rowsperstrip=2
    )
    return Made(folder / "scan.tif", counts)


def pillow(folder: Path) -> Made:
    """Write the pages one by one with Pillow."""
    from PIL import Image

    counts = small_counts(5, 6)
    images = [Image.fromarray(plane.astype(np.uint16)) for plane in np.moveaxis(counts, 2, 0)]
    images[0].save(folder / "scan.tif", save_all=True, append_images=images[1:])
    return Made(folder / "scan.tif", counts)


def ome(folder: Path) -> Made:
    import tifffile

    counts = small_counts()
    planes = np.moveaxis(counts, 2, 0).astype(np.uint32)
    tifffile.imwrite(
        folder / "scan.ome.tif", planes, photometric="minisblack", metadata={"axes": "CYX"}
    )
    return Made(folder / "scan.ome.tif", counts)


ROWS = [
    Row(
        "TIFF with many pages",
        "One page per channel (at least 128), or one sample per channel in each pixel; compressed "
        "or not. A note states which axis was read as the spectrum.",
        (
            Peer("tifffile", pages, ("tifffile",)),
            Peer("tifffile", packed, ("tifffile",)),
            Peer("Pillow", pillow, ("PIL",)),
        ),
        described_as="TIFF",
    ),
    Row(
        "OME-TIFF",
        "Counts with one long axis besides y and x, which is read as the spectrum; pixel size.",
        (Peer("tifffile", ome, ("tifffile",)),),
        described_as="OME-TIFF",
    ),
]
