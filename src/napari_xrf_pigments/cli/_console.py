"""What the commands share: where to write, and how far the work is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def say(text: str) -> None:
    """Print a line on standard output at once."""
    print(text, flush=True)


def free_to_write(out: Path, *, overwrite: bool, scan: Path | None = None) -> None:
    """Make sure that nothing of the user's is written over.

    Parameters
    ----------
    out : Path
        What is to be written.
    overwrite : bool
        Whether the user allowed to replace what is there.
    scan : Path, optional
        The input, which stays untouched whatever was allowed.

    Raises
    ------
    ValueError
        If `out` is the input, lies in it, or holds it.
    FileExistsError
        If it exists and may not be replaced.
    FileNotFoundError
        If the folder that it belongs in does not exist.
    """
    if scan is not None:
        from ..io.atomic import ensure_outside_scan

        ensure_outside_scan(out, scan)
    if not out.absolute().parent.is_dir():
        raise FileNotFoundError(f"The folder {out.parent} does not exist.")
    if out.exists() and not overwrite:
        raise FileExistsError(f"{out} exists already; --overwrite replaces it.")


@contextmanager
def progress_bar(what: str, unit: str = " pixels") -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, from the first time that it is told (done, in all)."""
    from tqdm import tqdm

    bars: list[Any] = []

    def show(done: int, total: int) -> None:
        if not bars:
            bars.append(tqdm(desc=what, unit=unit, file=sys.stderr, leave=True))
        bars[0].total = total
        bars[0].update(done - bars[0].n)

    try:
        yield show
    finally:
        for bar in bars:
            bar.close()
