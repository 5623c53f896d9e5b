"""One row of the table of formats, and the files that prove it.

A module beside this one declares ``ROWS``: a row for each format, each with at least one case.
Every case is opened by ``test_format_table.py``, and the table in ``docs/formats.md`` is made
from the rows: ``python -m tests.io.format_table.table`` writes it, a test compares it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

#: Small files that programs wrote which the tests do not install, named with their version.
FILES = Path(__file__).parent / "files"
Holds = Literal["scan", "spectrum", "maps"]


@dataclass(frozen=True)
class Made:
    """A file, and what must be found in it.

    Parameters
    ----------
    path : Path
        The file or folder.
    counts : ndarray, shape (y, x, channel), or None
        The counts; None where `shape` and `total` say enough of a large file.
    kev : tuple of float or None
        Gain and offset in keV that the file states; None where it states none.
    shape, total
        Shape (y, x, channel) and sum of all counts, where `counts` is None.
    maps : mapping
        Name to map (y, x), where the file holds element maps.
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
        That program, as the table calls it.
    make : callable
        Writes the file into an empty folder, or copies one of ``files/``, which the program
        wrote where it does not live with the others.
    needs : tuple of str
        Modules without which the case is skipped.
    """

    writer: str
    make: Callable[[Path], Made]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A file made here in the layout of a format, where no program at hand writes it.

    Parameters
    ----------
    writer : str
        Whose layout, and how it is known.
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
    """A file of a real instrument, which cannot be given away with the source.

    Parameters
    ----------
    writer : str
        The instrument or program, as the table calls it.
    make : callable
        Handed the folder of real files and an empty folder to unpack into.
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
        What is read, in words.
    cases : tuple of Real, Peer and Layout
        The files that were opened; at least one.
    holds : {"scan", "spectrum", "maps"}
        What such a file is.
    said : str
        What ``describe`` calls the format (a part of it is enough).
    """

    format: str
    reads: str
    cases: tuple[Real | Peer | Layout, ...]
    holds: Holds = "scan"
    said: str = ""


def small_counts(rows: int = 3, columns: int = 4, channels: int = 160) -> NDArray[np.int64]:
    """Counts in which no two pixels are alike and no two rows or columns can be mixed up."""
    pixels = np.arange(rows * columns, dtype=np.int64).reshape(rows, columns, 1)
    return pixels + 16 * (np.arange(channels) % 13)
