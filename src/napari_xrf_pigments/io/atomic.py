"""Atomic writing: a result appears under its name complete, or not at all."""

from __future__ import annotations

import ctypes
import io
import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # Linux, renameat2(2)
_RENAME_SWAP = 2  # macOS, renamex_np(2)


def write_atomically(
    target: Path, write: Callable[[Path], None], is_ours: Callable[[Path], bool]
) -> None:
    """Write under a temporary name beside the target, then rename.

    Parameters
    ----------
    target : Path
        File or folder to make.
    write : callable
        Writes the file or folder whose path it is given.
    is_ours : callable
        Whether something that is in the way may be replaced.

    Raises
    ------
    OSError
        If the target is not ours, its folder does not exist, or the disk fails; nothing new is
        left behind then.
    """
    ensure_replaceable(target, is_ours)
    temporary = temporary_beside(target)
    try:
        with translate_disk_errors(target):
            write(temporary)
        ensure_replaceable(target, is_ours)  # a long run: somebody may have put something there
        with translate_disk_errors(target):
            _replace(temporary, target)
    finally:
        remove(temporary)


def temporary_beside(target: Path) -> Path:
    """A name that nothing has, in the folder of the target.

    Raises
    ------
    FileNotFoundError
        If that folder does not exist.
    """
    if not target.parent.is_dir():
        raise FileNotFoundError(f"The folder {target.parent} does not exist.")
    # A short name of its own: a long target's name plus a suffix may be too long for the disk.
    return target.parent / f".{target.name[:40]}.{uuid.uuid4().hex[:8]}.part"


class SourceError(OSError):
    """What is being written could not be read; its text is a sentence for the user."""


@contextmanager
def translate_disk_errors(target: Path) -> Iterator[None]:
    """Errors of the disk as a sentence that names the target.

    Raises
    ------
    OSError
        Where one was raised within.
    """
    try:
        yield
    except SourceError:
        raise
    except OSError as error:
        reason = (error.strerror or "the disk refused it").lower()
        raise OSError(f"{target.name} could not be written: {reason}.") from error


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def ensure_replaceable(target: Path, is_ours: Callable[[Path], bool]) -> None:
    """Make sure that nothing but our own is written over.

    Raises
    ------
    FileExistsError
        If something else is there.
    """
    if (target.exists() or target.is_symlink()) and not is_ours(target):
        raise FileExistsError(
            f"{target.name} exists and is not a result of this program, so it was left as it is."
        )


def ensure_outside_scan(target: Path, scan: Path) -> None:
    """Make sure that what is to be written is no part of a scan.

    Parameters
    ----------
    target : Path
        What is to be written.
    scan : Path
        The file or folder of the scan.

    Raises
    ------
    ValueError
        If `target` is the scan, lies in it, or holds it.
    """
    there, source = target.resolve(), scan.resolve()
    halves = source.is_file() and there.parent == source.parent and there.stem == source.stem
    if there == source or (halves and there.is_file()):
        raise ValueError(f"{target} is part of the scan; choose another name for the results.")
    if source.is_dir() and source in there.parents:
        raise ValueError(f"{target} lies inside the scan's folder; choose another place.")
    if there in source.parents:
        raise ValueError(f"{target} is the folder that holds the scan; choose another place.")


def _replace(temporary: Path, target: Path) -> None:
    if not target.exists() or (target.is_file() and temporary.is_file()):
        os.replace(temporary, target)
        return
    # A folder cannot be renamed onto a full one: they change places, and the caller removes
    # what then has the temporary name. A program killed here leaves the old or the new one.
    if exchange(temporary, target):
        return
    # Elsewhere the old one steps aside and comes back on failure.
    old = temporary.with_suffix(".old")
    os.replace(target, old)
    try:
        os.replace(temporary, target)
    except OSError:
        os.replace(old, target)
        raise
    remove(old)


def exchange(first: Path, second: Path) -> bool:
    """Swap the names of two paths of one disk at once, so that neither is ever missing.

    Returns
    -------
    bool
        False where the system or the disk cannot do it; then nothing was changed.
    """
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        one, other = os.fsencode(first), os.fsencode(second)
        if sys.platform == "linux":
            return bool(libc.renameat2(_AT_FDCWD, one, _AT_FDCWD, other, _RENAME_EXCHANGE) == 0)
        if sys.platform == "darwin":
            return bool(libc.renamex_np(one, other, _RENAME_SWAP) == 0)
    except (OSError, AttributeError, TypeError):
        return False
    return False


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
