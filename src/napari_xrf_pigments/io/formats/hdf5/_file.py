"""Opening an HDF5 file, and plain sentences where that does not work."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


def open_file(path: Path) -> Any:
    """An HDF5 file, open for reading; further compression filters if they are installed.

    Raises
    ------
    ValueError
        If another program is writing it, or HDF5 cannot make sense of it.
    OSError
        If it cannot be read.
    """
    import h5py

    _register_filters()
    try:
        return h5py.File(path, "r")
    except (PermissionError, FileNotFoundError):
        raise
    except OSError as error:
        if "unable to lock" in str(error):
            raise ValueError(f"{path.name} is being written by another program.") from None
        raise ValueError(f"{path.name} is truncated or damaged: HDF5 cannot open it.") from None


@cache
def _register_filters() -> None:
    try:
        import hdf5plugin  # noqa: F401
    except ImportError:
        pass


def why_unreadable(path: Path, error: Exception) -> str:
    """A plain sentence on counts that HDF5 cannot read."""
    text = str(error)
    if "required filter" in text or "not registered" in text or "plugin" in text:
        return f"{path.name} is compressed in a way that needs the package hdf5plugin."
    return f"{path.name} is damaged: HDF5 cannot read its datasets."
