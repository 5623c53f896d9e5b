"""Lines, progress bars and errors on the console, and the check of an output path."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: Shorter work leaves no bar, so that an error at its start is one line.
BAR_DELAY_S = 0.1


def echo(text: str) -> None:
    """Print a line on standard output and flush it."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # As with "| head": the work continues, without output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def error_sentence(error: Exception) -> str:
    """Format an error as one line for a user.

    Parameters
    ----------
    error : Exception
        ``ValueError``, ``OSError``, ``ModuleNotFoundError`` or an error of typer.
    """
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    elif isinstance(error, ModuleNotFoundError) and error.name:
        text = f"this needs the package {error.name}, which is not installed"
    else:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        text = " ".join(message.split()) or type(error).__name__
    return text if text.endswith((".", "!", "?")) else f"{text}."


def check_can_write(out: Path, *, overwrite: bool, scan: Path | None = None) -> None:
    """Check that writing an output replaces nothing of the user's.

    Parameters
    ----------
    out : Path
        File or folder to be written.
    overwrite : bool
        Whether an existing one may be replaced.
    scan : Path, optional
        The input, which is never replaced.

    Raises
    ------
    ValueError
        If `out` is the input, lies in it, or contains it.
    FileExistsError
        If it exists and may not be replaced.
    FileNotFoundError
        If its parent folder does not exist.
    """
    if scan is not None:
        from ..io.atomic_write import ensure_outside_scan

        ensure_outside_scan(out, scan)
    if not out.absolute().parent.is_dir():
        raise FileNotFoundError(f"The folder {out.parent} does not exist; create it first.")
    if out.exists() and not overwrite:
        raise FileExistsError(f"{out} already exists; add --overwrite to replace it.")


@contextmanager
def progress_bar(name: str, unit: str = " pixels") -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on standard error, where that is a terminal.

    Parameters
    ----------
    name : str
        Text before the bar.
    unit : str
        Unit of the counts, with a leading space.

    Yields
    ------
    callable
        Takes the units done and their total.
    """
    from tqdm import tqdm

    with tqdm(desc=name, unit=unit, file=sys.stderr, disable=None, delay=BAR_DELAY_S) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
