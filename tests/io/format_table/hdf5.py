"""HDF5 of several programs."""

from __future__ import annotations

import lzma
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .case import FILES, Layout, Made, Peer, Real, Row, small_counts


def nxdata(folder: Path) -> Made:
    """Write an NXdata group with silx."""
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
    """Write a stack with PyMca."""
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


def pyxrf(folder: Path, **options: Any) -> Made:
    """Copy a file of PyXRF's ``save_data_to_hdf5``: two detectors and their sum, in float32."""
    path = shutil.copy(FILES / "pyxrf-1.0.31.h5", folder / "scan2D.h5")
    times = 2 if options else 3
    return Made(path, times * small_counts(), options=options)


def larch(folder: Path, **options: Any) -> Made:
    """Unpack a file of Larch's ``GSEXRM_MapFile``: two detectors and their sum, in float64."""
    packed = (FILES / "larch-2026.3.1.h5.xz").read_bytes()
    (folder / "xrmmap.h5").write_bytes(lzma.decompress(packed))
    times = 2 if options else 3
    counts = times * small_counts(channels=512)
    return Made(folder / "xrmmap.h5", counts, (0.02, -0.1), options=options)


def crono(folder: Path) -> Made:
    """Write spectra in the order of measurement, and the index of the spectrum of each pixel."""
    import h5py

    counts = small_counts()
    chosen = np.array([[1, 3, 4, 6], [12, 10, 9, 8], [13, 15, 16, 18]])
    spectra = np.ones((20, 160), np.uint16)
    spectra[chosen.ravel()] = counts.reshape(12, -1)
    with h5py.File(folder / "crono.HDF5", "w") as file:
        file["XRF/Spectra"] = spectra
        file["XRF/SpectraSelectedIndex"] = chosen[:, :, None].astype(np.uint64)
        file["XRF/EnergyVector"] = (-0.1 + 0.02 * np.arange(160)).astype(np.float32)
        file["XRF/LiveTimes"] = np.full(20, 59436, np.uint64)
    return Made(folder / "crono.HDF5", counts, (0.02, -0.1))


def bliss(folder: Path) -> Made:
    import h5py

    counts = small_counts()
    with h5py.File(folder / "scan.h5", "w") as file:
        measurement = file.create_group("1.1/measurement")
        measurement["fx_det0"] = counts.reshape(12, -1)
        measurement["fx_det0"].attrs["interpretation"] = "spectrum"
        measurement["samy"] = 0.5 * (np.arange(12) % 4)
        measurement["samz"] = 0.25 * (np.arange(12) // 4)
    return Made(folder / "scan.h5", counts)


def cronomaxrf(folder: Path) -> Made:
    """Copy the file that cronomaxrf's ``gridify`` made from the one that :func:`crono` writes."""
    path = shutil.copy(FILES / "cronomaxrf-0.0.12.h5", folder / "crono_GRIDIFIED.HDF5")
    return Made(path, small_counts(), (0.02, -0.1))


ROWS = [
    Row(
        "HDF5, NXdata and plain",
        "Stacks of PyMca and silx, and datasets of integer-valued counts with three axes in any "
        "order, or four including the detectors; energies, live times and pixel positions from "
        "datasets beside the counts. `--dataset` selects a dataset, `--detector` a detector. Links "
        "to other files are not followed.",
        (
            Peer("silx", nxdata, ("silx",)),
            Peer("PyMca", pymca, ("PyMca5",)),
            Peer("h5py", plain),
            Peer("cronomaxrf", cronomaxrf),
        ),
        described_as="HDF5 (.h5)",
    ),
    Row(
        "HDF5 of MAPS",
        "Advanced Photon Source: `MAPS_RAW/data_a` ..., or `MAPS/mca_arr`; energies, live times "
        "and pixel positions. Several detectors are summed; `--detector data_b` selects one.",
        (Real("APS MAPS", maps), Real("one detector of the same file", maps_detector)),
        described_as="HDF5 of MAPS",
    ),
    Row(
        "HDF5 of PyXRF",
        "NSLS-II: `xrfmap/detsum/counts`; `--detector det1` selects one detector.",
        (Peer("PyXRF", pyxrf), Peer("PyXRF", partial(pyxrf, detector="det2"))),
        described_as="HDF5 of PyXRF",
    ),
    Row(
        "HDF5 of Larch",
        "GSECARS: `xrmmap/mcasum/counts`; `--detector mca1` selects one detector.",
        (Peer("Larch", larch), Peer("Larch", partial(larch, detector="mca2"))),
        described_as="HDF5 of Larch",
    ),
    Row(
        "HDF5 of CRONO",
        "XGLab: the list of spectra `/XRF/Spectra`, assigned to pixels by "
        "`/XRF/SpectraSelectedIndex`; energies from `/XRF/EnergyVector`, and live times. A pixel "
        "without a spectrum is missing.",
        (Layout("CRONO 1.2, which cronomaxrf reads in the same way", crono),),
        described_as="HDF5 of CRONO",
    ),
    Row(
        "HDF5 with a list of spectra",
        "Spectra (spectrum, channel) in the order of the measurement, as BLISS writes them: placed "
        "by the positions of two motors beside them (in either direction, with noise and missing "
        "points), or by `--shape`, `--snake` and `--positions`; otherwise one row. Detectors are "
        "summed, or one is selected.",
        (Layout("BLISS, ESRF", bliss),),
        described_as="HDF5 with a list",
    ),
]
