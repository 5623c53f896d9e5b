"""Hidden folders beside an output that contain maps until they are saved."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..io.outputs.atomic_write import is_temporary_of
from ..io.outputs.own_folders import foreign_in_store
from ._console import echo


@contextmanager
def temporary_workspace(out: Path) -> Iterator[Path]:
    """Create a hidden folder beside `out`, and remove it at the end of the block.

    Parameters
    ----------
    out : Path
        The final output: its disk has space for it, and so for its parts.
    """
    with tempfile.TemporaryDirectory(
        prefix=f".{out.name}.",
        suffix=".part",
        dir=out.absolute().parent,
        ignore_cleanup_errors=True,
    ) as folder:
        yield Path(folder)


@contextmanager
def resumable_workspace(out: Path, *, resume: bool, overwrite: bool) -> Iterator[Path]:
    """Name a hidden folder beside `out` for unfinished maps, removed when the block succeeds.

    Parameters
    ----------
    out : Path
        The final output, reserved for this process.
    resume : bool
        Whether to continue with the tiles of an earlier run.
    overwrite : bool
        Whether such tiles may be discarded.

    Raises
    ------
    FileExistsError
        If there are tiles of an earlier run and neither option was given.
    ValueError
        If the folder exists and contains something else.
    """
    from ..io.describe import format_size
    from ..mapping import has_tiles, is_unfinished, remove_unfinished

    folder = unfinished_folder(out)
    if folder.exists():
        if not is_unfinished(folder) or foreign_in_store(folder):
            raise ValueError(f"{folder} exists, but contains something else; move it away.")
        if not resume and not overwrite and has_tiles(folder):
            raise FileExistsError(
                f"An earlier run to {out} was interrupted; add --resume to continue it, or "
                f"--overwrite to start again; 'xrf-pigments clean {out}' discards it."
            )
        if not resume:
            remove_unfinished(folder)
    try:
        yield folder
    except BaseException:
        if has_tiles(folder):
            echo(
                f"Finished tiles were saved ({format_size(size_of(folder))}): run the same "
                f"command with --resume to continue, or 'xrf-pigments clean {out}' to remove them."
            )
        else:
            remove_unfinished(folder)
        raise
    remove_unfinished(folder)


def unfinished_folder(out: Path) -> Path:
    """Return the hidden folder of the unfinished maps of an output."""
    return out.absolute().parent / f".{out.name}.unfinished"


@dataclass(frozen=True)
class Leftover:
    """A file or folder that an interrupted run left beside an output.

    Parameters
    ----------
    path : Path
        The file or folder.
    description : str
        Its content in a few words.
    """

    path: Path
    description: str


def leftovers(out: Path) -> list[Leftover]:
    """List the files and folders that interrupted runs to an output left beside it."""
    from ..mapping import is_unfinished

    out = out.absolute()
    found = []
    folder = unfinished_folder(out)
    if is_unfinished(folder) and not foreign_in_store(folder):
        found.append(Leftover(folder, "unfinished maps, which --resume would continue"))
    for path in sorted(out.parent.iterdir()):
        if is_temporary_of(path, out):
            found.append(Leftover(path, "a part that was not completed"))
    return found


def size_of(path: Path) -> int:
    """Sum the sizes of a file, or of all files in a folder, in bytes."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files)
