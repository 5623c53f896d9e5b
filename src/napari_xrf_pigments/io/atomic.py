"""Writing so that a result is there whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path


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
    _check_free(target, is_ours)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"The folder {target.parent} does not exist.")
    # A short name of its own: a long target's name plus a suffix may be too long for the disk.
    temporary = target.parent / f".{target.name[:40]}.{uuid.uuid4().hex[:8]}.part"
    try:
        write(temporary)
        _check_free(target, is_ours)  # a long run: somebody may have put something there
        _replace(temporary, target)
    except _InTheWay:
        raise
    except OSError as error:
        reason = (error.strerror or "the disk refused it").lower()
        raise OSError(f"{target.name} could not be written: {reason}.") from error
    finally:
        remove(temporary)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


class _InTheWay(FileExistsError):
    """Something that is not ours has the name of the target."""


def _check_free(target: Path, is_ours: Callable[[Path], bool]) -> None:
    if (target.exists() or target.is_symlink()) and not is_ours(target):
        raise _InTheWay(
            f"{target.name} exists and is not a result of this program, so it was left as it is."
        )


def _replace(temporary: Path, target: Path) -> None:
    if not target.exists() or (target.is_file() and temporary.is_file()):
        os.replace(temporary, target)
        return
    # A folder cannot be renamed onto a full one: the old one steps aside and comes back on failure.
    old = temporary.with_suffix(".old")
    os.replace(target, old)
    try:
        os.replace(temporary, target)
    except OSError:
        os.replace(old, target)
        raise
    remove(old)
