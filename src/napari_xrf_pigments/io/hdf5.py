"""HDF5 scans: NXdata and plain datasets with three axes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..cube import XRFCube
from .contract import FormatReader, ReadOptions, check_size, estimated_axis, head, make_source
from .hdf5_find import Candidate, can_be_counts, describe_dataset, find_candidates, settings_of
from .lazy import as_slices, holds_whole_numbers, lazy_cube
from .plain_settings import acquisition_from_settings, axis_from_settings, pixel_from_settings

FORMAT = "HDF5 (.h5)"
MAGIC = b"\x89HDF\r\n\x1a\n"
_USER_BLOCKS = (0, 512, 1024, 2048)


@dataclass(frozen=True)
class Hdf5Cube:
    """A cube in an HDF5 file, which is opened at each access."""

    path: str
    name: str
    disk_shape: tuple[int, int, int]
    disk_dtype: str
    axes: tuple[int, int, int]

    ndim = 3

    @property
    def shape(self) -> tuple[int, int, int]:
        """(y, x, channel)."""
        y, x, channel = self.axes
        return self.disk_shape[y], self.disk_shape[x], self.disk_shape[channel]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a count, in the byte order of this machine."""
        return np.dtype(self.disk_dtype).newbyteorder("=")

    def __getitem__(self, key: Any) -> NDArray[Any]:
        import h5py

        wanted: list[Any] = [slice(None)] * 3
        slices, rest = as_slices(key)
        for axis, part in zip(self.axes, slices, strict=True):
            wanted[axis] = part
        with h5py.File(self.path, "r") as file:
            block = file[self.name][tuple(wanted)]
        return np.ascontiguousarray(block.transpose(self.axes)[rest], dtype=self.dtype)


def is_hdf5(path: Path) -> bool:
    """Whether the file has the signature of HDF5 (cheap)."""
    start = head(path, _USER_BLOCKS[-1] + len(MAGIC))
    return any(start[skip : skip + len(MAGIC)] == MAGIC for skip in _USER_BLOCKS)


def matches(path: Path) -> bool:
    """Whether the file holds something that can be a scan; a damaged HDF5 file matches too."""
    if not is_hdf5(path):
        return False
    import h5py

    try:
        with h5py.File(path, "r") as file:
            candidates = find_candidates(file)
            return any(
                each.energies is not None or _whole(path, file, each) for each in candidates[:5]
            )
    except OSError:
        return path.suffix.lower() in (".h5", ".hdf5", ".nxs", ".hdf")
    except (RuntimeError, KeyError, ValueError, TypeError):
        return False


def read(path: Path, options: ReadOptions) -> XRFCube:
    """Open the surest dataset, or the one that `options` names.

    Raises
    ------
    ValueError
        If the file is damaged or has no such dataset.
    """
    import h5py

    try:
        file = h5py.File(path, "r")
    except PermissionError:
        raise
    except OSError:
        raise ValueError(f"{path.name} is truncated or damaged: HDF5 cannot open it.") from None
    with file:
        notes: list[str] = []
        try:
            chosen = _choose(path, file, options, notes)
            return _open(path, file, chosen, notes)
        except (RuntimeError, KeyError, OSError):
            raise ValueError(f"{path.name} is damaged: HDF5 cannot read its datasets.") from None


def _choose(path: Path, file: Any, options: ReadOptions, notes: list[str]) -> Candidate:
    if options.dataset is not None:
        dataset = file.get(options.dataset)
        shape = getattr(dataset, "shape", None)
        if dataset is None or not can_be_counts(shape, getattr(dataset, "dtype", np.dtype("O"))):
            raise ValueError(
                f"{path.name} has no dataset {options.dataset} with three axes of counts."
            )
        asked = describe_dataset(file, dataset, asked_for=True)
        assert asked is not None  # asked_for never gives None
        return asked
    candidates = [each for each in find_candidates(file) if _whole(path, file, each)]
    if not candidates:
        raise ValueError(f"{path.name} holds no dataset of whole counts with three axes.")
    if len(candidates) > 1:
        others = ", ".join(each.name for each in candidates[1:6])
        notes.append(f"{candidates[0].name} was opened; the file also holds {others}.")
    return candidates[0]


def _open(path: Path, file: Any, chosen: Candidate, notes: list[str]) -> XRFCube:
    dataset = file[chosen.name]
    source = _cube(path, dataset, chosen)
    rows, columns, channels = source.shape
    check_size(path.name, rows, columns, channels)
    if chosen.guessed:
        notes.append(
            f"Axis {chosen.axes[2] + 1} of {chosen.name} ({channels} values) "
            "was taken as the spectrum."
        )
    pieces = dataset.chunks
    file_chunks = None
    if pieces is not None:
        file_chunks = (pieces[chosen.axes[0]], pieces[chosen.axes[1]], pieces[chosen.axes[2]])
    settings = settings_of(file, chosen.name)
    axis = chosen.energies or axis_from_settings(settings, channels)
    return XRFCube(
        lazy_cube(source, file_chunks, chosen.name + str(chosen.axes)),
        axis or estimated_axis(channels, notes),
        acquisition_from_settings(settings),
        chosen.pixel_mm or pixel_from_settings(settings),
        source=make_source(path, FORMAT, notes),
    )


def _cube(path: Path, dataset: Any, chosen: Candidate) -> Hdf5Cube:
    return Hdf5Cube(str(path), chosen.name, tuple(dataset.shape), dataset.dtype.str, chosen.axes)


def _whole(path: Path, file: Any, candidate: Candidate) -> bool:
    """Integers, or floats that are whole in a few pixels."""
    dataset = file[candidate.name]
    return dataset.dtype.kind in "ui" or holds_whole_numbers(_cube(path, dataset, candidate))


READER = FormatReader(FORMAT, matches, read)
