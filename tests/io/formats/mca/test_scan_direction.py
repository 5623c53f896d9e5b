"""Test the note on shifted or reversed odd rows."""

from __future__ import annotations

import re

import numpy as np
import pytest

from napari_xrf_pigments.io.formats.mca._scan_direction import direction_note

COLUMNS = np.arange(96)


def picture(odd_shift=0.0, seed=0, counts=20_000.0):
    """Simulate counts of edges that shift slightly from row to row."""
    rng = np.random.default_rng(seed)
    rows = []
    for y in range(40):
        x = COLUMNS + 0.05 * y + (odd_shift if y % 2 else 0.0)
        wave = sum(np.tanh((x - edge) / 1.5) * (-1) ** n for n, edge in enumerate((20, 37, 60, 81)))
        rows.append(rng.poisson(counts * (1 + 0.2 * wave)))
    return np.array(rows)


@pytest.mark.parametrize("shift", [0.75, -1.5, 2.0])
def test_a_shift_of_the_odd_rows_is_noted(shift):
    note = re.fullmatch(r"Odd rows lie about ([\d.]+) pixels .*", direction_note(picture(shift)))
    assert float(note[1]) == pytest.approx(abs(shift), abs=0.26)


@pytest.mark.parametrize("seed", range(4))
def test_a_scan_without_a_shift_has_no_note(seed):
    assert direction_note(picture(0.0, seed)) is None


def test_reversed_rows_are_noted():
    totals = picture()
    totals[1::2] = totals[1::2, ::-1]
    assert "run backwards" in direction_note(totals)


@pytest.mark.parametrize("seed", range(4))
def test_noise_gives_no_note(seed):
    assert direction_note(np.random.default_rng(seed).poisson(100, (40, 96))) is None


def test_empty_and_small_scans_have_no_note():
    assert direction_note(np.zeros((40, 96), int)) is None
    assert direction_note(picture(1.0)[:6]) is None
