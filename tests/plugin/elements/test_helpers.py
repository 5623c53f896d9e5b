"""Parts, parsing, fit settings, composites and provenance of the Elements dock, without Qt."""

import numpy as np
import pytest

from napari_xrf_pigments.io.pymca_config import FitSettings, read_pymca_cfg, write_pymca_cfg
from napari_xrf_pigments.plugin.elements.composite import composite_spec
from napari_xrf_pigments.plugin.elements.composite_bar import ChannelChoice
from napari_xrf_pigments.plugin.elements.fit_settings import apply_settings, rows_of, save_settings
from napari_xrf_pigments.plugin.elements.histogram import histogram_of
from napari_xrf_pigments.plugin.elements.parsing import rows_of_text
from napari_xrf_pigments.plugin.elements.preview_scope import PREVIEW_SCOPES, PreviewSubsets
from napari_xrf_pigments.plugin.pigments.provenance_text import provenance_line, provenance_text
from napari_xrf_pigments.plugin.state.results import ElementResults, ElementView
from napari_xrf_pigments.plugin.state.rows import ElementRow, with_mapped
from napari_xrf_pigments.plugin.state.scan import Scan, ScanSettings

from ..synthetic import LINES, FakeTiles, make_cube, places


@pytest.fixture
def scan():
    return Scan(make_cube(), "scan")


def test_a_part_is_cached_until_scan_or_scope_change(scan):
    subsets = PreviewSubsets()
    assert subsets.part(scan, "whole") is None
    first = subsets.part(scan, "bin 2")
    assert subsets.part(scan, "bin 2") is first
    assert subsets.part(scan, "every 2") is not first
    again = subsets.part(scan, "bin 2")
    scan.cube = scan.cube.with_energies(scan.cube.energies.recalibrated(0.021, 0.0))
    assert subsets.part(scan, "bin 2") is not again


@pytest.mark.parametrize(
    "scope", [key for key, _ in PREVIEW_SCOPES if key not in ("whole", "region")]
)
def test_the_title_of_a_part_states_its_step(scan, scope):
    part = PreviewSubsets().part(scan, scope)
    assert part.step == int(scope.split()[1])
    assert str(part.step) in part.title


def test_a_region_must_be_drawn(scan):
    subsets = PreviewSubsets()
    for mask in (None, np.zeros((24, 36), bool)):
        with pytest.raises(ValueError, match="Draw a region"):
            subsets.part(scan, "region", mask)
    mask = np.zeros((24, 36), bool)
    mask[2:5, 3:9] = True
    part = subsets.part(scan, "region", mask, "sky")
    assert part.cube.shape[:2] == (3, 6)
    other = mask.copy()
    other[10, 10] = True
    assert subsets.part(scan, "region", other, "sky") is not part


@pytest.mark.parametrize(
    ("text", "families"),
    [
        ("Fe", ["Fe K"]),
        ("fe, Pb-M", ["Fe K", "Pb M"]),
        ("Pb l; Hg", ["Pb L", "Hg L"]),
        ("Fe, ", ["Fe K"]),
    ],
)
def test_elements_are_parsed_in_common_spellings(text, families):
    rows = rows_of_text(text, make_cube())
    assert [row.family for row in rows] == families
    assert all(row.family == row.families[0] for row in rows)


def test_an_element_lists_its_other_families():
    (row,) = rows_of_text("Pb", make_cube())
    assert set(row.families) == {"Pb L", "Pb M"}


@pytest.mark.parametrize("text", ["Zz", "iron", "Fe Q", "H"])
def test_an_entry_that_is_no_element_is_named_in_the_error(text):
    with pytest.raises(ValueError, match=text.split()[0]):
        rows_of_text(text, make_cube())


def test_fit_settings_are_applied_and_can_be_undone(scan, tmp_path):
    path = tmp_path / "fit.cfg"
    write_pymca_cfg(path, FitSettings(("Fe K", "Pb L", "Pb M"), 0.021, 0.01, 150.0, 40.0, None))
    before = scan.cube.energies
    rows, sentence = apply_settings(scan, path)
    assert [(row.family, row.families) for row in rows] == [
        ("Fe K", ("Fe K",)),
        ("Pb L", ("Pb L", "Pb M")),
    ]
    assert (scan.cube.energies.gain_kev, scan.cube.energies.offset_kev) == (0.021, 0.01)
    assert "energy axis" in sentence
    scan.undo()
    assert scan.cube.energies == before
    assert rows_of(FitSettings()) == []


