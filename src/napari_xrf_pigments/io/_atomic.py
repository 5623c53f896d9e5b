"""Writing so that a result is there whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ._exchange import exchange


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
    check_free(target, is_ours)
    temporary = temporary_beside(target)
    try:
        with disk_errors(target):
            write(temporary)
        check_free(target, is_ours)  # a long run: somebody may have put something there
        with disk_errors(target):
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
def disk_errors(target: Path) -> Iterator[None]:
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


def check_free(target: Path, is_ours: Callable[[Path], bool]) -> None:
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


def check_not_part_of(target: Path, scan: Path) -> None:
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
