"""Test the reader of EMSA/MAS spectra."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.io import can_open, open_cube
from napari_xrf_pigments.io.formats.msa import parse_msa

TEXT = """#FORMAT      : EMSA/MAS SPECTRAL DATA FILE
#VERSION     : 1.0
#NPOINTS     : {points}
#NCOLUMNS    : 4.0
#XUNITS      : {unit}
#DATATYPE    : {kind}
#XPERCHAN    : {gain}
#OFFSET      : {offset}
#LIVETIME  -s: 120.5
#BEAMKV   -kV: 50
#ELEVANGLE-dg: 45
#TACTLYR  -cm: 0.045
##MNFWHM -keV: 0.1440
#SPECTRUM    :
{data}
#ENDOFDATA   :
"""


@pytest.fixture
def write(tmp_path):
    def make(data, points=None, unit="keV", kind="Y", gain=0.01, offset=-0.1):
        points = len(data.replace(",", " ").split()) if points is None else points
        text = TEXT.format(**{**locals()})
        (tmp_path / "a.msa").write_text(text)
        return tmp_path / "a.msa"

    return make


def test_a_spectrum_opens_as_a_cube_of_one_pixel(write):
    cube = open_cube(write(" 0.0, 2.0,\n 3.0, 1e2,\n 7"))
    assert cube.shape == (1, 1, 5)
    assert cube.spectrum(0, 0).tolist() == [0, 2, 3, 100, 7]
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == (0.01, -0.1)
    assert cube.energies.source == "file"
    assert cube.live_time_s.tolist() == [[120.5]]
    assert cube.acquisition.tube_kv == 50 and cube.acquisition.takeoff_deg == 45
    assert cube.acquisition.detector.fwhm_mn_ka_ev == pytest.approx(144)
    assert cube.acquisition.detector.thickness_mm == pytest.approx(0.45)


def test_energies_in_ev_and_pairs_of_values_are_read(write):
    cube = open_cube(write("100, 1\n120, 2\n140, 3", points=3, unit="eV", kind="XY"))
    assert cube.spectrum(0, 0).tolist() == [1, 2, 3]
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.02, 0.1))


@pytest.mark.parametrize("unit", ["eV", "EV", "Energy Loss (eV)", "electron volts", "[e_V]"])
def test_every_spelling_of_ev_is_read(write, unit):
    axis = open_cube(write("1 2 3", unit=unit, gain=20, offset=100)).energies
    assert (axis.gain_kev, axis.offset_kev) == pytest.approx((0.02, 0.1))


@pytest.mark.parametrize(("gain", "offset", "noted"), [(0.02, -0.1, False), (20, -100, True)])
def test_without_a_unit_the_plausible_one_is_assumed(write, gain, offset, noted):
    cube = open_cube(write("1 " * 300, unit="", gain=gain, offset=offset))
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.02, -0.1))
    assert any("eV is assumed" in note for note in cube.source.notes) == noted


@pytest.mark.parametrize(
    ("unit", "gain", "offset", "sentence"),
    [
        ("nm", 1, 300, "along 'nm', not along an energy"),
        ("keV", 10, 0, "no energy axis of an X-ray"),
        ("eV", 0.1, 500, "no energy axis of an X-ray"),
    ],
)
def test_an_axis_of_something_else_is_refused(write, unit, gain, offset, sentence):
    with pytest.raises(ValueError, match=sentence):
        open_cube(write("1 " * 300, unit=unit, gain=gain, offset=offset))


def test_pairs_in_columns_are_read_and_the_header_gives_the_axis_they_round(write):
    pairs = ", ".join(f"{100 + 20.25 * i:.0f}, {i}" for i in range(30))
    cube = open_cube(write(pairs, points=30, unit="eV", kind="XY", gain=20.25, offset=100))
    assert cube.spectrum(0, 0).tolist() == list(range(30))
    assert cube.energies.gain_kev == pytest.approx(0.02025)


def test_several_columns_of_counts_are_one_spectrum(write):
    assert open_cube(write("1, 2, 3,\n4, 5, 6", kind="YY")).spectrum(0, 0).tolist() == [
        1, 2, 3, 4, 5, 6,
    ]  # fmt: skip


def test_values_beyond_the_declared_channels_are_noted(write):
    cube = open_cube(write("1 2 3 4 5", points=3))
    assert cube.spectrum(0, 0).tolist() == [1, 2, 3]
    assert any("not read: 2" in note for note in cube.source.notes)


def test_an_impossible_voltage_is_noted(tmp_path, write):
    path = write("1 2 3")
    path.write_text(path.read_text().replace("-kV: 50", "-kV: 300"))
    cube = open_cube(path)
    assert cube.acquisition.tube_kv is None
    assert any(
        "tube voltage of the file, 300 kV, is not used" in note for note in cube.source.notes
    )


def test_negative_counts_become_zero_and_are_noted(write):
    cube = open_cube(write("1, -1, 5"))
    assert cube.spectrum(0, 0).tolist() == [1, 0, 5]
    assert any("negative" in note for note in cube.source.notes)


def test_a_missing_axis_is_noted(write):
    cube = open_cube(write("1, 2", gain=0))
    assert cube.energies.source == "estimated"
    assert any("no energy axis" in note for note in cube.source.notes)


@pytest.mark.parametrize(
    ("data", "points", "sentence"),
    [
        ("1, 2, 3", 5, "holds 3 of its 5 channels"),
        ("1, 2, 3", "", "how many channels"),
        ("1, 2, 3", -3, "how many channels"),
        ("1, 2, 3", "1e15", "how many channels"),
        ("1, two, 3", 3, "where counts should be"),
        ("1, 2.5, 3", 3, "fractional"),
        ("1, nan, 3", 3, "not numbers"),
        ("1, 1e300, 3", 3, "not numbers"),
    ],
)
def test_invalid_spectra_are_refused_in_one_sentence(write, data, points, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        open_cube(write(data, points))
    message = str(caught.value)
    assert message.startswith("a.msa ") and message.endswith(".") and "\n" not in message


def test_a_suffix_alone_does_not_open_a_file(tmp_path):
    (tmp_path / "a.msa").write_text("1, 2, 3")
    assert not can_open(tmp_path / "a.msa")


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40), st.sampled_from([", ", " ", "\n"]))
def test_counts_are_parsed_exactly(values, gap):
    data = gap.join(f"{value}.0" for value in values)
    parsed = parse_msa(f"#FORMAT : EMSA/MAS\n#NPOINTS : 3\n#SPECTRUM :\n{data}\n#ENDOFDATA :\n9")
    np.testing.assert_array_equal(parsed.values, values)


@given(st.text(max_size=300))
def test_any_text_is_parsed_or_refused_in_one_sentence(text):
    try:
        parse_msa(text)
    except ValueError as error:
        assert str(error).endswith(".")
