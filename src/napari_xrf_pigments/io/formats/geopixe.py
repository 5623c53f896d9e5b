"""List-mode export of GeoPIXE and IXRF (.GeoPIXE): a JSON header and counts of pixels.

The file starts with the length of the header (16 bits). Each record after it holds the counts of
one detector in one pixel: ``DP``, its length in bytes (32 bits), x, y, detector (16 bits each), a
dead time (32-bit float), and pairs of channel and counts (16 bits each); all little-endian.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments._typing import BoolArray
from napari_xrf_pigments.cube import Acquisition, EnergyAxis, XRFCube

from .. import _detector_choice as detectors
from .._lazy import LazyCube, dask_counts
from .._reader import (
    FormatReader,
    ReadOptions,
    check_size,
    estimated_axis,
    in_range_or_none,
    make_source,
    parse_float,
    read_head,
    used_number,
)

FORMAT = "GeoPIXE list mode (.GeoPIXE)"
_RECORD = struct.Struct("<2sIHHHf")
_MARK = b"DP"
_MAX_DETECTORS = 64
_HEADER_BYTES = 2 + 2**16


@dataclass(frozen=True)
class GeoPixeCube(LazyCube):
    """The counts of some detectors, added up.

    Parameters
    ----------
    records : ndarray of int64, shape (detector, y, x)
        Offset of each record in the file; 0 where there is none.
    channels : int
        Number of channels.
    """

    records: NDArray[np.int64]
    channels: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Lengths along (y, x, channel)."""
        return self.records.shape[1], self.records.shape[2], self.channels

    @property
    def dtype(self) -> np.dtype[Any]:
        """Wide enough for the sum of 64 detectors."""
        return np.dtype(np.uint32)

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Add up the records of the pixels within three slices."""
        rows, columns, channels = slices
        starts = self.records[:, rows, columns]
        spectra = np.zeros((*starts.shape[1:], self.channels), self.dtype)
        data: Any = np.memmap(self.path, np.uint8, "r")
        for detector, y, x in zip(*np.nonzero(starts), strict=True):
            start = int(starts[detector, y, x])
            _, length, *_ = _RECORD.unpack_from(data, start)
            pairs = data[start + _RECORD.size : start + length].view("<u2").reshape(-1, 2)
            if pairs.size and pairs[:, 0].max() >= self.channels:
                raise ValueError(f"{Path(self.path).name} is damaged: a channel is out of range.")
            np.add.at(spectra[y, x], pairs[:, 0], pairs[:, 1])
        return spectra[:, :, channels]


def matches(path: Path) -> bool:
    """Return whether the file begins with the header of such an export."""
    return path.is_file() and read_head(path, 2**10)[2:].lstrip().startswith(b'{\n\t"File Header"')


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open an export.

    Raises
    ------
    ValueError
        If it is damaged.
    """
    header, start = _header(path)
    about = _section(header, "File Header")
    columns, rows, count, channels = (
        _whole_number(path.name, about, key) for key in ("Xres", "Yres", "Dets", "Chan")
    )
    check_size(path.name, rows, columns, channels)
    if not 1 <= count <= _MAX_DETECTORS:
        raise ValueError(f"{path.name} declares {count} detectors, so its header is damaged.")
    records = _index(path, start, (count, rows, columns))
    names = [str(index) for index in range(count)]
    notes: list[str] = []
    chosen = detectors.select_detectors(options.detector, names) or tuple(range(count))
    detectors.note_selection(chosen, names, notes)
    used = records[list(chosen)]
    valid: BoolArray = np.all(used > 0, axis=0)
    missing = int(np.count_nonzero(~valid))
    if missing:
        notes.append(f"Pixels without a record, which count as missing: {missing:,}.")
    gain = parse_float(str(about.get("Gain (eV)")))
    axis = EnergyAxis(channels, gain / 1000, 0.0, "file") if gain and gain > 0 else None
    dwell = in_range_or_none(parse_float(str(about.get("Dwell (mS)"))), 0, 1e9)
    if dwell is not None:
        notes.append("The file states no live time; the dwell time is used instead.")
    return XRFCube(
        dask_counts(GeoPixeCube(str(path), used, channels), key=str(chosen)),
        axis or estimated_axis(channels, notes),
        _acquisition(header, notes),
        _pixel_mm(about, rows, columns),
        None if dwell is None else np.full((rows, columns), dwell / 1000),
        valid if missing else None,
        make_source(path, FORMAT, notes),
    )


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """Read the header, and the offset of the first record."""
    head = read_head(path, _HEADER_BYTES)
    end = 2 + int.from_bytes(head[:2], "little")
    try:
        header = json.loads(head[2:end].decode("utf-8"))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or end > len(head):
        raise ValueError(f"{path.name} is truncated or damaged: its header cannot be read.")
    return header, end


def _section(header: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = header.get(name)
    return section if isinstance(section, dict) else {}


def _whole_number(name: str, about: Mapping[str, Any], key: str) -> int:
    value = about.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} does not state {key} as a whole number in its header.")
    return value


def _index(path: Path, start: int, shape: tuple[int, int, int]) -> NDArray[np.int64]:
    """Find the record of each detector and pixel."""
    count, rows, columns = shape
    size = path.stat().st_size
    # Every record has 16 bytes at least, so that no header makes the index larger than the file.
    if count * rows * columns > max(size, 2**20):
        raise ValueError(f"{path.name} is truncated: it is far too short for its {rows} rows.")
    records = np.zeros(shape, np.int64)
    data: Any = np.memmap(path, np.uint8, "r")
    while start + _RECORD.size <= size:
        mark, length, x, y, detector, _ = _RECORD.unpack_from(data, start)
        whole = length >= _RECORD.size and (length - _RECORD.size) % 4 == 0
        if mark != _MARK or not whole or x >= columns or y >= rows or detector >= count:
            raise ValueError(f"{path.name} is damaged: a record at byte {start:,} is none.")
        if start + length > size:
            break  # cut short: the pixel is missing
        records[detector, y, x] = start
        start += length
    if not records.any():
        raise ValueError(f"{path.name} is truncated: it holds no counts.")
    return records


def _pixel_mm(about: Mapping[str, Any], rows: int, columns: int) -> tuple[float, float] | None:
    height = in_range_or_none(parse_float(str(about.get("Height (mm)"))), 0, 1e6)
    width = in_range_or_none(parse_float(str(about.get("Width (mm)"))), 0, 1e6)
    return None if height is None or width is None else (height / rows, width / columns)


def _acquisition(header: Mapping[str, Any], notes: list[str]) -> Acquisition:
    tube = _section(header, "X-ray Source")
    anode = tube.get("Elt")
    return Acquisition(
        anode=anode if isinstance(anode, str) and anode else None,
        tube_kv=used_number(parse_float(str(tube.get("KV"))), 1, 200, "tube voltage", "kV", notes),
        incidence_deg=in_range_or_none(parse_float(str(tube.get("Incid (°)"))), 0, 90),
        takeoff_deg=in_range_or_none(parse_float(str(tube.get("Take (°)"))), 0, 90),
    )


READER = FormatReader(FORMAT, matches, read, chooses_detectors=True)
