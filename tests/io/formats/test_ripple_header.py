"""Test the parsing of Ripple headers: dialects and invalid text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.io.formats.ripple import (
    acquisition,
    energy_axis,
    parse_header,
    pixel_mm,
    read_keys,
)

BASE = {
    "width": "4",
    "height": "3",
    "depth": "16",
    "offset": "0",
    "data-length": "2",
    "data-type": "unsigned",
    "byte-order": "little-endian",
    "record-by": "vector",
}


def header(**changes: str | None) -> str:
    keys = {**BASE, **{key.replace("_", "-"): value for key, value in changes.items()}}
    return "\n".join(f"{key}\t{value}" for key, value in keys.items() if value is not None)


def test_keys_are_split_at_any_white_space_and_case_is_ignored():
    text = "data-Length\t 2\ndepthscaleorigin          -0.956\nwidth 3 ; columns\n\nlonely\n"
    assert read_keys(text) == {"data-length": "2", "depthscaleorigin": "-0.956", "width": "3"}


def test_record_by_image_has_the_channel_axis_first():
    parsed = parse_header(header(record_by="image"))
    assert parsed.shape == (3, 4, 16) and parsed.disk_shape == (16, 3, 4)


@pytest.mark.parametrize(
    ("extra", "gain", "offset"),
    [
        ("depthscaleincrement 0.01\ndepthscaleorigin -0.96\ndepthscaleunits keV", 0.01, -0.96),
        ("depthscaleincrement 10\ndepthscaleorigin -960\ndepthscaleunits eV", 0.01, -0.96),
        ("depth-scale 0.02\ndepth-origin 0.1\ndepth-units keV", 0.02, 0.1),
        ("depth-scale 20\ndepth-origin 100", 0.02, 0.1),
        ("ev-per-chan 5", 0.005, 0.0),
        # Channels 100 to 131 were stored, summed in pairs.
        (
            "depthscaleincrement 0.01\ndepthscaleorigin -0.96\ndepthscaleunits keV\n"
            "depthbinsize 2\ndepth1 100\ndepth2 131",
            0.02,
            0.045,
        ),
    ],
)
def test_the_energy_axis_of_each_dialect_is_read(extra, gain, offset):
    axis = energy_axis(parse_header(header() + "\n" + extra))
    assert axis.gain_kev == pytest.approx(gain)
    assert axis.offset_kev == pytest.approx(offset)


def test_a_header_without_an_axis_has_none():
    assert energy_axis(parse_header(header())) is None


def test_settings_and_pixel_size_are_read():
    text = header() + (
        "\nbeam-energy 50\nelevation-angle 60\nwidth-scale 500\nwidth-units um"
        "\nheight-scale 0.4\nheight-units mm"
    )
    parsed = parse_header(text)
    assert acquisition(parsed).tube_kv == 50 and acquisition(parsed).takeoff_deg == 60
    assert pixel_mm(parsed) == pytest.approx((0.4, 0.5))


def test_impossible_settings_are_left_unknown():
    parsed = parse_header(header() + "\nbeam-energy 0\nelevation-angle 900\nwidth-scale 1")
    assert not acquisition(parsed).known() and pixel_mm(parsed) is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"width": None}, "does not state width"),
        ({"width": "abc"}, "no whole number"),
        ({"width": "-4"}, "at least 1"),
        ({"depth": "0"}, "at least 1"),
        ({"height": "99999999999"}, "larger than any scan"),
        ({"width": "9" * 5000}, "no whole number"),
        ({"offset": "-1"}, "negative offset"),
        ({"data_length": "3"}, "3 bytes"),
        ({"data_length": "2", "data_type": "float"}, "2 bytes"),
        ({"data_type": "complex"}, "data-type"),
        ({"byte_order": "middle"}, "byte-order"),
        ({"record_by": "row"}, "record-by"),
        ({"record_by": "dont-care", "depth": "1"}, "an image"),
    ],
)
def test_invalid_headers_are_refused_in_one_sentence(changes, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        parse_header(header(**changes), "scan.rpl")
    message = str(caught.value)
    assert message.startswith("scan.rpl ") and message.endswith(".") and "\n" not in message


def test_assumptions_are_noted():
    parsed = parse_header(header(record_by="dont-care", byte_order="dont-care"))
    assert len(parsed.notes) == 2


@given(st.dictionaries(st.sampled_from([*BASE, "depthbinsize", "depth1", "depth2",
                                        "depthscaleincrement"]), st.text(max_size=12)))  # fmt: skip
def test_any_values_are_parsed_or_refused_in_one_sentence(changes):
    keys = {**BASE, **changes}
    try:
        parsed = parse_header("\n".join(f"{key}\t{value}" for key, value in keys.items()))
        energy_axis(parsed)
    except ValueError as error:
        assert str(error).endswith(".")
    else:
        assert min(parsed.shape) >= 1 and sorted(parsed.axes) == [0, 1, 2]


@given(st.text(max_size=300))
def test_any_text_is_parsed_or_raises_value_error(text):
    try:
        parse_header(text)
    except ValueError as error:
        assert str(error).endswith(".")
