"""One row of the table of formats, and the files that support it.

Each module beside this one declares ``ROWS``: one row per format, each with at least one case.
``test_format_table.py`` opens every case. ``python -m tests.io.format_table.table`` writes the
table in ``docs/formats.md`` from the rows, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

#: Small files, written by programs that the tests do not install and named with their version.
FILES = Path(__file__).parent / "files"
Holds = Literal["scan", "spectrum", "maps"]


@dataclass(frozen=True)
class Made:
    """A file and its expected content.

    Parameters
    ----------
    path : Path
        The file or folder.
    counts : ndarray, shape (y, x, channel), or None
        The counts; None for a large file, which is compared by `shape` and `total`.
    kev : tuple of float or None
        Gain and offset in keV stated in the file; None if it states none.
    shape, total
        Shape (y, x, channel) and sum of all counts, where `counts` is None.
    maps : mapping
        Name to map (y, x), if the file contains element maps.
    options : mapping
        Keyword arguments of ``open_cube``.
    """

    path: Path
    counts: NDArray[Any] | None = None
    kev: tuple[float, float] | None = None
    shape: tuple[int, int, int] | None = None
    total: int | None = None
    maps: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """A file written by another program.

    Parameters
    ----------
    writer : str
        Name of that program in the table.
    make : callable
        Writes the file into an empty folder, or copies one of ``files/`` if the program cannot
        be installed together with the others.
    needs : tuple of str
        Modules without which the case is skipped.
    """

    writer: str
    make: Callable[[Path], Made]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A file made by the tests in the layout of a format that no available program writes.

    Parameters
    ----------
    writer : str
        Whose layout it is, and where it is described.
    make : callable
        Writes the file into an empty folder.
    needs : tuple of str
        Modules without which the case is skipped.
    """

    writer: str
    make: Callable[[Path], Made]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Real:
    """A file of a real instrument, which cannot be distributed with the source.

    Parameters
    ----------
    writer : str
        Name of the instrument or program in the table.
    make : callable
        Called with the folder of real files and an empty folder to unpack into.
    needs : tuple of str
        Modules without which the case is skipped.
    """

    writer: str
    make: Callable[[Path, Path], Made]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A format.

    Parameters
    ----------
    format : str
        First column of the table.
    reads : str
        Variants and metadata that are read.
    cases : tuple of Real, Peer and Layout
        The files to open; at least one.
    holds : {"scan", "spectrum", "maps"}
        Content of such a file.
    described_as : str
        Name of the format in the output of ``describe``, or a part of it.
    """

    format: str
    reads: str
    cases: tuple[Real | Peer | Layout, ...]
    holds: Holds = "scan"
    described_as: str = ""


def small_counts(rows: int = 3, columns: int = 4, channels: int = 160) -> NDArray[np.int64]:
    """Make counts that differ in every pixel, so that no rows or columns can be exchanged."""
    pixels = np.arange(rows * columns, dtype=np.int64).reshape(rows, columns, 1)
    return pixels + 16 * (np.arange(channels) % 13)
