"""Make small scans in several formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

MCA = """<<PMCA SPECTRUM>>\r
TAG - live_data_2\r
LIVE_TIME - {live}\r
REAL_TIME - {real}\r
<<CALIBRATION>>\r
LABEL - Channel\r
10 1.0\r
110 6.0\r
<<DATA>>\r
{data}\r
<<END>>\r
"""

RPL = """key        \t value
width      \t {x}
height     \t {y}
depth      \t {n}
offset     \t {offset}
data-Length\t {length}
data-type  \t {kind}
byte-order \t {order}
record-by  \t {record}
depthscaleorigin          -0.956
depthscaleincrement    0.010002
depthscaleunits         keV
"""


@pytest.fixture
def counts() -> np.ndarray:
    """Make counts, shape (3, 4, 160), that differ between all pixels of a channel."""
    return numbered_counts(3, 4)


def numbered_counts(rows: int, columns: int) -> np.ndarray:
    """Make counts of 160 channels; arrays without names need sides other than 1, 3 and 4."""
    pixels = np.arange(rows * columns, dtype=np.int64).reshape(rows, columns, 1)
    return pixels + 16 * (np.arange(160) % 13)


def mca_text(counts: np.ndarray, live: float = 0, real: float = 3.004) -> str:
    data = "\r\n".join(str(int(value)) for value in counts)
    return MCA.format(live=live, real=real, data=data)


@pytest.fixture
def mca_folder(tmp_path: Path, counts: np.ndarray) -> Path:
    """Make a scan as CHNet's program writes it: the table, and the pixels in a sub-folder."""
    root = tmp_path / "panel"
    (root / "10264").mkdir(parents=True)
    table = "righe  3\r\ncolonne  4\r\ndwell-time 3,000000\r\n"
    (root / "colonneXrighe.txt").write_text(table, newline="")
    for index, spectrum in enumerate(counts.reshape(12, -1)):
        path = root / "10264" / f"None_{index + 1}.mca"
        path.write_text(mca_text(spectrum), newline="")
    spot = root / "10264" / "SPOT_1.mca"
    spot.write_text(mca_text(counts[0, 0] + 1000), newline="")
    return root


WriteRipple = Callable[..., Path]


@pytest.fixture
def write_ripple(tmp_path: Path, counts: np.ndarray) -> WriteRipple:
    """Write the counts as a Ripple pair and return the path of the header."""

    def write(
        dtype: str = "<u2", record: str = "vector", offset: int = 0, template: str = RPL
    ) -> Path:
        kind = {"u": "unsigned", "i": "signed", "f": "float"}[np.dtype(dtype).kind]
        order = "big-endian" if dtype.startswith(">") else "little-endian"
        data = counts.astype(dtype)
        if record == "image":
            data = np.moveaxis(data, 2, 0)
        header = tmp_path / "scan.rpl"
        y, x, n = counts.shape
        header.write_text(
            template.format(
                x=x, y=y, n=n, offset=offset, length=data.itemsize, kind=kind, order=order,
                record=record,
            )
        )  # fmt: skip
        (tmp_path / "scan.raw").write_bytes(b"\xff" * offset + data.tobytes())
        return header

    return write
