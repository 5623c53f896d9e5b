"""Lock of an output while a run makes it: a second run on it learns at once who has it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def reserve_output(out: Path) -> Iterator[None]:
    """Reserve an output, which need not exist yet, for this process until the block ends.

    The operating system releases the lock when the process ends for whatever reason, so a killed
    run never blocks the next one.

    Parameters
    ----------
    out : Path
        The file or folder to be written; its folder must exist.

    Raises
    ------
    OSError
        If another process has reserved it, with its number, computer and starting time; or if
        the folder cannot be written to.
    """
    lock_file, holder = lock_files(out)
    lock = FileLock(lock_file, blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise OSError(
            f"Another run is writing {out} ({_describe(holder)}); wait until it ends, or choose "
            "another name."
        ) from error
    try:
        about = {"process": os.getpid(), "computer": platform.node(), "since": _now()}
        holder.write_text(json.dumps(about), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        with suppress(OSError):  # Windows removes it with the release
            lock_file.unlink()
        lock.release()


def lock_files(out: Path) -> tuple[Path, Path]:
    """Return the paths of the lock of an output and of the description of its holder."""
    folder = out.absolute().parent
    return folder / f".{out.name}.lock", folder / f".{out.name}.lock.json"


def _now() -> str:
    return datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")


def _describe(holder: Path) -> str:
    """Describe the holder of a lock; not all of it is known in the first moment."""
    try:
        about = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {about['process']} on {about['computer']}, since {about['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "just started"
