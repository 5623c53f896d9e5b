"""Where the maps of a large scan wait until they are saved: on disk, not in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: The maps of a scan of so many pixels take some 250 MB.
LARGE_PIXELS = 2**18


@contextmanager
def room_on_disk(out: Path, pixels: int) -> Iterator[Path | None]:
    """A hidden folder beside `out` as long as the block lasts; None for a small scan.

    Parameters
    ----------
    out : Path
        What is to be written in the end: there is room for it, and so for its parts.
    pixels : int
        Pixels of the scan.
    """
    if pixels < LARGE_PIXELS:
        yield None
        return
    home = out.absolute().parent
    with tempfile.TemporaryDirectory(
        prefix=f".{out.name}.", suffix=".part", dir=home, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)
