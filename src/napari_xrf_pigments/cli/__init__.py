"""The command ``xrf-pigments``: info, map, simulate, train, evaluate, demo.

This module stays light, so that ``--help`` answers at once: what a command needs is
imported when it runs. Arguments are described in ``_arguments``, each command's work
stands in a module of its own.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from ._arguments import parser

__all__ = ["main", "parser"]

WRONG = 2
STOPPED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments after the program's name; None: those of the process.

    Returns
    -------
    int
        0; 2 where something was wrong, with one plain sentence on standard error; 130
        when stopped from the keyboard.
    """
    options = parser().parse_args(arguments)
    module = importlib.import_module(f".{options.module}", __package__)
    try:
        module.run(options)
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(f"xrf-pigments: {sentence(error)}", file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        print("xrf-pigments: stopped.", file=sys.stderr)
        return STOPPED
    return 0


def sentence(error: Exception) -> str:
    """What an error says, as one line for a user.

    Parameters
    ----------
    error : Exception
        ``ValueError``, ``OSError`` or ``ModuleNotFoundError``.
    """
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        text = f"{error.filename}: {error.strerror}"
    elif isinstance(error, ModuleNotFoundError) and error.name:
        text = f"this needs the package {error.name}, which is not installed"
    else:
        text = " ".join(str(error).split()) or type(error).__name__
    return text if text.endswith((".", "!", "?")) else f"{text}."
