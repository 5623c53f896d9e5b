"""Pages of TIFF files, read in parts and within bounds.

``tifffile`` parses the pages and decodes their strips and tiles. Its Zarr stores (``aszarr``) do
not serve for scans: they decode whole strips, and a page is one strip in most files, so that one
spectrum would read the whole file (in 1024 pages of 200 x 300 pixels, seven times slower); and
without the package imagecodecs they unpack deflate without a limit. Its series follow other files
and trust any size in a description, so only the tags of the pages are used.
"""

from __future__ import annotations

import struct
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._lazy import StoredArray
from .._reader import read_head
from ._guards import damage_as_value_error, inflate, quiet_logger

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Compressions that expand within bounds: none, LZW, deflate (two numbers), PackBits.
_DEFLATE = (8, 32946)
_COMPRESSIONS = (1, 5, *_DEFLATE, 32773)
# By this factor at most is a page longer than its compressed bytes.
_MAX_COMPRESSION = 4000
MAX_SEGMENT_BYTES = 256 * 2**20
# No scan has more channels or rows, and no page more tags.
MAX_PAGES = 100_000
_MAX_TAGS = 4096
_CLASSIC = {order: (f"{order}H", 12, f"{order}I") for order in "<>"}


def is_tiff(path: Path) -> bool:
    """Check whether a file has the signature of TIFF or BigTIFF."""
    return read_head(path, 4) in MAGIC


@contextmanager
def open_tiff(path: Path) -> Iterator[Any]:
    """Open a TIFF file as a ``tifffile.TiffFile``; no other file is ever opened for it.

    Raises
    ------
    ValueError
        If the file is damaged, also where that shows within the block.
    """
    import tifffile

    check_chain(path)
    # A description in OME-XML may name other files.
    with quiet_logger("tifffile"), damage_as_value_error(path):
        with tifffile.TiffFile(path, is_ome=False) as tif:
            yield tif


def check_chain(path: Path) -> None:
    """Refuse pages that lead back to one another.

    tifffile looks for such rings once, at the hundredth page, and else counts for ever.

    Raises
    ------
    ValueError
        With one sentence.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(16)
        order, big = "<" if start[:2] == b"II" else ">", b"+" in start[2:4]
        number, tag_bytes, link = (f"{order}Q", 20, f"{order}Q") if big else _CLASSIC[order]
        width, visited = struct.calcsize(number), set[int]()
        try:
            (offset,) = struct.unpack_from(link, start, 8 if big else 4)
            while 0 < offset < size:
                if offset in visited:
                    raise ValueError(f"{path.name} is damaged: its pages lead back to one another.")
                if len(visited) == MAX_PAGES:
                    raise ValueError(f"{path.name} has more than {MAX_PAGES:,} pages.")
                visited.add(offset)
                file.seek(offset)
                (tags,) = struct.unpack(number, file.read(width))
                if tags > _MAX_TAGS:
                    return
                file.seek(tags * tag_bytes, 1)
                (offset,) = struct.unpack(link, file.read(struct.calcsize(link)))
        except (struct.error, OSError):
            return  # it ends early, which the library notices


@dataclass(frozen=True)
class _Pages(StoredArray):
    """Pages of one size, of which parts are read; the first axis on disk is the page."""

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Read the parts of the pages within three slices."""
        on_disk = [slice(None)] * 3
        for axis, part in zip(self.axes, slices, strict=True):
            on_disk[axis] = part
        pages, rows, columns = (
            range(*part.indices(length))
            for part, length in zip(on_disk, self.disk_shape, strict=True)
        )
        block = np.empty((len(pages), len(rows), len(columns)), self.dtype)
        if block.size:
            for target, image in zip(block, self.images(pages, rows, columns), strict=True):
                target[...] = image
        return self.ordered(block)

    @abstractmethod
    def images(self, pages: range, rows: range, columns: range) -> Iterator[NDArray[Any]]:
        """Yield a part of each page, shape (row, column)."""


@dataclass(frozen=True)
class UncompressedPages(_Pages):
    """Pages that each lie in one piece, which is mapped into memory.

    Parameters
    ----------
    offsets : tuple of int
        First byte of each page.
    """

    offsets: tuple[int, ...] = ()

    def images(self, pages: range, rows: range, columns: range) -> Iterator[NDArray[Any]]:
        """Yield a part of each page, shape (row, column)."""
        for page in pages:
            image: Any = np.memmap(
                self.path, self.disk_dtype, "r", self.offsets[page], self.disk_shape[1:]
            )
            yield image[
                rows.start : rows.stop : rows.step, columns.start : columns.stop : columns.step
            ]


