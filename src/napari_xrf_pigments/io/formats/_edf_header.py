"""The frames of an EDF file (ESRF data format): text headers, each with its block of numbers.

The common library for this format follows names of other files in the header, unpacks without a
limit, fills what is missing with zeros, and can be held up by a negative size. So the headers, a
few lines of ``Key = Value ;`` between braces, are read here, and what those would need is refused;
the tests compare with files that the library wrote.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from .._reader import read_head
from ._raw_header import whole_number

_BLOCK = 512
MAX_HEADER_BYTES = 512 * _BLOCK
MAX_FRAMES = 100_000
_TYPES = {
    "signedbyte": "i1",
    "signed8": "i1",
    "unsignedbyte": "u1",
    "unsigned8": "u1",
    "signedshort": "i2",
    "signed16": "i2",
    "unsignedshort": "u2",
    "unsigned16": "u2",
    "unsignedshortinteger": "u2",
    "signedinteger": "i4",
    "signedlong": "i4",
    "signed32": "i4",
    "unsignedinteger": "u4",
    "unsignedlong": "u4",
    "unsigned32": "u4",
    "signed64": "i8",
    "unsigned64": "u8",
    "float": "f4",
    "floatvalue": "f4",
    "floatieee32": "f4",
    "float32": "f4",
    "double": "f8",
    "doublevalue": "f8",
    "floatieee64": "f8",
    "doubleieee64": "f8",
}


@dataclass(frozen=True)
class EdfFrame:
    """One block of numbers in an EDF file.

    Parameters
    ----------
    path : str
        The file.
    start : int
        Where its numbers begin, in bytes.
    shape : tuple of int
        Slowest axis first.
    dtype : str
        numpy type string with byte order.
    keys : mapping
        Keys (lower case) and values of the header.
    complete : bool
        Whether the file reaches to the end of the block.
    """

    path: str
    start: int
    shape: tuple[int, ...]
    dtype: str
    keys: Mapping[str, str]
    complete: bool


def is_edf(path: Path) -> bool:
    """Whether a file begins with an EDF header."""
    start = read_head(path, MAX_HEADER_BYTES // 8).lstrip()
    if not start.startswith(b"{"):
        return False
    lowered = start.lower()
    return b"byteorder" in lowered and b"datatype" in lowered and b";" in start


def frames(path: Path, most: int = MAX_FRAMES) -> Iterator[EdfFrame]:
    """The frames of a file, of which only the headers are read.

    Raises
    ------
    ValueError
        If a header is damaged or asks for what is not read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        for _ in range(most):
            keys = _next_header(file, path.name)
            if keys is None:
                return
            if "edf_binaryfilename" in keys:
                raise ValueError(f"{path.name} keeps its counts in another file: not read.")
            if keys.get("compression", "none").lower()[:2] != "no":
                raise ValueError(f"{path.name} holds compressed frames, which are not read.")
            start = file.tell()
            shape, dtype = _shape(keys, path.name), _dtype(keys, path.name)
            needed = dtype.itemsize * (int(np.prod(shape, dtype=object)) if shape else 0)
            stored = _stored_bytes(keys, needed, path.name)
            if shape:
                complete = start + needed <= size
                yield EdfFrame(os.fspath(path), start, shape, dtype.str, keys, complete)
            # Only ever forward: a size of 0 or less would read the same header for ever.
            file.seek(start + max(stored, needed))


def _next_header(file: IO[bytes], name: str) -> dict[str, str] | None:
    """Keys of the header at this place of the file, which then stands behind it."""
    begun = file.tell()
    text = file.read(_BLOCK)
    if not text.strip(b"\0 \r\n\t"):
        return None
    if not text.lstrip().startswith(b"{"):
        if begun == 0:
            raise ValueError(f"{name} does not begin with an EDF header.")
        return None  # what follows the last frame is no business of ours
    while True:
        ends = [text.find(mark) + len(mark) for mark in (b"}\n", b"}\r\n") if mark in text]
        if ends:
            break
        more = file.read(_BLOCK)
        if not more or len(text) > MAX_HEADER_BYTES:
            raise ValueError(f"{name} has a header without an end, so it is damaged.")
        text += more
    file.seek(begun + min(ends))
    keys = {}
    for entry in text[: min(ends)].decode("latin-1").strip("{} \r\n").split(";"):
        key, equals, value = entry.partition("=")
        if equals:
            keys[key.strip().lower()] = value.strip()
    return keys


def _shape(keys: Mapping[str, str], name: str) -> tuple[int, ...]:
    shape: list[int] = []
    while f"dim_{len(shape) + 1}" in keys and len(shape) < 4:
        length = whole_number(keys, f"dim_{len(shape) + 1}", name)
        if length < 1 or length > 10**9:
            raise ValueError(f"{name} declares an axis of {length} values, so it is damaged.")
        shape.insert(0, length)
    return tuple(shape)


def _dtype(keys: Mapping[str, str], name: str) -> np.dtype[np.generic]:
    kind = _TYPES.get(keys.get("datatype", "unsignedshort").lower())
    if kind is None:
        raise ValueError(f"{name} holds numbers of an unknown type ({keys['datatype'][:20]!r}).")
    order = ">" if keys.get("byteorder", "low").lower().startswith("high") else "<"
    return np.dtype(order + kind)


def _stored_bytes(keys: Mapping[str, str], needed: int, name: str) -> int:
    key = next((key for key in ("edf_binarysize", "size") if key in keys), None)
    if key is None:
        return needed
    size = whole_number(keys, key, name)
    if size < 0:
        raise ValueError(f"{name} declares a block of {size} bytes, so it is damaged.")
    return size
