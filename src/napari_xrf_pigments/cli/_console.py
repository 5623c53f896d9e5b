"""Lines, progress bars and errors on the console."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

#: Shorter work leaves no bar, so that an error at its start is one line.
BAR_DELAY_S = 0.1


_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


@contextmanager
def quiet(wanted: bool = True) -> Iterator[None]:
    """Print no messages and no progress bars until the block ends, if that is wanted."""
    token = _quiet.set(wanted or _quiet.get())
    try:
        yield
    finally:
        _quiet.reset(token)


def print_json(value: Any) -> None:
    """Print a value as one JSON document on standard output, in quiet blocks too."""
    from ..io.results.fields import to_json

    _print(to_json(value))


def echo(text: str) -> None:
    """Print a line on standard output and flush it, unless in a quiet block."""
    if not _quiet.get():
        _print(text)


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # As with "| head": the work continues, without output.
        discard_output()


def discard_output() -> None:
    """Send all further output nowhere, because the program that read it has ended."""
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

    off = True if _quiet.get() else None  # None: where it is no terminal
    with tqdm(desc=name, unit=unit, file=sys.stderr, disable=off, delay=BAR_DELAY_S) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
