"""What can be said to ``xrf-pigments``; nothing is done here."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

FORMATS = ("zarr", "hdf5", "tiff", "csv", "csv-maps", "pictures")
SCAN_FORMATS = ("zarr", "hdf5", "rpl")


def parser() -> argparse.ArgumentParser:
    """The parser of the command line; each command names the module that runs it."""
    top = argparse.ArgumentParser(
        prog="xrf-pigments",
        description="Pigment maps of paintings from macro X-ray fluorescence scans.",
    )
    top.add_argument("--version", action=_Version)
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _info(commands)
    _map(commands)
    _report(commands)
    _convert(commands)
    _cache(commands)
    _simulate(commands)
    _train(commands)
    _evaluate(commands)
    _demo(commands)
    return top


Commands = argparse._SubParsersAction  # the only name argparse has for it


def _command(
    commands: Commands[argparse.ArgumentParser], name: str, module: str, text: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.set_defaults(module=module)
    return command


def _info(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(commands, "info", "_cli_info", "say in plain words what a file holds")
    command.add_argument("file", type=Path, metavar="FILE", help="a file, or a folder of a scan")
    _choice(command)


def _map(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(commands, "map", "_cli_map", "make elemental and pigment maps of a scan")
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
    _choice(command)
    _cached(command)
    command.add_argument(
        "--lines",
        type=_lines,
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
    _device(command)
    command.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run the tiles on a dask.distributed cluster, such as tcp://host:8786; its workers "
        "must reach SCAN and OUT under the same paths",
    )
    command.add_argument("--overview", type=Path, metavar="PNG", help="also draw one picture")
    command.add_argument("--report", type=Path, metavar="HTML", help="also write a report")
    _energy(command)


def _choice(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dataset", help="the dataset, in a file that holds several")
    command.add_argument(
        "--detector",
        metavar="NAME",
        help='the detector, where there are several: its name, its number counted from 0, or "sum" '
        "(default: their sum where their energy axes agree, else the first)",
    )


def _cached(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--cache",
        action="store_true",
        help="read folders of .mca and .bcf from a converted copy, which is made at the first "
        "time (see the command cache)",
    )


def _report(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(
        commands,
        "report",
        "_cli_report",
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
        type=_probability,
        default=0.5,
        metavar="P",
        help="probability over which a pigment counts as found (default 0.5)",
    )


def _energy(command: argparse.ArgumentParser) -> None:
    energy = command.add_argument_group(
        "energy and instrument", "what the file does not say, or says wrongly"
    )
    energy.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="energy scale (and anode, voltage) from a calibration saved in the viewer",
    )
    _given(energy)
    energy.add_argument(
        "--no-calibrate",
        action="store_true",
        help="take the file's energy scale as it is; without an energy option here it is "
        "otherwise fitted to the lines of the summed spectrum",
    )


def _given(energy: argparse._ArgumentGroup) -> None:
    energy.add_argument("--gain-kev", type=float, metavar="KEV", help="width of a channel")
    energy.add_argument("--offset-kev", type=float, metavar="KEV", help="centre of channel 0")
    energy.add_argument("--anode", help="anode of the tube, such as Rh")
    energy.add_argument("--kv", type=float, metavar="KV", help="voltage of the tube")


def _convert(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(
        commands, "convert", "_cli_convert", "save a scan in another format, with the same counts"
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
    _choice(command)
    _given(
        command.add_argument_group(
            "energy and instrument", "what the file does not say, or says wrongly; kept in OUT"
        )
    )


def _cache(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(
        commands, "cache", "_cli_cache", "show or remove the converted copies of slow scans"
    )
    command.add_argument(
        "action",
        nargs="?",
        choices=("show", "trim", "clear"),
        default="show",
        help="show them (default), remove what was used least lately beyond the limit, or all",
    )
    command.add_argument(
        "--place", type=Path, metavar="FOLDER", help="where they lie; default: XRF_PIGMENTS_CACHE"
    )
    command.add_argument(
        "--limit",
        type=float,
        metavar="GB",
        help="how much they may take; default: XRF_PIGMENTS_CACHE_GB, else 50",
    )


def _simulate(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(
        commands, "simulate", "_cli_simulate", "simulate the scan of a painting with a hidden layer"
    )
    command.add_argument("-o", "--out", type=Path, required=True, help="the scan to write, OUT.h5")
    command.add_argument("--overwrite", action="store_true", help="replace an earlier scan")
    _painting(command)
    command.add_argument("--anode", default="Rh", help="anode of the tube (default Rh)")
    command.add_argument(
        "--kv", type=float, default=45.0, metavar="KV", help="voltage of the tube (default 45)"
    )


def _painting(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seed", type=int, default=0, help="another painting (default 0)")
    command.add_argument(
        "--shape",
        type=_shape,
        default=(64, 96),
        metavar="ROWSxCOLUMNS",
        help="pixels (default 64x96)",
    )


def _train(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(commands, "train", "_cli_network", "train the network on simulated spectra")
    command.set_defaults(work="train")
    command.add_argument(
        "config",
        type=Path,
        nargs="?",
        metavar="CONFIG",
        help="settings (.toml); default: those of the bundled weights",
    )
    command.add_argument("--seed", type=int, default=0, help="random seed (default 0)")
    command.add_argument(
        "-o", "--out", type=Path, required=True, help="the weights to write, OUT.safetensors"
    )
    command.add_argument("--overwrite", action="store_true", help="replace earlier weights")
    command.add_argument(
        "--start", type=Path, metavar="WEIGHTS", help="weights that the parts before PART have made"
    )
    command.add_argument("--from-part", metavar="PART", help="the part of CONFIG to begin with")
    command.add_argument(
        "--resume", action="store_true", help="go on with a training of OUT that was stopped"
    )


def _evaluate(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(
        commands,
        "evaluate",
        "_cli_network",
        "print how well the network does on independent test sets",
    )
    command.set_defaults(work="evaluate", cache=False, dataset=None, detector=None)
    command.add_argument("--weights", type=Path, help="weights (default: the bundled ones)")
    command.add_argument(
        "--sets",
        default="ABCD",
        metavar="LETTERS",
        help="test sets to use, made where they are missing (default ABCD)",
    )
    command.add_argument("--save", type=Path, metavar="JSON", help="also write the main figures")
    command.add_argument(
        "--scan", type=Path, help="also hold the pigment maps of this scan against its elements"
    )
    _device(command)
    _energy(command)


def _demo(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(
        commands, "demo", "_cli_demo", "simulate a painting, map it, and show the result"
    )
    command.add_argument(
        "-o",
        "--out",
        type=Path,
        default=Path("xrf-pigments-demo"),
        help="folder for the files (default ./xrf-pigments-demo)",
    )
    command.add_argument("--no-viewer", action="store_true", help="do not open napari")
    _painting(command)
    _device(command)


def _device(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--device", default="auto", help="auto, cpu, cuda or mps: what runs the network"
    )


def _lines(text: str) -> list[str]:
    """Elements or line families of a list with commas: "Fe, Pb L" or "Fe,Pb-L"."""
    names = [" ".join(re.split(r"[\s_-]+", part.strip())) for part in text.split(",")]
    if not all(re.fullmatch(r"[A-Z][a-z]?( [KLM])?", name) for name in names):
        raise argparse.ArgumentTypeError(f'"{text}" is not a list of lines such as "Fe K, Pb L"')
    return names


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is no probability between 0 and 1')
    return value


def _shape(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)\s*[xX*]\s*(\d+)", text.strip())
    if not match or 0 in (rows_columns := (int(match[1]), int(match[2]))):
        raise argparse.ArgumentTypeError(f'"{text}" is not ROWSxCOLUMNS, such as 64x96')
    return rows_columns


class _Version(argparse.Action):
    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and end")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"xrf-pigments {version('napari-xrf-pigments')}")
        parser.exit()
