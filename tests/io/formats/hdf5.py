"""HDF5 of several programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .case import Made, Peer, Real, Row, small_counts


def nxdata(folder: Path) -> Made:
    """As silx writes an NXdata group."""
    from silx.io.nxdata import save_NXdata

    counts = small_counts()
    path = folder / "scan.h5"
    save_NXdata(
        str(path),
        signal=counts.astype(np.uint32),
        axes=[np.arange(3) * 0.5, np.arange(4) * 0.5, -0.1 + 0.02 * np.arange(160)],
        signal_name="counts",
        axes_names=["y", "x", "energy"],
        interpretation="spectrum",
    )
    return Made(path, counts, (0.02, -0.1))


def pymca(folder: Path) -> Made:
    """As PyMca saves a stack."""
    from PyMca5.PyMcaIO.ArraySave import save3DArrayAsHDF5

    counts = small_counts()
    path = folder / "stack.h5"
    save3DArrayAsHDF5(
        counts.astype(np.int32),
        str(path),
        axes=[np.arange(3.0), np.arange(4.0), np.arange(160) * 0.02],
        labels=["row", "column", "energy"],
        interpretation="spectrum",
    )
    return Made(path, counts, (0.02, 0.0))


def plain(folder: Path) -> Made:
    import h5py

    counts = small_counts()
    with h5py.File(folder / "plain.h5", "w") as file:
        file["scan/counts"] = counts.astype(">i4")
        file["scan/counts"].attrs.update(gain_kev=0.02, offset_kev=-0.1)
    return Made(folder / "plain.h5", counts, (0.02, -0.1))


def maps(real: Path, folder: Path) -> Made:
    import h5py

    (path,) = (real / "maps_hdf5").glob("*.h5")
    with h5py.File(path, "r") as file:
        each = [file[f"MAPS_RAW/data_{letter}"][()].astype(np.int64) for letter in "abcd"]
    return Made(path, np.moveaxis(sum(each), 0, 2))


def maps_detector(real: Path, folder: Path) -> Made:
    import h5py

    (path,) = (real / "maps_hdf5").glob("*.h5")
    with h5py.File(path, "r") as file:
        counts = np.moveaxis(file["MAPS_RAW/data_c"][()], 0, 2)
    return Made(path, counts, options={"detector": "data_c"})


def pyxrf(folder: Path) -> Made:
    import h5py

    counts = small_counts()
    with h5py.File(folder / "scan2D.h5", "w") as file:
        for number in (1, 2, 3):
            file[f"xrfmap/det{number}/counts"] = counts
        file["xrfmap/detsum/counts"] = (3 * counts).astype(np.float32)
        file["xrfmap/scalers/name"] = np.array([b"i0"])
        file["xrfmap/scalers/val"] = np.ones((*counts.shape[:2], 1))
    return Made(folder / "scan2D.h5", 3 * counts)


def crono(folder: Path) -> Made:
    import h5py

    counts = small_counts()
    with h5py.File(folder / "crono.h5", "w") as file:
        file["XRF/Spectra"] = counts.astype(np.uint32)
        file["XRF/EnergyVector"] = -0.1 + 0.02 * np.arange(160)
    return Made(folder / "crono.h5", counts, (0.02, -0.1))


ROWS = [
    Row(
        "HDF5, NXdata and plain",
        "Stacks of PyMca and silx, and datasets with three axes of whole counts in any order, or "
        "four with the detectors; energies, live times and places where they lie beside them. "
        "`--dataset` chooses among several, `--detector` among detectors. Links out of the file "
        "are not followed.",
        (
            Peer("silx", nxdata, ("silx",)),
            Peer("PyMca", pymca, ("PyMca5",)),
            Peer("h5py", plain),
        ),
        said="HDF5 (.h5)",
    ),
    Row(
        "HDF5 of MAPS",
        "Advanced Photon Source: `MAPS_RAW/data_a` ..., or `MAPS/mca_arr`; energies, live times "
        "and places of the file. Several detectors are added up, or `--detector data_b`.",
        (Real("APS MAPS", maps), Real("one detector of it", maps_detector)),
        said="HDF5 of MAPS",
    ),
    Row(
        "HDF5 of PyXRF and Larch",
        "NSLS-II, GSECARS: `xrfmap/detsum/counts`, `xrmmap/mcasum/counts`, or one of the "
        "detectors by `--detector det1`.",
        (Peer("h5py in PyXRF's layout", pyxrf),),
        said="HDF5 of PyXRF",
    ),
    Row(
        "HDF5 of CRONO",
        "XGLab: `/XRF/Spectra` and the energies in `/XRF/EnergyVector`.",
        (Peer("h5py in CRONO's layout", crono),),
        said="HDF5 of CRONO",
    ),
]
