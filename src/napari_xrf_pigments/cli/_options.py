"""Options that several commands of ``xrf-pigments`` share, and how their values are read."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

Commands = argparse._SubParsersAction  # the only name argparse has for it


def add_command(
    commands: Commands[argparse.ArgumentParser], name: str, module: str, text: str
) -> argparse.ArgumentParser:
    """A command that the module of a name runs."""
    command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.set_defaults(module=module)
    return command


def choice(command: argparse.ArgumentParser) -> None:
    """Which dataset and which detector of a file."""
    command.add_argument("--dataset", help="the dataset, in a file that holds several")
    command.add_argument(
        "--detector",
        metavar="NAME",
        help='the detector, where there are several: its name, its number counted from 0, or "sum" '
        "(default: their sum where their energy axes agree, else the first)",
    )


def energy(command: argparse.ArgumentParser) -> None:
    """What the file does not say of energies and instrument, and whether to calibrate."""
    group = command.add_argument_group(
        "energy and instrument", "what the file does not say, or says wrongly"
    )
    group.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="energy scale (and anode, voltage) from a calibration saved in the viewer",
    )
    given(group)
    group.add_argument(
        "--no-calibrate",
        action="store_true",
        help="take the file's energy scale as it is; without an energy option here it is "
        "otherwise fitted to the lines of the summed spectrum",
    )


def given(group: argparse._ArgumentGroup) -> None:
    """Energy axis, anode and voltage."""
    group.add_argument("--gain-kev", type=float, metavar="KEV", help="width of a channel")
    group.add_argument("--offset-kev", type=float, metavar="KEV", help="centre of channel 0")
    group.add_argument("--anode", help="anode of the tube, such as Rh")
    group.add_argument("--kv", type=float, metavar="KV", help="voltage of the tube")


def painting(command: argparse.ArgumentParser) -> None:
    """Which painting is simulated."""
    command.add_argument("--seed", type=int, default=0, help="another painting (default 0)")
    command.add_argument(
        "--shape",
        type=shape,
        default=(64, 96),
        metavar="ROWSxCOLUMNS",
        help="pixels (default 64x96)",
    )


def device(command: argparse.ArgumentParser) -> None:
    """What runs the network."""
    command.add_argument(
        "--device", default="auto", help="auto, cpu, cuda or mps: what runs the network"
    )


def lines(text: str) -> list[str]:
    """Elements or line families of a list with commas: "Fe, Pb L" or "Fe,Pb-L"."""
    names = [" ".join(re.split(r"[\s_-]+", part.strip())) for part in text.split(",")]
    if not all(re.fullmatch(r"[A-Z][a-z]?( [KLM])?", name) for name in names):
        raise argparse.ArgumentTypeError(f'"{text}" is not a list of lines such as "Fe K, Pb L"')
    return names


def probability(text: str) -> float:
    """A number between 0 and 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is no probability between 0 and 1')
    return value


def shape(text: str) -> tuple[int, int]:
    """Rows and columns of "64x96"."""
    match = re.fullmatch(r"(\d+)\s*[xX*]\s*(\d+)", text.strip())
    if not match or 0 in (rows_columns := (int(match[1]), int(match[2]))):
        raise argparse.ArgumentTypeError(f'"{text}" is not ROWSxCOLUMNS, such as 64x96')
    return rows_columns


class Version(argparse.Action):
    """Print the version; it is only looked up when it is asked for."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and end")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print it and end."""
        from importlib.metadata import version

        print(f"xrf-pigments {version('napari-xrf-pigments')}")
        parser.exit()
