"""Hidden folders beside an output that contain maps until they are saved."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
        The final output.
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
    OSError
        If another run makes maps for `out`.
    """
    from ..mapping import has_tiles, is_unfinished, lock_unfinished, remove_unfinished

    folder = out.absolute().parent / f".{out.name}.unfinished"
    with lock_unfinished(folder):
        if folder.exists():
            if not is_unfinished(folder):
                raise ValueError(f"{folder} exists, but contains something else; move it away.")
            if not resume and not overwrite and has_tiles(folder):
                raise FileExistsError(
                    f"An earlier run to {out} was interrupted; add --resume to continue it, or "
                    "--overwrite to start again."
                )
            if not resume:
                remove_unfinished(folder)
        try:
            yield folder
        except BaseException:
            if has_tiles(folder):
                echo("Finished tiles were saved; run the same command with --resume to continue.")
            else:
                remove_unfinished(folder)
            raise
        remove_unfinished(folder)
