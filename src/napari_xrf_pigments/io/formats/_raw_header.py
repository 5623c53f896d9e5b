"""Common parts of the text headers of raw cubes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class RawHeader:
    """The header of a file of counts.

    Parameters
    ----------
    shape : tuple of int
        (y, x, channel).
    axes : tuple of int
        Which axes of the file are y, x and channel.
    dtype : str
        numpy type string of a count, with its byte order.
    offset : int
        Bytes before the data.
    keys : mapping
        All keys (lower case) and values.
    notes : tuple of str
        Sentences on the assumptions made.
    """

    shape: tuple[int, int, int]
    axes: tuple[int, int, int]
    dtype: str
    offset: int
    keys: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def disk_shape(self) -> tuple[int, int, int]:
        """Shape as it lies in the file."""
        shape = [0, 0, 0]
        for axis, length in zip(self.axes, self.shape, strict=True):
            shape[axis] = length
        return shape[0], shape[1], shape[2]


def whole_number(keys: Mapping[str, str], key: str, name: str, default: int | None = None) -> int:
    """Read a whole number from a header.

    Parameters
    ----------
    keys : mapping
        Keys and values of the header.
    key : str
        Key of the number.
    name : str
        Name of the header in errors.
    default : int, optional
        For a key that is not stated; without it the key must be there.

    Raises
    ------
    ValueError
        If it is missing or no whole number.
    """
    text = keys.get(key)
    if text is None:
        if default is None:
            raise ValueError(f"{name} does not state {key}.")
        return default
    try:
        return int(text)
    except ValueError:
        raise ValueError(
            f"{name} states {key} as {text[:20]!r}, which is no whole number."
        ) from None
