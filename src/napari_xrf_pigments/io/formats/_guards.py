"""Guards around the libraries that parse files of unknown origin."""

from __future__ import annotations

import logging
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Exceptions that parsing a damaged file can raise.
DAMAGE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    struct.error,
    MemoryError,
    RuntimeError,
    StopIteration,
    zlib.error,
)


@contextmanager
def damage_as_value_error(path: Path) -> Iterator[None]:
    """Translate the exceptions of a parser into one sentence that names the file.

    A ``ValueError`` whose text ends with a full stop is a sentence for the user already, and
    only gets the name of the file.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    try:
        yield
    except DAMAGE as error:
        sentence = str(error)
        if not isinstance(error, ValueError) or not sentence.endswith("."):
            raise ValueError(f"{path.name} is truncated or damaged.") from error
        if path.name in sentence:
            raise
        raise ValueError(f"{path.name}: {sentence}") from error


def inflate(packed: bytes, limit: int) -> bytes:
    """Decompress a zlib stream (deflate) that declares its length.

    Parameters
    ----------
    packed : bytes
        The compressed stream.
    limit : int
        The declared length in bytes, which bounds the memory used.

    Raises
    ------
    ValueError
        If the stream holds more.
    zlib.error
        If it is damaged.
    """
    decompressor = zlib.decompressobj()
    data = decompressor.decompress(packed, limit)
    rest = decompressor.unconsumed_tail
    if rest and decompressor.decompress(rest, 1):
        raise ValueError("A block is longer when unpacked than it declares, so it is damaged.")
    return data


@contextmanager
def quiet_logger(name: str) -> Iterator[None]:
    """Drop what a library logs in this thread: errors reach the user as one sentence."""
    thread = threading.get_ident()

    def from_elsewhere(record: logging.LogRecord) -> bool:
        return record.thread != thread

    logger = logging.getLogger(name)
    logger.addFilter(from_elsewhere)
    try:
        yield
    finally:
        logger.removeFilter(from_elsewhere)
