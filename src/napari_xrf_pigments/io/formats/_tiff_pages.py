"""Reading parts of the pages of a TIFF file, compressed or not."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._lazy import LazyCube

# Compressions that cannot blow up beyond their bounds: none, LZW, deflate (two numbers), PackBits.
_DEFLATE = (8, 32946)
_COMPRESSIONS = (1, 5, *_DEFLATE, 32773)
# No compression of these makes less than this part of a page.
_MOST_UNPACKED = 4000
MAX_PIECE_BYTES = 256 * 2**20
# No scan has more channels or rows, and no page more tags.
MAX_PAGES = 100_000
_MOST_TAGS = 4096
_CLASSIC = {order: (f"{order}H", 12, f"{order}I") for order in "<>"}
# All that parsing a damaged file can raise.
_DAMAGE = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    struct.error,
    RecursionError,
    MemoryError,
    RuntimeError,
    zlib.error,
)


@dataclass(frozen=True)
class PagesInPlace(LazyCube):
    """Uncompressed pages anywhere in a file.

    Parameters
    ----------
    path : str
        The file.
    offsets : tuple of int
        First byte of each page.
    page_shape : tuple of int
        Rows and columns of a page.
    disk_dtype : str
        numpy type string with byte order.
    axes : tuple of int
        Which of (page, row, column) are y, x and channel.
    """

    offsets: tuple[int, ...]
    page_shape: tuple[int, int]
    disk_dtype: str
    axes: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(y, x, channel)."""
        lengths = (len(self.offsets), *self.page_shape)
        y, x, channel = self.axes
        return lengths[y], lengths[x], lengths[channel]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a count, in the byte order of this machine."""
        return np.dtype(self.disk_dtype).newbyteorder("=")

    def read(self, slices: tuple[slice, slice, slice]) -> NDArray[Any]:
        """Read the pages within three slices."""
        wanted = [slice(None)] * 3
        for axis, part in zip(self.axes, slices, strict=True):
            wanted[axis] = part
        block = self._pages(wanted[0], wanted[1], wanted[2])
        return np.ascontiguousarray(block.transpose(self.axes), dtype=self.dtype)

    def _pages(self, pages: slice, rows: slice, columns: slice) -> NDArray[Any]:
        chosen = self.offsets[pages]
        height, width = self.page_shape
        shape = len(range(*rows.indices(height))), len(range(*columns.indices(width)))
        block = np.empty((len(chosen), *shape), self.dtype)
        for target, offset in zip(block, chosen, strict=True):
            disk: Any = np.memmap(self.path, self.disk_dtype, "r", offset, self.page_shape)
            target[...] = disk[rows, columns]
        return block


@dataclass(frozen=True)
class PackedPages(PagesInPlace):
    """Compressed pages, of which only the strips or tiles are unpacked that are asked for.

    The offsets only count the pages.
    """

    def _pages(self, pages: slice, rows: slice, columns: slice) -> NDArray[Any]:
        height, width = self.page_shape
        ys, xs = range(*rows.indices(height)), range(*columns.indices(width))
        chosen = range(*pages.indices(len(self.offsets)))
        block = np.empty((len(chosen), len(ys), len(xs)), self.dtype)
        if block.size == 0:
            return block
        with opened(Path(self.path)) as tif:
            tif.pages.useframes = True
            for target, index in zip(block, chosen, strict=True):
                window = unpacked(tif, tif.pages[index], (ys[0], ys[-1] + 1), (xs[0], xs[-1] + 1))
                target[...] = window[:: ys.step, :: xs.step]
        return block


def check_chain(path: Path) -> None:
    """Refuse pages that lead back to one another: the library would count them for ever.

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
        width, seen = struct.calcsize(number), set[int]()
        try:
            (offset,) = struct.unpack_from(link, start, 8 if big else 4)
            while 0 < offset < size:
                if offset in seen:
                    raise ValueError(f"{path.name} is damaged: its pages lead back to one another.")
                if len(seen) == MAX_PAGES:
                    raise ValueError(f"{path.name} has more than {MAX_PAGES:,} pages.")
                seen.add(offset)
                file.seek(offset)
                (tags,) = struct.unpack(number, file.read(width))
                if tags > _MOST_TAGS:
                    return
                file.seek(tags * tag_bytes, 1)
                (offset,) = struct.unpack(link, file.read(struct.calcsize(link)))
        except (struct.error, OSError):
            return  # it ends early, which the library notices


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A TIFF file, whose damage becomes one sentence; no other file is ever opened for it.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    import logging

    import tifffile

    # What it logs on damaged files is told in a sentence here.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    check_chain(path)
    try:
        tif = tifffile.TiffFile(path, _multifile=False)
    except _DAMAGE as error:
        raise ValueError(f"{path.name} is truncated or damaged.") from error
    with tif:
        try:
            yield tif
        except ValueError as error:
            if str(error).endswith("."):  # a sentence of our own
                if path.name in str(error):
                    raise
                raise ValueError(f"{path.name}: {error}") from error
            raise ValueError(f"{path.name} is truncated or damaged.") from error
        except _DAMAGE as error:
            raise ValueError(f"{path.name} is truncated or damaged.") from error


