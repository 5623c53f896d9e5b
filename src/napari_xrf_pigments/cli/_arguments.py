"""What can be said to ``xrf-pigments``; nothing is done here."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import _arguments_network as network
from ._options import (
    Commands,
    Version,
    add_command,
    choice,
    device,
    energy,
    given,
    lines,
    probability,
)

FORMATS = ("zarr", "hdf5", "tiff", "csv", "csv-maps", "pictures")
SCAN_FORMATS = ("zarr", "hdf5", "rpl")


def parser() -> argparse.ArgumentParser:
    """The parser of the command line; each command names the module that runs it."""
    top = argparse.ArgumentParser(
        prog="xrf-pigments",
        description="Pigment maps of paintings from macro X-ray fluorescence scans.",
    )
    top.add_argument("--version", action=Version)
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _info(commands)
    _map(commands)
    _report(commands)
    _convert(commands)
    network.simulate(commands)
    network.train(commands)
    network.evaluate(commands)
    network.demo(commands)
    return top


def _info(commands: Commands[argparse.ArgumentParser]) -> None:
    command = add_command(commands, "info", "info", "say in plain words what a file holds")
    command.add_argument("file", type=Path, metavar="FILE", help="a file, or a folder of a scan")
    choice(command)


def _map(commands: Commands[argparse.ArgumentParser]) -> None:
    command = add_command(commands, "map", "map", "make elemental and pigment maps of a scan")
    command.add_argument("scan", type=Path, metavar="SCAN", help="a scan: a file or a folder")
    command.add_argument(
        "-o", "--out", type=Path, required=True, help="OUT.zarr, OUT.h5, OUT.csv, or a folder"
    )
    command.add_argument(
        "--format",
        choices=FORMATS,
        help="default: what the ending of OUT says; tiff, csv-maps and pictures (TIFF at 600 dpi "
        "with scale bar and colour bar) make a folder with a file a map",
    )
    command.add_argument("--overwrite", action="store_true", help="replace earlier results")
    command.add_argument(
        "--resume", action="store_true", help="go on with a run to OUT that was broken off"
    )
    choice(command)
    command.add_argument(
        "--lines",
        type=lines,
        metavar="LINES",
        help='elements or line families, such as "Fe, Pb L"; default: those found in the scan',
    )
    command.add_argument(
        "--fit-settings",
        type=Path,
        metavar="CFG",
        help="fit settings of PyMca: its lines, energy axis and excitation energy are used",
    )
    command.add_argument(
        "--normalise",
        choices=("live-time", "scatter", "total"),
        help="divide the elemental maps by it (default: net counts as measured)",
    )
    parts = command.add_mutually_exclusive_group()
    parts.add_argument("--elements-only", action="store_true", help="no pigment maps")
    parts.add_argument("--pigments-only", action="store_true", help="no elemental maps")
    command.add_argument(
        "--weights",
        type=Path,
        help="weights of the network, such as taught ones (default: the bundled ones)",
    )
    command.add_argument(
        "--context",
        action="store_true",
        help="let neighbours whose spectra are alike speak for a pixel: for scans of few counts",
    )
    device(command)
    command.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run the tiles on a dask.distributed cluster, such as tcp://host:8786; its workers "
        "must reach SCAN and OUT under the same paths",
    )
    command.add_argument("--overview", type=Path, metavar="PNG", help="also draw one picture")
    command.add_argument("--report", type=Path, metavar="HTML", help="also write a report")
    energy(command)


def _report(commands: Commands[argparse.ArgumentParser]) -> None:
    command = add_command(
        commands,
        "report",
        "report",
        "write what was found, how, and how sure, as one web page",
    )
    command.add_argument(
        "result", type=Path, metavar="RESULT", help="maps that were saved as .zarr or .h5"
    )
    command.add_argument("-o", "--out", type=Path, required=True, help="the report, OUT.html")
    command.add_argument("--overwrite", action="store_true", help="replace an earlier report")
    command.add_argument("--scan", type=Path, help="the scan of these maps, for its spectra")
    command.add_argument("--title", help="title of the page (default: the name of RESULT)")
    command.add_argument("--remarks", type=Path, metavar="TXT", help="a text to put at its start")
    command.add_argument(
        "--threshold",
        type=probability,
        default=0.5,
        metavar="P",
        help="probability over which a pigment counts as found (default 0.5)",
    )


def _convert(commands: Commands[argparse.ArgumentParser]) -> None:
    command = add_command(
        commands, "convert", "convert", "save a scan in another format, with the same counts"
    )
    command.add_argument("scan", type=Path, metavar="SCAN", help="a scan: a file or a folder")
    command.add_argument(
        "-o", "--out", type=Path, required=True, help="OUT.zarr, OUT.h5, or OUT.rpl (with OUT.raw)"
    )
    command.add_argument(
        "--format", choices=SCAN_FORMATS, help="default: what the ending of OUT says"
    )
    command.add_argument(
        "--overwrite", action="store_true", help="replace a scan that this program wrote"
    )
    choice(command)
    given(
        command.add_argument_group(
            "energy and instrument", "what the file does not say, or says wrongly; kept in OUT"
        )
    )
