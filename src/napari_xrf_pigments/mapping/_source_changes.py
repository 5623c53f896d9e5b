"""Whether the file of a scan stayed as it was while it was read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..cube import XRFCube

#: Seconds by which a file system may round a date.
_ROUNDING_S = 2.0


@dataclass(frozen=True)
class FileState:
    """State of a file, a pair of files or a folder that shows without reading it.

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
    """Compare the source of a scan at the beginning of a run with its state later.

    Parameters
    ----------
    cube : XRFCube
        The scan; without a source nothing ever changes.
    """

    def __init__(self, cube: XRFCube) -> None:
        self._source = cube.source
        self._before = None if cube.source is None else file_state(cube.source.path)

    def change_message(self) -> str | None:
        """Describe in one sentence how the source changed since the run began, if it did."""
        if self._source is None:
            return None
        path = self._source.path
        name, now = path.name, file_state(path)
        if now is None:
            return f"{name} was removed while it was read: the maps may be incomplete."
        if self._before is None:
            return f"{name} was not there when the run began."
        if now != self._before:
            return f"{name} was changed while it was read: map it again."
        if path.is_file() and _date(path) > self._source.modified + _ROUNDING_S > _ROUNDING_S:
            return f"{name} was changed after it was opened: open and map it again."
        return None

    def explain(self, error: Exception) -> Exception:
        """Return the error to raise for one of reading: the change of the source, if any."""
        text = self.change_message()
        return error if text is None else OSError(text)


def file_state(path: Path) -> FileState | None:
    """Return the state of a file with those of the same stem beside it, or of a folder."""
    try:
        if path.is_dir():
            stats = [
                os.stat(os.path.join(folder, name))
                for folder, _, names in os.walk(path)
                for name in names
            ]
        elif path.is_file():
            # The other half of a pair has the same stem.
            stats = [
                entry.stat()
                for entry in os.scandir(path.parent)
                if Path(entry.name).stem == path.stem and entry.is_file()
            ]
        else:
            return None
    except OSError:
        return None
    latest = max((each.st_mtime for each in stats), default=0.0)
    return FileState(len(stats), sum(each.st_size for each in stats), latest)


def _date(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
