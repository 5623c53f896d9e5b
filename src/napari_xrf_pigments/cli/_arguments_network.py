"""What can be said to the commands that simulate, train, evaluate and show."""

from __future__ import annotations

import argparse
from pathlib import Path

from ._options import Commands, add_command, device, energy, painting


def simulate(commands: Commands[argparse.ArgumentParser]) -> None:
    """The command `simulate`."""
    command = add_command(
        commands, "simulate", "simulate", "simulate the scan of a painting with a hidden layer"
    )
    command.add_argument("-o", "--out", type=Path, required=True, help="the scan to write, OUT.h5")
    command.add_argument("--overwrite", action="store_true", help="replace an earlier scan")
    painting(command)
    command.add_argument("--anode", default="Rh", help="anode of the tube (default Rh)")
    command.add_argument(
        "--kv", type=float, default=45.0, metavar="KV", help="voltage of the tube (default 45)"
    )


def train(commands: Commands[argparse.ArgumentParser]) -> None:
    """The command `train`."""
    command = add_command(commands, "train", "_network", "train the network on simulated spectra")
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


def evaluate(commands: Commands[argparse.ArgumentParser]) -> None:
    """The command `evaluate`."""
    command = add_command(
        commands,
        "evaluate",
        "_network",
        "print how well the network does on independent test sets",
    )
    command.set_defaults(work="evaluate", dataset=None, detector=None)
    command.add_argument("--weights", type=Path, help="weights (default: the bundled ones)")
    command.add_argument(
        "--sets",
        default="ABCD",
        metavar="LETTERS",
        help="test sets to use, made where they are missing (default ABCD)",
    )
    command.add_argument(
        "--seed",
        type=int,
        default=0,
        help="another gives test sets of other paintings, instruments and noise (default 0)",
    )
    command.add_argument("--save", type=Path, metavar="JSON", help="also write the main figures")
    command.add_argument(
        "--context",
        action="store_true",
        help="also measure on simulated paintings what like neighbours add, and whether they "
        "blur edges (some minutes)",
    )
    command.add_argument(
        "--imitations",
        action="store_true",
        help="also look for paints that give the same spectra without what the network misses "
        "(ten minutes or so)",
    )
    command.add_argument(
        "--scan", type=Path, help="also hold the pigment maps of this scan against its elements"
    )
    device(command)
    energy(command)


def demo(commands: Commands[argparse.ArgumentParser]) -> None:
    """The command `demo`."""
    command = add_command(
        commands, "demo", "demo", "simulate a painting, map it, and show the result"
    )
    command.add_argument(
        "-o",
        "--out",
        type=Path,
        default=Path("xrf-pigments-demo"),
        help="folder for the files (default ./xrf-pigments-demo)",
    )
    command.add_argument("--no-viewer", action="store_true", help="do not open napari")
    painting(command)
    device(command)
