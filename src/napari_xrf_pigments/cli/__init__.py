"""The command ``xrf-pigments``.

Each command has one module: a frozen request whose fields are the options, with its ``run``.
Typer makes the request from the arguments. The modules import at the top only what ``--help``
needs; the libraries that do the work are imported when a command runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.main import get_command

from ._console import discard_output, error_sentence
from .check import CheckRequest
from .clean import CleanRequest
from .convert import ConvertRequest
from .demo import DemoRequest
from .evaluate import EvaluateRequest
from .info import InfoRequest
from .map import MapRequest
from .points import PointsRequest
from .report import ReportRequest
from .simulate import SimulateRequest
from .train import TrainRequest
from .verify import VerifyRequest

__all__ = ["app", "main"]

PROGRAM = "xrf-pigments"
BAD_INPUT = 1
INTERRUPTED = 130

COMMANDS = {
    "Scans and maps": (
        InfoRequest,
        MapRequest,
        PointsRequest,
        VerifyRequest,
        CheckRequest,
        ReportRequest,
        ConvertRequest,
        CleanRequest,
    ),
    "Simulated scans": (DemoRequest, SimulateRequest),
    "The network": (TrainRequest, EvaluateRequest),
}

app = typer.Typer(
    add_completion=False,
    help="Make pigment maps of paintings from macro X-ray fluorescence scans.",
    epilog="Start with 'xrf-pigments demo', or with 'xrf-pigments info SCAN' for your own scan.",
)
for title, requests in COMMANDS.items():
    for request_type in requests:
        name = request_type.__name__.removesuffix("Request").lower()
        app.command(name, rich_help_panel=title)(request_type)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"{PROGRAM} {version('napari-xrf-pigments')}")
        raise typer.Exit


@app.callback()
def _program(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments after the program's name; None: those of the process.

    Returns
    -------
    int
        Exit code: 0; 1 for bad input, 2 for wrong usage, both with one sentence on standard
        error; 130 after Ctrl-C.
    """
    try:
        request = get_command(app)(arguments, prog_name=PROGRAM, standalone_mode=False)
        if isinstance(request, int):  # the exit code of --help or --version
            return request
        request.run()
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = PROGRAM if context is None else context.command_path
        return _fail(f"{error_sentence(error)} See '{command} --help'.", error.exit_code)
    except BrokenPipeError:  # of "--help | head"
        discard_output()
        return 0
    except (ValueError, OSError, ModuleNotFoundError) as error:
        return _fail(error_sentence(error), BAD_INPUT)
    except KeyboardInterrupt:
        return _fail("stopped.", INTERRUPTED)
    return 0


def _fail(sentence: str, code: int) -> int:
    print(f"{PROGRAM}: {sentence}", file=sys.stderr)
    return code
