"""Test the reader of spectra as text in columns."""

from __future__ import annotations

import numpy as np
import pytest
from tests.made_spectra import HANDHELD, handheld_text

from napari_xrf_pigments.io import can_open, is_maps, open_cube

COUNTS = 16 * (np.arange(160) % 13) + 3


def lines(*columns: object, mark: str = ",") -> str:
    return "".join(f"{mark.join(map(str, row))}\n" for row in zip(*columns, strict=True))


@pytest.fixture
def write(tmp_path):
    def make(text, name="point.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return make


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_spectrum_of_a_handheld_instrument_opens_with_its_settings(write, newline):
    cube = open_cube(write(handheld_text(COUNTS).replace("\n", newline)))
    assert cube.spectrum(0, 0).tolist() == COUNTS.tolist()
    assert cube.energies.gain_kev == pytest.approx(0.0198374)
    assert (cube.energies.offset_kev, cube.energies.source) == (0.0, "file")
    assert cube.live_time_s.tolist() == [[171.86702]]
    assert (cube.acquisition.tube_kv, cube.acquisition.tube_ua) == (15.0, 25.0)
    assert "S1PXRF" in cube.source.format


def test_a_truncated_file_of_a_handheld_instrument_is_refused(write):
    text = HANDHELD.format(channels=2048, data=lines(range(160), COUNTS))
    with pytest.raises(ValueError, match="truncated: it holds 160 of its 2048 channels"):
        open_cube(write(text))


def test_one_column_of_counts_opens_without_an_axis(write):
    cube = open_cube(write(lines(COUNTS), "p.txt"))
    assert cube.spectrum(0, 0).tolist() == COUNTS.tolist()
    assert cube.energies.source == "estimated"


@pytest.mark.parametrize(
    ("head", "first", "mark"),
    [
        ("# Energy(keV)\tCounts\n", 0.02 * np.arange(160), " "),
        ("Energy (eV);Counts\n", (20 * np.arange(160)), ";"),
        ("Sample: azurite\n\nE/keV,N\n", 0.02 * np.arange(160), ", "),
        ("", 0.02 * np.arange(160), "\t"),
    ],
)
def test_energies_and_counts_open_as_a_spectrum(write, head, first, mark):
    path = write(head + lines(np.round(first, 6), COUNTS, mark=mark), "Fe.txt")
    cube = open_cube(path)
    assert can_open(path)
    assert cube.spectrum(0, 0).tolist() == COUNTS.tolist()
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.02, 0.0))
    assert cube.energies.source == "file"


def test_decimal_commas_between_tabs_and_blanks_are_read(write):
    for mark in ("\t", " ", ";"):
        text = lines(
            [f"{value:.2f}".replace(".", ",") for value in 0.02 * np.arange(160)],
            [f"{value},0" for value in COUNTS],
            mark=mark,
        )
        cube = open_cube(write("Energie keV" + mark + "Pulse\n" + text))
        assert cube.spectrum(0, 0).tolist() == COUNTS.tolist()
        assert cube.energies.gain_kev == pytest.approx(0.02)


def test_channels_take_the_gain_of_the_header(write):
    head = "Gain (eV/ch): 20\nOffset: -100\nLive time (s): 60.5\nTube voltage: 45 kV\n"
    cube = open_cube(write(head + "Channel,Counts\n" + lines(range(160), COUNTS)))
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.02, -0.1))
    assert cube.live_time_s.tolist() == [[60.5]]
    assert cube.acquisition.tube_kv == 45


def test_channels_without_a_gain_open_without_an_axis(write):
    cube = open_cube(write(lines(range(1, 161), COUNTS)))
    assert cube.energies.source == "estimated"


def test_several_columns_of_counts_are_several_points(write):
    table = "Energy (keV),azurite,vermilion\n" + lines(
        np.round(0.02 * np.arange(160), 4), COUNTS, COUNTS + 1
    )
    cube = open_cube(write(table))
    assert cube.shape == (1, 2, 160)
    assert cube.source.points == ("azurite", "vermilion")
    assert cube.spectrum(0, 1).tolist() == (COUNTS + 1).tolist()


def test_text_in_utf_16_is_read(write):
    cube = open_cube(
        write(
            "Energy (keV)\tCounts\n" + lines(0.5 * np.arange(160), COUNTS, mark="\t"),
            encoding="utf-16",
        )
    )
    assert cube.spectrum(0, 0).tolist() == COUNTS.tolist()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Energy (keV),cps\n" + lines(0.02 * np.arange(160), COUNTS + 0.37), "fractional part"),
        ("2Theta,Counts\n" + lines(0.02 * np.arange(160), COUNTS), "not over the energies"),
        ("Energy (keV),N\n" + lines(5.0 * np.arange(160), COUNTS), "no energy axis of an X-ray"),
        ("Energy (eV),N\n" + lines(0.1 * np.arange(160), COUNTS), "no energy axis of an X-ray"),
    ],
)
def test_a_spectrum_of_something_else_is_refused_with_the_reason(write, text, sentence):
    with pytest.raises(ValueError, match=sentence):
        open_cube(write(text))


@pytest.mark.parametrize(
    "text",
    [
        lines(0.02 * np.arange(100), COUNTS[:100]),  # too few channels
        lines(np.arange(160) ** 1.2, COUNTS),  # uneven steps
        "x,y\n" + lines(range(160), COUNTS),  # positions
        "row,column,Fe-K\n" + lines(range(160), range(160), COUNTS),  # element maps
        "a,b,c\n" + lines(range(160), COUNTS, COUNTS),
    ],
)
def test_other_columns_are_no_spectrum(write, text):
    path = write(text)
    assert is_maps(path) or not can_open(path)
    with pytest.raises(ValueError):
        open_cube(path)
