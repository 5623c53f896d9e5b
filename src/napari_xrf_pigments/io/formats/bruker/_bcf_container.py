"""The container of a Bruker hypermap (.bcf): files in a file, perhaps compressed in blocks.

``rosettasciio`` reads the container. It trusts what the container says, so everything that
could lead it astray - sizes, rings of folders, compressed bombs - is checked here first.
"""

from __future__ import annotations

import importlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_xrf_pigments.io._reader import read_head

MAGIC = b"AAMVHFSS"
NEEDS = (
    "is a Bruker hypermap: to read it, install the package rosettasciio "
    "(pip install napari-xrf-pigments[bruker])"
)
_PREFIX = 0x148
_ITEM_BYTES = 0x200
_CHUNK_HEAD = 0x138
_MAX_ITEMS = 5000
_MAX_BLOCK = 64 * 2**20
_BLOCKS_AT = 0x80
#: What a damaged container makes the library raise.
BROKEN = (
    struct.error,
    zlib.error,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    RuntimeError,
    OverflowError,
    StopIteration,
    UnicodeDecodeError,
)


@dataclass(frozen=True)
class Blocks:
    """Where the pieces of a file of the container lie.

    Parameters
    ----------
    size : int
        Bytes of an unpacked piece; the last one may be shorter.
    starts : tuple of (int, int)
        Place and length of each packed piece; empty where nothing is packed.
    """

    size: int
    starts: tuple[tuple[int, int], ...] = ()


def library() -> Any:
    """The module of rosettasciio that reads Bruker's files.

    Raises
    ------
    ValueError
        If it is not installed.
    """
    try:
        return importlib.import_module("rsciio.bruker._api")
    except ImportError:
        raise ValueError(f"This {NEEDS}.") from None


def open_container(path: Path) -> dict[str, Any]:
    """The files of the database in a container, by name.

    Raises
    ------
    ValueError
        If it is damaged, or no hypermap.
    """
    reader = library().SFS_reader
    try:
        _check(path)
        files = reader(str(path)).vfs["EDSDatabase"]
        return {name: item for name, item in files.items() if hasattr(item, "read_piece")}
    except BROKEN:
        raise ValueError(f"{path.name} is truncated or damaged.") from None


def _check(path: Path) -> None:
    """Refuse a table of contents that would take endless time or memory.

    Raises
    ------
    IndexError, struct.error
        If something in it cannot be.
    """
    size = path.stat().st_size
    start = read_head(path, _PREFIX + 16)
    (chunk,) = struct.unpack_from("<I", start, 0x128)
    place, count = struct.unpack_from("<II", start, 0x140)
    if not 1024 <= chunk <= 2**24 or not 0 < count <= _MAX_ITEMS or place * chunk >= size:
        raise IndexError
    parents: list[int] = []
    with path.open("rb") as file:
        while len(parents) < count:
            file.seek(place * chunk + 0x118)
            (place,) = struct.unpack("<I", file.read(4))
            file.seek(28, 1)
            few = min((chunk - 32) // _ITEM_BYTES, count - len(parents))
            data = file.read(few * _ITEM_BYTES)
            for at in range(0, few * _ITEM_BYTES, _ITEM_BYTES):
                table, length = struct.unpack_from("<iQ", data, at)
                parents.append(struct.unpack_from("<i", data, at + 40)[0])
                is_folder = data[at + 220]
                if not is_folder and not (0 <= table * chunk < size and 0 < length <= size):
                    raise IndexError
    for number in range(count):
        steps = 0
        while number != -1:
            steps += 1
            if not 0 <= number < count or steps > count:
                raise IndexError
            number = parents[number]


def blocks_of(item: Any) -> Blocks:
    """Where the pieces of a file lie; looks at the head of each.

    Raises
    ------
    ValueError
        If a piece is too large.
    """
    if item.sfs.compression == "None":
        return Blocks(item.sfs.usable_chunk)
    if not 0 < item.uncompressed_blk_size <= _MAX_BLOCK:
        raise IndexError
    starts, offset = [], _BLOCKS_AT
    for _ in range(item.no_of_compr_blk):
        (length,) = struct.unpack("<I12x", item.read_piece(offset, 16))
        if offset + 16 + length > item.size:
            raise IndexError
        starts.append((offset + 16, length))
        offset += 16 + length
    return Blocks(item.uncompressed_blk_size, tuple(starts))


def unpacked(item: Any, blocks: Blocks, first: int = 0, most: int = 2**63) -> Iterator[bytes]:
    """The pieces of a file from one on, unpacked; none is longer than it may be.

    Raises
    ------
    IndexError
        If the file is cut off, or unpacks to more than `most` bytes.
    """
    if not blocks.starts:
        offset = first * blocks.size
        while offset < item.size:
            length = min(blocks.size, item.size - offset)
            piece = item.read_piece(offset, length)
            if len(piece) < length:
                raise IndexError
            yield piece
            offset += length
        return
    for offset, length in blocks.starts[first:]:
        unpacker = zlib.decompressobj()
        piece = unpacker.decompress(item.read_piece(offset, length), blocks.size)
        most -= len(piece)
        if most < 0 or (not unpacker.eof and len(piece) < blocks.size):
            raise IndexError
        yield piece


def span(item: Any, blocks: Blocks, start: int, stop: int) -> bytes:
    """The bytes of a file between two places, unpacked."""
    first = start // blocks.size
    wanted = stop - first * blocks.size
    pieces, found = [], 0
    for piece in unpacked(item, blocks, first):
        pieces.append(piece)
        found += len(piece)
        if found >= wanted:
            break
    if found < wanted:
        raise IndexError
    return b"".join(pieces)[start - first * blocks.size : wanted]


def whole(item: Any, limit: int) -> bytes:
    """All bytes of a file.

    Raises
    ------
    IndexError
        If it is longer than `limit`.
    """
    pieces, found = [], 0
    for piece in unpacked(item, blocks_of(item)):
        pieces.append(piece)
        found += len(piece)
        if found > limit:
            raise IndexError
    return b"".join(pieces)