@dataclass(frozen=True)
class SegmentedPages(_Pages):
    """Pages of strips or tiles, compressed or not, of which only the needed ones are decoded."""

    def images(self, pages: range, rows: range, columns: range) -> Iterator[NDArray[Any]]:
        """Yield a part of each page, shape (row, column)."""
        with open_tiff(Path(self.path)) as tif:
            tif.pages.useframes = True
            ys, xs = (rows[0], rows[-1] + 1), (columns[0], columns[-1] + 1)
            for page in pages:
                yield read_window(tif, tif.pages[page], ys, xs)[:: rows.step, :: columns.step]


def check_compression(path: Path, page: Any) -> None:
    """Refuse pages whose compression cannot be undone, or not within bounds.

    Raises
    ------
    ValueError
        With one sentence.
    """
    if int(page.compression) not in _COMPRESSIONS:
        raise ValueError(f"{path.name} is compressed in a way that is not read.")
    if not _can_decode(page):
        raise ValueError(f"{path.name} is compressed: reading it needs the package imagecodecs.")
    if _segment_bytes(page) > MAX_SEGMENT_BYTES:
        raise ValueError(f"{path.name} has strips or tiles that are far too large.")


def _can_decode(page: Any) -> bool:
    from tifffile import TIFF

    known = ((TIFF.DECOMPRESSORS, page.compression), (TIFF.UNPREDICTORS, page.predictor))
    try:
        return all(int(code) == 1 or table[int(code)] is not None for table, code in known)
    except KeyError:
        return False


def check_segments(
    path: Path, first: Any, starts: Sequence[int], counts: Sequence[int], size: int
) -> None:
    """Refuse a page whose strips or tiles are not those of the first, or beyond the end.

    Raises
    ------
    ValueError
        With one sentence.
    """
    if len(starts) != len(first.dataoffsets) or len(counts) != len(starts):
        raise ValueError(f"{path.name} has pages of different sizes, so it is no scan.")
    plain = int(first.compression) == 1
    if plain and sum(counts) != sum(first.databytecounts):
        raise ValueError(f"{path.name} has pages of different sizes, so it is no scan.")
    whole = first.imagelength * first.imagewidth * first.dtype.itemsize
    short = plain and sum(counts) < whole
    if (
        whole > _MAX_COMPRESSION * sum(counts)
        or short
        or any(start + count > size for start, count in zip(starts, counts, strict=True))
    ):
        raise ValueError(f"{path.name} is truncated: its pages reach beyond its end.")


def _segment_bytes(page: Any) -> int:
    height, width = _segment_shape(page)
    return height * width * int(page.dtype.itemsize)


def _segment_shape(page: Any) -> tuple[int, int]:
    if page.is_tiled:
        return int(page.tilelength), int(page.tilewidth)
    return int(min(page.rowsperstrip, page.imagelength)), int(page.imagewidth)


def read_window(
    tif: Any, page: Any, rows: tuple[int, int], columns: tuple[int, int]
) -> NDArray[Any]:
    """Read a part of a page from its strips or tiles.

    Parameters
    ----------
    tif : tifffile.TiffFile
        The file.
    page : tifffile.TiffPage or tifffile.TiffFrame
        The page.
    rows, columns : tuple of (int, int)
        The first, and the one behind the last.
    """
    first = tif.pages.first
    out = np.zeros((rows[1] - rows[0], columns[1] - columns[0]), first.dtype)
    height, width = _segment_shape(first)
    across = -(-first.imagewidth // width)
    for down in range(rows[0] // height, -(-rows[1] // height)):
        for along in range(columns[0] // width, -(-columns[1] // width)):
            data = _read_segment(tif, first, page, down * across + along)
            top, left = down * height, along * width
            y0, y1 = max(rows[0], top), min(rows[1], top + data.shape[0])
            x0, x1 = max(columns[0], left), min(columns[1], left + data.shape[1])
            part = data[y0 - top : y1 - top, x0 - left : x1 - left]
            out[y0 - rows[0] : y1 - rows[0], x0 - columns[0] : x1 - columns[0]] = part
    return out


def _read_segment(tif: Any, first: Any, page: Any, index: int) -> NDArray[Any]:
    """Decode a strip or tile."""
    tif.filehandle.seek(page.dataoffsets[index])
    packed = tif.filehandle.read(page.databytecounts[index])
    if int(first.compression) in _DEFLATE:
        inflate(packed, _segment_bytes(first))  # tifffile would unpack without a limit
    data, _, shape = first.decode(packed, index)
    if data is None:
        return np.zeros(shape[1:3], first.dtype)
    return np.asarray(data).reshape(data.shape[1:3])
