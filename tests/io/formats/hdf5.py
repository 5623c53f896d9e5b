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


def maps(real: Path, folder: Path) -> Made:
    import h5py

    (path,) = (real / "maps_hdf5").glob("*.h5")
    with h5py.File(path, "r") as file:
        counts = np.moveaxis(file["MAPS_RAW/data_a"][()], 0, 2)
    return Made(path, counts)


ROWS = [
    Row(
        "HDF5",
        "NXdata and plain datasets with three axes of whole counts; the energy axis where one lies "
        "beside them. `--dataset` chooses among several.",
        (Peer("silx", nxdata, ("silx",)), Real("APS MAPS", maps)),
        said="HDF5",
    ),
]
