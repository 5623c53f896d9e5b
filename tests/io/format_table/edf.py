"""EDF files of the ESRF."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .case import Made, Peer, Row, small_counts

CALIBRATION = {"MCA a": "-0.1", "MCA b": "0.02", "MCA c": "0"}


def fabio_series(folder: Path) -> Made:
    """Write one file per row, of one detector."""
    from fabio.edfimage import EdfImage

    counts = small_counts()
    for row, spectra in enumerate(counts):
        path = folder / f"map_xia00_0001_0000_{row:04d}.edf"
        EdfImage(data=spectra.astype(np.uint32), header=CALIBRATION).write(str(path))
    return Made(folder / "map_xia00_0001_0000_0001.edf", counts, (0.02, -0.1))


def fabio_stack(folder: Path) -> Made:
    """Write all rows to one file, without energies."""
    from fabio.edfimage import EdfImage

    counts = small_counts(channels=256)
    image = EdfImage(data=counts[0].astype(np.uint16))
    for spectra in counts[1:]:
        image.append_frame(data=spectra.astype(np.uint16))
    image.write(str(folder / "stack.edf"))
    return Made(folder / "stack.edf", counts)


def pymca(folder: Path) -> Made:
    """Write one file per row with PyMca."""
    from PyMca5.PyMcaIO.EdfFile import EdfFile

    counts = small_counts()
    for row, spectra in enumerate(counts):
        file = EdfFile(str(folder / f"row{row + 1}.edf"), "wb")
        file.WriteImage(CALIBRATION, spectra.astype(np.float32), DataType="FloatValue")
        del file
    return Made(folder, counts, (0.02, -0.1))


ROWS = [
    Row(
        "EDF (`.edf`)",
        "Rows of spectra: a folder of numbered files, any one of these files, or a single file "
        "with all rows. Detectors (`xia00`, `xia01` ...) are summed, or one is selected. A missing "
        "file is a missing row.",
        (
            Peer("fabio", fabio_series, ("fabio",)),
            Peer("fabio", fabio_stack, ("fabio",)),
            Peer("PyMca", pymca, ("PyMca5",)),
        ),
        described_as="EDF",
    ),
]
