"""Whether the file of a scan stayed as it was while it was read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..cube import XRFCube

#: Seconds that a file system may round a date by.
_ROUNDING_S = 2.0


@dataclass(frozen=True)
class State:
    """What is known of a file, a pair of files or a folder without reading it.

    Parameters
    ----------
    files : int
        Number of files.
    size : int
        Bytes in all.
    modified : float
        Latest change, seconds since the epoch.
    """

    files: int
    size: int
    modified: float


class SourceWatch:
    """Looks at the source of a scan at the beginning of a run and afterwards.

    Parameters
    ----------
    cube : XRFCube
        The scan; one that comes from no file never changes.
    """

    def __init__(self, cube: XRFCube) -> None:
        self._source = cube.source
        self._before = self._look()

    def changed(self) -> str | None:
        """One plain sentence on what happened to the source since the run began, or None."""
        if self._source is None:
            return None
        name, now = self._source.path.name, self._look()
        if now is None:
            return f"{name} was removed while it was read: the maps may be incomplete."
        if self._before is None:
            return f"{name} was not there when the run began."
        if now != self._before:
            return f"{name} was changed while it was read: map it again."
        at_path = self._source.path
        if at_path.is_file() and _date(at_path) > self._source.modified + _ROUNDING_S > _ROUNDING_S:
            return f"{name} was changed after it was opened: open and map it again."
        return None

    def explained(self, error: Exception) -> Exception:
        """The error to raise for one that came while reading: the change, if there was one."""
        told = self.changed()
        return error if told is None else OSError(told)

    def _look(self) -> State | None:
        return None if self._source is None else look(self._source.path)


def look(path: Path) -> State | None:
    """State of a file with those of the same name beside it, or of a folder; None without it."""
    try:
        if path.is_dir():
            found = [
                os.stat(os.path.join(folder, name))
                for folder, _, names in os.walk(path)
                for name in names
            ]
        elif path.is_file():
            # The other half of a pair has the same stem.
            found = [
                entry.stat()
                for entry in os.scandir(path.parent)
                if Path(entry.name).stem == path.stem and entry.is_file()
            ]
        else:
            return None
    except OSError:
        return None
    latest = max((each.st_mtime for each in found), default=0.0)
    return State(len(found), sum(each.st_size for each in found), latest)


def _date(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
