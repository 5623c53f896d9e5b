"""Pieces of a Zarr store that would unpack to more than they declare are not unpacked.

The codecs believe what a piece says of itself, or unpack until memory ends. So what comes from the
disk is looked at first: how much it would give is counted, or unpacked up to the bound and thrown
away, which costs time only for the slow codecs (gzip, bz2, lzma).
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
# Headers, checksums and the last block's room.
SLACK = 2**20


def guarded_store(path: Path, limit: int) -> Any:
    """A store at a folder whose pieces give at most so many bytes.

    Reading a piece that gives more raises ValueError.
    """
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
            place = self.root / key
            if place.exists() and not place.is_dir():
                # A pipe would be waited for without end.
                if not place.is_file() or place.stat().st_size > 2 * self._limit + SLACK:
                    raise ValueError("A piece of the store is far larger than it declares.")

        def _checked(self, value: Any) -> Any:
            if value is not None and exceeds_declared_size(value.to_bytes(), self._limit + SLACK):
                raise ValueError("A piece of the store is longer when unpacked than it declares.")
            return value

    return GuardedStore


def exceeds_declared_size(packed: bytes, limit: int) -> bool:
    """Whether packed bytes of any known kind would unpack to more than `limit` bytes.

    False for bytes of other kinds, and for damaged ones: their codec says so.
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
    # Blosc says its size (bytes 4 to 7) and allocates it at once.
    blosc = packed[:1] == b"\x02" and len(packed) >= 16
    return blosc and int.from_bytes(packed[4:8], "little") > limit


def _inflates_beyond(packed: bytes, limit: int, kind: int) -> bool:
    unpacking = zlib.decompressobj(kind)
    done = len(unpacking.decompress(packed, limit + 1))
    return done > limit


def _zstd_size(packed: bytes) -> int:
    """At most how many bytes frames of zstd give, by their blocks (RFC 8878)."""
    total, place = 0, 0
    while packed[place : place + 4] == _ZSTD:
        flags = packed[place + 4] if place + 4 < len(packed) else 0
        single = bool(flags & 0x20)
        place += 5 + (not single) + (0, 1, 2, 4)[flags & 3]
        place += ((1 if single else 0), 2, 4, 8)[flags >> 6]
        last = False
        while not last and place + 3 <= len(packed):
            header = int.from_bytes(packed[place : place + 3], "little")
            last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
            total += size if kind in (0, 1) else _ZSTD_BLOCK
            place += 3 + (1 if kind == 1 else size)
        if not last:
            break
        place += 4 * bool(flags & 4)
    return total
