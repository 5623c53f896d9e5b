"""The container of Bruker hypermaps (AidAim's "Single File System"): files within a file.

It consists of chunks of one size, each with a header of 32 bytes that starts with the number of
the next chunk. The table of contents is a list of items of 512 bytes; each points to the table of
the chunks of its file. A file may be compressed in blocks (zlib). Every length and number that the
container states is checked before it is used.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from napari_xrf_pigments._typing import IntArray

from .._guards import inflate

MAGIC = b"AAMVHFSS"
_FOLDER = "EDSDatabase"
# Chunk 0 begins behind this many bytes.
_FIRST_CHUNK = 0x118
_CHUNK_HEADER = struct.Struct("<I28x")
_MAX_ITEMS = 5000
# Item: table of chunks, size, three dates, flags, parent, a folder or not, name.
_ITEM = struct.Struct("<iQ28xi176x?3x256s32x")
_COMPRESSED = b"AACS"
_FIRST_BLOCK = 0x80
_MAX_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True)
class StoredFile:
    """A file in the container.

    Parameters
    ----------
    path : str
        The container.
    size : int
        Bytes of the file, as stored.
    chunk_bytes : int
        Bytes of a chunk without its header.
    chunks : ndarray, shape (chunk,)
        Where the chunks begin in the container, in bytes.
    """

    path: str
    size: int
    chunk_bytes: int
    chunks: IntArray

    def read(self, start: int, length: int) -> bytes:
        """Return the bytes from `start` on, as stored.

        Raises
        ------
        IndexError
            If the file or the container is shorter.
        """
        if start + length > self.size:
            raise IndexError
        parts = []
        with open(self.path, "rb") as file:
            while length > 0:
                chunk, inside = divmod(start, self.chunk_bytes)
                file.seek(int(self.chunks[chunk]) + inside)
                part = file.read(min(length, self.chunk_bytes - inside))
                if not part:
                    raise IndexError
                parts.append(part)
                start, length = start + len(part), length - len(part)
        return b"".join(parts)


def open_container(path: Path) -> dict[str, StoredFile]:
    """Find the files of the database in a container.

    Returns
    -------
    dict
        The files by their names.

    Raises
    ------
    IndexError, struct.error, UnicodeDecodeError
        If the table of contents is impossible.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(_FIRST_CHUNK + 0x40)
        (chunk,) = struct.unpack_from("<I", start, 0x128)
        first, count = struct.unpack_from("<II", start, 0x140)
        if not 1024 <= chunk <= 2**24 or not 0 < count <= _MAX_ITEMS:
            raise IndexError
        per_chunk = (chunk - _CHUNK_HEADER.size) // _ITEM.size
        contents = _chained(file, first, chunk, -(-count // per_chunk), per_chunk * _ITEM.size)
        items = [_item(contents, number) for number in range(count)]
        for item in items:
            if item.parent != -1 and not items[item.parent].is_folder:
                raise IndexError
            if not item.is_folder and not (
                0 <= item.table * chunk < size and 0 < item.size <= size
            ):
                raise IndexError
        return {
            item.name: _stored_file(file, item, chunk)
            for item in items
            if not item.is_folder and item.parent != -1 and items[item.parent].name == _FOLDER
        }


@dataclass(frozen=True)
class _Item:
    """An entry of the table of contents: a file, or a folder."""

    table: int
    size: int
    parent: int
    is_folder: bool
    name: str


def _item(contents: bytes, number: int) -> _Item:
    table, size, parent, is_folder, name = _ITEM.unpack_from(contents, number * _ITEM.size)
    if parent < -1:
        raise IndexError
    return _Item(table, size, parent, is_folder, name.strip(b"\0").decode("utf-8"))


def _stored_file(file: IO[bytes], item: _Item, chunk: int) -> StoredFile:
    usable = chunk - _CHUNK_HEADER.size
    n_chunks = -(-item.size // usable)
    table = _chained(file, item.table, chunk, -(-4 * n_chunks // usable), usable)
    numbers = np.frombuffer(table, "<u4", n_chunks).astype(np.int64)
    starts = numbers * chunk + _FIRST_CHUNK + _CHUNK_HEADER.size
    return StoredFile(file.name, item.size, usable, starts)


def _chained(file: IO[bytes], chunk: int, size: int, count: int, useful: int) -> bytes:
    """Join `useful` bytes of each of `count` chunks, of which each names the next."""
    parts = []
    for _ in range(count):
        file.seek(chunk * size + _FIRST_CHUNK)
        (chunk,) = _CHUNK_HEADER.unpack(file.read(_CHUNK_HEADER.size))
        parts.append(file.read(useful))
    return b"".join(parts)


@dataclass(frozen=True)
class Blocks:
    """A stored file as a sequence of blocks, compressed or not.

    Parameters
    ----------
    file : StoredFile
        The file.
    block_bytes : int
        Bytes of an unpacked block; the last one may be shorter.
    compressed : tuple of (int, int)
        Start and length of each compressed block; empty where nothing is compressed.
    """

    file: StoredFile
    block_bytes: int
    compressed: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, file: StoredFile) -> Blocks:
        """Find the blocks of a file; reads the header of each.

        Raises
        ------
        IndexError, struct.error
            If a block is too large or reaches beyond the file.
        """
        start = file.read(0, min(16, file.size))
        if not start.startswith(_COMPRESSED):
            return cls(file, file.chunk_bytes)
        block_bytes, count = struct.unpack("<4xI4xI", start)
        if not 0 < block_bytes <= _MAX_BLOCK_BYTES:
            raise IndexError
        compressed, at = [], _FIRST_BLOCK
        for _ in range(count):
            (length,) = struct.unpack("<I12x", file.read(at, 16))
            if at + 16 + length > file.size:
                raise IndexError
            compressed.append((at + 16, length))
            at += 16 + length
        return cls(file, block_bytes, tuple(compressed))

    def unpack(self, first: int = 0) -> Iterator[bytes]:
        """Yield the blocks from number `first` on, unpacked.

        Raises
        ------
        IndexError, zlib.error, ValueError
            If the file is cut off or a block holds more than it declares.
        """
        if not self.compressed:
            for start in range(first * self.block_bytes, self.file.size, self.block_bytes):
                yield self.file.read(start, min(self.block_bytes, self.file.size - start))
        for after, (start, length) in enumerate(self.compressed[first:], first + 1):
            block = inflate(self.file.read(start, length), self.block_bytes)
            if len(block) < self.block_bytes and after < len(self.compressed):
                raise IndexError
            yield block

    def read(self, start: int, stop: int) -> bytes:
        """Return the unpacked bytes from `start` to before `stop`.

        Raises
        ------
        IndexError, zlib.error, ValueError
            If the file is cut off or damaged.
        """
        first = start // self.block_bytes
        start, stop = start - first * self.block_bytes, stop - first * self.block_bytes
        parts, n_bytes = [], 0
        for block in self.unpack(first):
            parts.append(block)
            n_bytes += len(block)
            if n_bytes >= stop:
                return b"".join(parts)[start:stop]
        raise IndexError

    def read_all(self, limit: int) -> bytes:
        """Return all unpacked bytes.

        Raises
        ------
        IndexError
            If there are more than `limit`.
        """
        parts, n_bytes = [], 0
        for block in self.unpack():
            parts.append(block)
            n_bytes += len(block)
            if n_bytes > limit:
                raise IndexError
        return b"".join(parts)
