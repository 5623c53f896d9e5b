"""Atomic writing of files and folders: they get their final names when complete, or not at all."""

from __future__ import annotations

import ctypes
import io
import os
import re
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # Linux, renameat2(2)
_RENAME_SWAP = 2  # macOS, renamex_np(2)
# Threads of a writer that failed may still create files in a folder while it is removed.
_REMOVALS = 20


def write_atomically(
    target: Path, write: Callable[[Path], object], is_own_output: Callable[[Path], bool]
) -> None:
    """Write under a temporary name beside the target, then rename.

    Parameters
    ----------
    target : Path
        File or folder to make.
    write : callable
        Writes the file or folder whose path it is given.
    is_own_output : callable
        Whether something that has the name already may be replaced.

    Raises
    ------
    OSError
        If the target is not an output of this program, its folder does not exist, or the disk
        fails; nothing new is left behind then.
    """
    check_output(target, is_own_output)
    temporary = temporary_beside(target)
    try:
        with translate_disk_errors(target):
            write(temporary)
        check_output(target, is_own_output)  # it may have appeared during a long run
        with translate_disk_errors(target):
            _replace(temporary, target)
    finally:
        remove(temporary)


def temporary_beside(target: Path) -> Path:
    """Make up a temporary name in the folder of the target."""
    # A short name of its own: a long target's name plus a suffix may be too long for the disk.
    return target.parent / f".{target.name[:40]}.{uuid.uuid4().hex[:8]}.part"


def is_temporary_of(path: Path, target: Path) -> bool:
    """Return whether a path has a temporary name of a target, as a killed run leaves it.

    The earlier output, renamed while it was replaced, counts only where the new one is there.
    """
    name = re.escape(f".{target.name[:40]}.")
    endings = "part|old" if target.exists() else "part"
    return re.fullmatch(rf"{name}\w+\.({endings})", path.name) is not None


class SourceError(OSError):
    """The data to be written could not be read; the message is a sentence for the user."""


@contextmanager
def translate_disk_errors(target: Path) -> Iterator[None]:
    """Translate errors of the disk into a sentence that names the target.

    Raises
    ------
    OSError
        If one was raised within.
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
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for _ in range(_REMOVALS):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.05)


def check_output(
    target: Path,
    is_own_output: Callable[[Path], bool],
    *,
    overwrite: bool = True,
    scan: Path | None = None,
    suffixes: Collection[str] = (),
) -> None:
    """Decide whether a file or folder may be written: the one decision for all outputs.

    Parameters
    ----------
    target : Path
        The file or folder to be written.
    is_own_output : callable
        Whether something that has the name already was written by this program, and may be
        replaced; it may raise ``FileExistsError`` with a better reason.
    overwrite : bool
        Whether an earlier output of this program may be replaced.
    scan : Path, optional
        The input, which is never replaced.
    suffixes : collection of str
        Allowed endings of the name, in lower case; any if empty.

    Raises
    ------
    ValueError
        If the name has another ending, or `target` is the scan, lies in it, or holds it.
    FileExistsError
        If something is there that may not be replaced.
    FileNotFoundError
        If the folder of `target` does not exist.
    """
    if suffixes and target.suffix.lower() not in suffixes:
        raise ValueError(f"The name of {target.name} must end in {' or '.join(suffixes)}.")
    if scan is not None:
        ensure_outside_scan(target, scan)
    if not target.absolute().parent.is_dir():
        raise FileNotFoundError(f"The folder {target.parent} does not exist; create it first.")
    if not (target.exists() or target.is_symlink()):
        return
    if not is_own_output(target):
        raise FileExistsError(
            f"{target.name} exists and is not a result of this program of that kind, so it was "
            "left as it is; choose another name."
        )
    if not overwrite:
        raise FileExistsError(f"{target} already exists; add --overwrite to replace it.")


def begins_with(path: Path, start: str) -> bool:
    """Return whether a file begins with a text, as a table of this program with its headings."""
    wanted = start.encode()
    with suppress(OSError), path.open("rb") as file:
        return file.read(len(wanted)) == wanted
    return False


def write_table(path: Path, text: str, start: str) -> None:
    """Write a table atomically, in place of an earlier one at most.

    Parameters
    ----------
    path : Path
        The file.
    text : str
        The table.
    start : str
        Beginning of all tables of its kind.

    Raises
    ------
    OSError
        If another file has that name, or the disk fails.
    """
    write_atomically(
        path.absolute(),
        lambda part: part.write_text(text, encoding="utf-8"),
        lambda target: begins_with(target, start),
    )


def ensure_outside_scan(target: Path, scan: Path) -> None:
    """Make sure that a target is no part of a scan.

    Parameters
    ----------
    target : Path
        The file or folder to be written.
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
    # A folder cannot be renamed onto a full one: they swap their names, and the caller removes
    # what then has the temporary name. A program killed here leaves the old or the new one.
    if _exchange(temporary, target):
        return
    # Elsewhere the old one is renamed first, and renamed back on failure.
    old = temporary.with_suffix(".old")
    os.replace(target, old)
    try:
        os.replace(temporary, target)
    except OSError:
        os.replace(old, target)
        raise
    remove(old)


def _exchange(first: Path, second: Path) -> bool:
    """Swap the names of two paths of one disk in one step, so that neither is ever missing.

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
    """A file, open for writing and reading, that records the first error instead of raising it.

    HDF5 buffers its output and, when the disk fails as it closes, drops the error or even
    crashes. On this file every write seems to succeed; :meth:`check` raises the error.

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
        """Raise the first error, if there was one.

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
                # A disk that is nearly full writes a part.
                done += self._file.write(view[done:]) or 0
            except OSError as error:
                self.error = error
        return len(view)

    def readinto(self, buffer: Any) -> int:
        """Read bytes; those never written are zero."""
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
        """Return the position."""
        return self._file.tell()

    def readable(self) -> bool:
        """Return True."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            super().close()
            try:
                self._file.close()
            except OSError as error:
                self.error = self.error or error