def test_fit_settings_with_the_same_axis_change_nothing(scan, tmp_path):
    path = tmp_path / "fit.cfg"
    save_settings(scan, ("Fe K", "Pb M"), path)
    _, sentence = apply_settings(scan, path)
    assert not scan.can_undo
    assert "energy axis" not in sentence
    found = read_pymca_cfg(path)
    assert found.families == ("Fe K", "Pb M")
    assert found.excitation_kev == 40


def test_an_axis_rounded_in_a_file_changes_nothing(scan, tmp_path):
    axis = scan.cube.energies.recalibrated(0.0200123456789123, -0.0123456789123456)
    scan.cube = scan.cube.with_energies(axis)
    path = tmp_path / "fit.cfg"
    save_settings(scan, ("Fe K",), path)
    assert read_pymca_cfg(path).gain_kev != axis.gain_kev
    _, sentence = apply_settings(scan, path)
    assert not scan.can_undo
    assert "energy axis" not in sentence


@pytest.mark.parametrize(
    ("gain_kev", "offset_kev", "why"),
    [
        (0.02, 0.000009, ""),
        (0.02 + 1e-9, 0.0, ""),
        (0.02, 0.0001, "previous calibration"),
        (0.02 + 1e-6, 0.0, "previous calibration"),
    ],
)
def test_maps_are_stale_when_a_channel_moves(scan, gain_kev, offset_kev, why):
    energies = scan.cube.energies
    assert (energies.gain_kev, energies.offset_kev) == (0.02, 0.0)
    here = ScanSettings(energies, scan.cube.acquisition)
    there = ScanSettings(energies.recalibrated(gain_kev, offset_kev), scan.cube.acquisition)
    assert here.stale_reason(there) == there.stale_reason(here) == why


def test_composite_of_results():
    cube = make_cube()
    results = ElementResults(cube.shape[:2], tuple(LINES), cube)
    for tile in FakeTiles().elements(cube, tuple(LINES)):
        results.add(tile)
    choices = [ChannelChoice("Hg L", "#ff0000", 0.1, 1.0), ChannelChoice("Cu K", "#0000ff", 0.1, 1)]
    spec = composite_spec(results, ElementView("sigma", "total"), choices, 3)
    assert (spec.kind, spec.name) == ("composite", "3")
    assert spec.title == "Hg L + Cu K (divided by total)"
    assert tuple(spec.data[places()["Hg L"]][0]) == (255, 0, 0)
    assert spec.made["composite"][0]["threshold"] == pytest.approx(100)
    with pytest.raises(ValueError, match="no map of Fe K"):
        composite_spec(results, ElementView(), [ChannelChoice("Fe K", "#ff0000", 0, 1)], 1)


def test_a_histogram_counts_all_values_except_outliers():
    image = np.zeros((100, 100), np.float32)
    image[:50] = 10
    image[0, 0] = 1e6
    image[99, 99] = np.nan
    edges, counts = histogram_of(image)
    assert edges[-1] < 1e6
    assert counts[0] == 4999
    assert 4998 <= counts.sum() - counts[0] <= 5000
    assert histogram_of(np.full((3, 3), np.nan)) is None
    edges, counts = histogram_of(np.full((3, 3), 7.0))
    assert counts.sum() == 9


def test_provenance_as_text():
    made = {
        "made": "2026-01-02T03:04:05+00:00",
        "version": "1.0",
        "weights_hash": "0123456789abcdef",
        "settings": {"kind": "pigments", "nothing": None},
        "shape": [3, 4, 5],
        "palette": {"period": [None, None]},
        "acquisition": {"tube_kv": 50.0, "detector": {"fwhm_mn_ka_ev": 140.0}},
    }
    assert provenance_line(made) == "Made 2026-01-02 03:04, version 1.0, weights 01234567"
    assert provenance_line({}) == ""
    text = provenance_text(made)
    assert "Settings:\n  Kind: pigments" in text
    assert "Shape: 3, 4, 5" in text
    assert "Period: not set" in text
    assert "Tube (kV): 50.0" in text
    assert "Resolution at Mn K alpha (eV): 140.0" in text
    assert "Nothing" not in text


def test_rows_show_the_lines_that_were_mapped():
    rows = (ElementRow("Pb L", ("Pb L", "Pb M"), 80.0), ElementRow("Fe K", ("Fe K",), 9.0))
    found = with_mapped(rows, ("Pb M", "Cu K"))
    assert [(row.family, row.strength) for row in found] == [
        ("Pb M", 80.0),
        ("Fe K", 9.0),
        ("Cu K", None),
    ]
    assert with_mapped(rows, ()) == list(rows)
    assert with_mapped((), ("Cu K",)) == [ElementRow("Cu K")]
