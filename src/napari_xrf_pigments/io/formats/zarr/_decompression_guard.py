"""Protection from pieces of a Zarr store that unpack to more than they declare.

Codecs trust the size that a piece declares, or unpack until memory is exhausted. Each piece is
therefore checked first: its size is computed, or it is unpacked up to the limit and discarded,
which costs time only for the slow codecs (gzip, bz2, lzma).
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from functools import cache
from pathlib import Path
from typing import Any

_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_BLOCK = 128 * 2**10
# Headers, checksums and the padding of the last block.
SLACK = 2**20


def guarded_store(path: Path, limit: int) -> Any:
    """Open a store whose pieces may unpack to `limit` bytes; larger ones raise ValueError."""
    return _class()(path, limit)


@cache
def _class() -> Any:
    from zarr.storage import LocalStore

    class GuardedStore(LocalStore):
        """A read-only folder with bounded pieces."""

        def __init__(self, root: Path, limit: int) -> None:
            super().__init__(root, read_only=True)
            self._limit = limit

        async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
            self._check_file(key)
            return self._checked(await super().get(key, prototype, byte_range))

        def get_sync(self, key: str, *, prototype: Any = None, byte_range: Any = None) -> Any:
            self._check_file(key)
            return self._checked(super().get_sync(key, prototype=prototype, byte_range=byte_range))

        def _check_file(self, key: str) -> None:
            file = self.root / key
            if file.exists() and not file.is_dir():
                # Reading a pipe would never end.
                if not file.is_file() or file.stat().st_size > 2 * self._limit + SLACK:
                    raise ValueError("A piece of the store is far larger than it declares.")

        def _checked(self, value: Any) -> Any:
            if value is not None and exceeds_declared_size(value.to_bytes(), self._limit + SLACK):
                raise ValueError("A piece of the store is longer when unpacked than it declares.")
            return value

    return GuardedStore


def exceeds_declared_size(packed: bytes, limit: int) -> bool:
    """Return whether packed bytes of any known kind unpack to more than `limit` bytes.

    False for bytes of other kinds, and for damaged ones, which their codec refuses.
    """
    if packed.startswith(_ZSTD):
        return _zstd_size(packed) > limit
    try:
        if packed.startswith(b"\x1f\x8b"):
            return _inflates_beyond(packed, limit, 31)
        if packed[:1] == b"\x78" and len(packed) > 1 and not int.from_bytes(packed[:2]) % 31:
            return _inflates_beyond(packed, limit, 15)
        if packed.startswith(b"BZh"):
            return len(bz2.BZ2Decompressor().decompress(packed, limit + 1)) > limit
        if packed.startswith(b"\xfd7zXZ\0"):
            return len(lzma.LZMADecompressor().decompress(packed, limit + 1)) > limit
    except (zlib.error, OSError, EOFError, lzma.LZMAError):
        return False
    # Blosc declares its size in bytes 4 to 7 and allocates it at once.
    blosc = packed[:1] == b"\x02" and len(packed) >= 16
    return blosc and int.from_bytes(packed[4:8], "little") > limit


def _inflates_beyond(packed: bytes, limit: int, kind: int) -> bool:
    unpacking = zlib.decompressobj(kind)
    done = len(unpacking.decompress(packed, limit + 1))
    return done > limit


def _zstd_size(packed: bytes) -> int:
    """Return an upper bound of the size of zstd frames, by their blocks (RFC 8878)."""
    total, position = 0, 0
    while packed[position : position + 4] == _ZSTD:
        flags = packed[position + 4] if position + 4 < len(packed) else 0
        single = bool(flags & 0x20)
        position += 5 + (not single) + (0, 1, 2, 4)[flags & 3]
        position += ((1 if single else 0), 2, 4, 8)[flags >> 6]
        last = False
        while not last and position + 3 <= len(packed):
            header = int.from_bytes(packed[position : position + 3], "little")
            last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
            total += size if kind in (0, 1) else _ZSTD_BLOCK
            position += 3 + (1 if kind == 1 else size)
        if not last:
            break
        position += 4 * bool(flags & 4)
    return total
