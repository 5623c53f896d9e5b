"""Element maps without spectra."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .case import FILES, Layout, Made, Peer, Row


def some_maps() -> dict[str, NDArray[np.float32]]:
    plane = np.arange(12, dtype=np.float32).reshape(3, 4)
    return {"Fe K": plane + 0.25, "Pb L": plane[::-1] * 2}


def datamuncher(folder: Path) -> Made:
    """Write a file byte by byte, as documented in the wiki of Datamuncher."""
    maps = some_maps()
    stack = np.stack(list(maps.values())).astype("<f4")
    header = f"2\n{4:10d}{3:10d}{2:11d}\n".encode()
    names = "\r\n".join(name.replace(" ", "-") for name in maps) + "\r\n"
    (folder / "scan.dms").write_bytes(header + stack.tobytes() + names.encode())
    return Made(folder / "scan.dms", maps=maps)


def xrf_explorer(folder: Path) -> Made:
    """Copy a file of XRF-Explorer's ``to_dms``."""
    path = shutil.copy(FILES / "xrf-explorer.dms", folder / "scan.dms")
    return Made(path, maps=some_maps())


def pymca_csv(folder: Path) -> Made:
    from PyMca5.PyMcaIO.ArraySave import save2DArrayListAsASCII

    maps = some_maps()
    labels = [name.replace(" ", "-") for name in maps]
    path = folder / "scan.csv"
    save2DArrayListAsASCII(list(maps.values()), str(path), labels=labels, csv=True)
    return Made(path, maps=maps)


def numpy_csv(folder: Path) -> Made:
    maps = some_maps()
    for name, image in maps.items():
        np.savetxt(folder / f"scan_{name.replace(' ', '-')}.csv", image, delimiter=",")
    return Made(folder, maps=maps)


def tiff_folder(folder: Path) -> Made:
    import tifffile

    maps = some_maps()
    for name, image in maps.items():
        tifffile.imwrite(folder / f"{name.replace(' ', '-')}.tif", image)
    return Made(folder, maps=maps)


def imagej_stack(folder: Path) -> Made:
    import tifffile

    maps = some_maps()
    path = folder / "maps.tif"
    labels = {"axes": "ZYX", "Labels": list(maps)}
    tifffile.imwrite(path, np.stack(list(maps.values())), imagej=True, metadata=labels)
    return Made(path, maps=maps)


ROWS = [
    Row(
        "Datamuncher `.dms`, `.ims`",
        "Named maps, opened as map layers.",
        (
            Peer("XRF-Explorer", xrf_explorer),
            Layout("Datamuncher, as its wiki documents it", datamuncher),
        ),
        "maps",
    ),
    Row(
        "maps as text (`.csv`, `.txt`, `.dat`)",
        "A table with the row and column of each pixel (as written by PyMca), or one matrix per "
        "file, named after the element; also a folder of such files.",
        (Peer("PyMca", pymca_csv, ("PyMca5",)), Peer("numpy", numpy_csv)),
        "maps",
    ),
    Row(
        "maps as TIFF",
        "One value per pixel: one file per element, named after it, or one page per element, with "
        "labels. Photographs are not opened as maps.",
        (Peer("tifffile", tiff_folder, ("tifffile",)), Peer("tifffile", imagej_stack)),
        "maps",
    ),
]
