"""Lines, progress bars and errors on the console."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
