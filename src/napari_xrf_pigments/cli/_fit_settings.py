"""``xrf-pigments map --fit-settings``: lines and energy axis of PyMca's settings."""

from __future__ import annotations

import argparse

from ._console import say


def take_fit_settings(options: argparse.Namespace) -> None:
    """Fill in what the user did not say otherwise, and say what is not used.

    Raises
    ------
    ValueError, OSError
        If the file holds no fit settings of PyMca, or cannot be read.
    """
    if options.fit_settings is None:
        return
    from ..io.pymca_config import read_pymca_cfg

    found = read_pymca_cfg(options.fit_settings)
    if options.lines is None and found.families:
        options.lines = list(found.families)
    axis = options.gain_kev, options.offset_kev, options.calibration
    if axis == (None, None, None) and found.gain_kev is not None:
        options.gain_kev, options.offset_kev = found.gain_kev, found.offset_kev or 0.0
    if options.kv is None and found.excitation_kev is not None:
        options.kv = found.excitation_kev
    say(f"{options.fit_settings}: {len(found.families)} line families. {found.sentence}".strip())
