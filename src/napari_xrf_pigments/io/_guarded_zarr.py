"""Read Zarr arrays of unknown origin: plain codecs only, and chunks of bounded size.

Codecs trust the size that a chunk declares, or unpack until memory is exhausted. Each chunk is
therefore checked first: its size is computed, or it is unpacked up to the limit and discarded,
which costs time only for the slow codecs (gzip, bz2, lzma).
"""

from __future__ import annotations

import bz2
import json
import lzma
import math
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ._reader import read_head

#: Size of the largest chunk that is read, unpacked.
MAX_CHUNK_BYTES = 2**30
_JSON_BYTES = 16 * 2**20
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_BLOCK = 128 * 2**10
# Headers, checksums and the padding of the last block.
SLACK = 2**20
# Codecs that turn bytes into numbers and nothing else: others (pickle!) could run code.
_CODECS = {
    "blosc", "zlib", "gzip", "zstd", "lz4", "bz2", "lzma", "shuffle", "delta", "crc32", "crc32c",
    "adler32", "fletcher32", "fixedscaleoffset", "bitround", "packbits", "bytes", "transpose",
    "sharding_indexed", "astype",
}  # fmt: skip


def metadata(folder: Path) -> dict[str, Any]:
    """Read kind, shape, type, attributes and codecs from the JSON files of a folder.

    Raises
    ------
    ValueError
        If they are damaged.
    """
    new = _json(folder / "zarr.json")
    if new:
        return new
    old = _json(folder / ".zarray")
    kind = "array" if old else "group"
    return {**old, "node_type": kind, "attributes": _json(folder / ".zattrs")}


def codecs_allowed(about: Mapping[str, Any]) -> bool:
    """Return whether all codecs of an array only turn bytes into numbers."""
    named: list[Any] = []
    waiting: list[Any] = [about.get(key) for key in ("codecs", "filters", "compressor")]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            named.append(item.get("id", item.get("name")))
            configuration = item.get("configuration")
            if isinstance(configuration, dict):
                waiting += [configuration.get("codecs"), configuration.get("index_codecs")]
        elif item is not None:
            return False
    return all(
        isinstance(name, str) and name.removeprefix("numcodecs.") in _CODECS for name in named
    )


def _json(path: Path) -> dict[str, Any]:
    size = path.stat().st_size if path.is_file() else 0  # reading a pipe would never end
    text = read_head(path, min(size, _JSON_BYTES + 1))
    if not text:
        return {}
    try:
        content = json.loads(text) if len(text) <= _JSON_BYTES else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise ValueError(f"The metadata in {path.name} are damaged.")
    return content


def open_checked(folder: Path, name: str) -> Any:
    """Open an array whose codecs and chunks are checked first.

    Parameters
    ----------
    folder : Path
        Folder of the array.
    name : str
        Name of the store, for error messages.

    Returns
    -------
    zarr.Array
        Reading a chunk that unpacks to more than it declares raises ValueError.

    Raises
    ------
    ValueError
        If a codec could run code, or the chunks are too large.
    FileNotFoundError
        If there is no array.
    """
    about = metadata(folder)
    if not codecs_allowed(about):
        raise ValueError(f"{name} is compressed in a way that is not read.")
    array = open_guarded(folder, MAX_CHUNK_BYTES)
    chunk_bytes = math.prod(array.shards or array.chunks) * array.dtype.itemsize
    if chunk_bytes > MAX_CHUNK_BYTES:
        raise ValueError(f"{name} is cut into chunks that are far too large.")
    return open_guarded(folder, chunk_bytes, name)


def open_guarded(folder: Path, chunk_bytes: int, name: str = "The store") -> Any:
    """Open an array whose chunks may unpack to `chunk_bytes`; larger ones raise ValueError."""
    import zarr

    return zarr.open_array(_store_class()(folder, chunk_bytes, name), mode="r")


@cache
def _store_class() -> Any:
    from zarr.storage import LocalStore

    class GuardedStore(LocalStore):
        """A read-only folder with bounded chunks."""

        def __init__(self, root: Path, limit: int, name: str) -> None:
            super().__init__(root, read_only=True)
            self._limit = limit
            self._error = f"{name} is damaged: a chunk is far larger than it declares."

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
                    raise ValueError(self._error)

        def _checked(self, value: Any) -> Any:
            if value is not None and exceeds_declared_size(value.to_bytes(), self._limit + SLACK):
                raise ValueError(self._error)
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
