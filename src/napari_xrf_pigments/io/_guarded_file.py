"""A file for libraries that do not survive a failing disk."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any


class GuardedFile(io.RawIOBase):
    """A file, open for writing and reading, that keeps the first error instead of raising it.

    HDF5 buffers what it writes and, when the disk fails as it closes, drops the error or even
    crashes. Handed this file it always believes to have succeeded; :meth:`check` tells the truth.

    Parameters
    ----------
    path : Path
        File to make.

    Raises
    ------
    OSError
        If it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("w+b", buffering=0)
        self.error: OSError | None = None

    def check(self) -> None:
        """Raise what went wrong so far.

        Raises
        ------
        OSError
            The first error of the disk.
        """
        if self.error is not None:
            raise self.error

    def write(self, data: Any) -> int:
        """Write bytes; after an error, nothing."""
        view = memoryview(data).cast("B")
        done = 0
        while self.error is None and done < len(view):
            try:
                # A disk that is nearly full takes a part and says so.
                done += self._file.write(view[done:]) or 0
            except OSError as error:
                self.error = error
        return len(view)

    def readinto(self, buffer: Any) -> int:
        """Read bytes; what was never written is zero."""
        view = memoryview(buffer).cast("B")
        found = self._file.readinto(view) or 0
        view[found:] = bytes(len(view) - found)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the size."""
        wanted = self._file.tell() if size is None else size
        try:
            self._file.truncate(wanted)
        except OSError as error:
            self.error = self.error or error
        return wanted

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Tell the position."""
        return self._file.tell()

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def writable(self) -> bool:
        """Whether it can be written: yes."""
        return True

    def seekable(self) -> bool:
        """Whether the position can be moved: yes."""
        return True

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            super().close()
            try:
                self._file.close()
            except OSError as error:
                self.error = self.error or error
