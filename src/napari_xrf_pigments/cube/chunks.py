"""Chunk shapes of a cube, decided in one place."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

TARGET_BYTES = 32 * 2**20
# Decompressed for a single spectrum: some milliseconds of work.
PIECE_BYTES = 2**20


def choose_chunks(
    shape: tuple[int, int, int], dtype: DTypeLike, target_bytes: int = TARGET_BYTES
) -> tuple[int, int, int]:
    """Choose the chunk shape of a (y, x, channel) cube; energies are never split.

    Chunks are whole rows as far as a row is smaller than the target, since files
    hold rows one after the other; a chunk holds 16-64 MB wherever the cube does.

    Parameters
    ----------
    shape : tuple of int
        (y, x, channel).
    dtype : dtype_like
        Type of a count.
    target_bytes : int
        Wanted size of a chunk in bytes.

    Returns
    -------
    tuple of int
        Chunk lengths along (y, x, channel).
    """
    rows, columns, channels = shape
    spectrum = max(1, channels * np.dtype(dtype).itemsize)
    pixels = max(1, target_bytes // spectrum)
    if pixels >= columns:
        height = min(rows, max(1, pixels // max(1, columns)))
        # Even pieces: a thin last chunk would cost as many calls as a full one.
        height = math.ceil(rows / math.ceil(rows / height)) if rows else 1
        return height, columns, channels
    pieces = math.ceil(columns / pixels)
    return 1, math.ceil(columns / pieces), channels


def choose_pieces(
    shape: tuple[int, int, int], dtype: DTypeLike
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Choose how a (y, x, channel) cube is stored in a chunked file.

    Blocks as large as the chunks of :func:`choose_chunks` are written at once; each is
    compressed in pieces of about 1 MB, so that one spectrum is one small read.

    Parameters
    ----------
    shape : tuple of int
        (y, x, channel).
    dtype : dtype_like
        Type of a count.

    Returns
    -------
    block, piece : tuple of int
        Lengths along (y, x, channel); a block holds whole pieces, and may reach over the
        right edge of the cube.
    """
    height, width, channels = choose_chunks(shape, dtype)
    rows, columns, _ = choose_chunks((height, width, channels), dtype, PIECE_BYTES)
    while height % rows:
        rows -= 1
    return (height, math.ceil(width / columns) * columns, channels), (rows, columns, channels)
