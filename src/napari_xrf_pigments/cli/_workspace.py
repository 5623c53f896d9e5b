"""``xrf-pigments map --resume``: a run that was broken off goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ._console import say


@contextmanager
def unfinished_maps(out: Path, *, resume: bool, overwrite: bool) -> Iterator[Path]:
    """A hidden folder beside `out` for finished tiles, until the block ends well.

    Parameters
    ----------
    out : Path
        What is to be written in the end.
    resume : bool
        Whether to go on with the tiles of an earlier run.
    overwrite : bool
        Whether such tiles may be thrown away.

    Raises
    ------
    FileExistsError
        If there are tiles of an earlier run, and it was not said what to do with them.
    ValueError
        If something else is in the way.
    """
    from ..mapping._journal import forget, is_journal, keeps_tiles

    folder = out.absolute().parent / f".{out.name}.unfinished"
    if folder.exists():
        if not is_journal(folder):
            raise ValueError(f"{folder} is in the way: it holds something else.")
        if not resume and not overwrite and keeps_tiles(folder):
            raise FileExistsError(
                f"An earlier run to {out} was broken off: --resume goes on with it, "
                "--overwrite begins anew."
            )
        if not resume:
            forget(folder)
    try:
        yield folder
    except BaseException:
        if folder.exists() and keeps_tiles(folder):
            say("The tiles that are done are kept: the same command with --resume goes on.")
        else:
            forget(folder)
        raise
    forget(folder)
