"""``xrf-pigments info``."""

from __future__ import annotations

import argparse

from ._console import say


def run(options: argparse.Namespace) -> None:
    """Print what a file holds."""
    from ..io import describe

    say(describe(options.file, dataset=options.dataset, detector=options.detector))