def check_packing(path: Path, page: Any) -> None:
    """Refuse pages that are packed in a way that cannot be unpacked within bounds.

    Raises
    ------
    ValueError
        With one sentence.
    """
    if int(page.compression) not in _COMPRESSIONS:
        raise ValueError(f"{path.name} is compressed in a way that is not read.")
    if not _can_unpack(page):
        raise ValueError(f"{path.name} is compressed: reading it needs the package imagecodecs.")
    if _piece_bytes(page) > MAX_PIECE_BYTES:
        raise ValueError(f"{path.name} is packed in pieces that are far too large.")


def _can_unpack(page: Any) -> bool:
    from tifffile import TIFF

    known = ((TIFF.DECOMPRESSORS, page.compression), (TIFF.UNPREDICTORS, page.predictor))
    try:
        return all(int(code) == 1 or table[int(code)] is not None for table, code in known)
    except KeyError:
        return False


def check_pieces(
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
        whole > _MOST_UNPACKED * sum(counts)
        or short
        or any(start + count > size for start, count in zip(starts, counts, strict=True))
    ):
        raise ValueError(f"{path.name} is truncated: its pages reach beyond its end.")


def _piece_bytes(page: Any) -> int:
    tall, wide = _piece_shape(page)
    return tall * wide * int(page.dtype.itemsize)


def _piece_shape(page: Any) -> tuple[int, int]:
    if page.is_tiled:
        return int(page.tilelength), int(page.tilewidth)
    return int(min(page.rowsperstrip, page.imagelength)), int(page.imagewidth)


def unpacked(tif: Any, page: Any, rows: tuple[int, int], columns: tuple[int, int]) -> NDArray[Any]:
    """A part of a page, rows and columns from the first to before the last, from its pieces."""
    first = tif.pages.first
    out = np.zeros((rows[1] - rows[0], columns[1] - columns[0]), first.dtype)
    tall, wide = _piece_shape(first)
    across = -(-first.imagewidth // wide)
    for down in range(rows[0] // tall, -(-rows[1] // tall)):
        for along in range(columns[0] // wide, -(-columns[1] // wide)):
            data = _piece(tif, first, page, down * across + along)
            top, left = down * tall, along * wide
            y0, y1 = max(rows[0], top), min(rows[1], top + data.shape[0])
            x0, x1 = max(columns[0], left), min(columns[1], left + data.shape[1])
            part = data[y0 - top : y1 - top, x0 - left : x1 - left]
            out[y0 - rows[0] : y1 - rows[0], x0 - columns[0] : x1 - columns[0]] = part
    return out


def _piece(tif: Any, first: Any, page: Any, index: int) -> NDArray[Any]:
    """A strip or tile, unpacked."""
    tif.filehandle.seek(page.dataoffsets[index])
    packed = tif.filehandle.read(page.databytecounts[index])
    if int(first.compression) in _DEFLATE:
        # The library would unpack without a limit.
        unpacking = zlib.decompressobj()
        unpacking.decompress(packed, _piece_bytes(first))
        if unpacking.unconsumed_tail and unpacking.decompress(unpacking.unconsumed_tail, 1):
            raise ValueError("A page is longer when unpacked than it declares.")
    data, _, shape = first.decode(packed, index)
    if data is None:
        return np.zeros(shape[1:3], first.dtype)
    return np.asarray(data).reshape(data.shape[1:3])
