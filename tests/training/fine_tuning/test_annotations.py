"""Test the spectra and targets of painted labels, and their division into spatial parts."""

from itertools import combinations

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_xrf_pigments.cube import XRFCube
from napari_xrf_pigments.network.encoding import N_BINS, N_INPUTS
from napari_xrf_pigments.network.outputs import MASKED, n_outputs, output_names
from napari_xrf_pigments.pigments.catalogue import ambiguity_groups
from napari_xrf_pigments.training.fine_tuning import annotations
from napari_xrf_pigments.training.fine_tuning.annotations import (
    Annotation,
    extract_annotations,
    spatial_folds,
    target_row,
)

PIGMENTS, GROUPS = output_names()
SHARED = next(name for name in PIGMENTS if name in {"azurite", "malachite"})
ALONE = next(members[0] for members in ambiguity_groups().values() if len(members) == 1)


@pytest.fixture
def cube():
    rng = np.random.default_rng(0)
    counts = rng.poisson(4.0, (12, 20, 400)).astype(np.uint16)
    counts[3, 4] += 50
    valid = np.ones((12, 20), bool)
    valid[0] = False
    return XRFCube.from_array(
        da.from_array(counts, chunks=(5, 9, 400)), gain_kev=0.05, anode="Rh", valid=valid
    )


def test_only_painted_and_measured_pixels_with_an_annotation_are_extracted(cube):
    labels = np.zeros((12, 20), int)
    labels[0:4, 4] = 1
    labels[8:10, 2:6] = 2
    labels[5, 5] = 7
    known = {
        1: Annotation("vermilion", True),
        2: Annotation(SHARED, False),
        0: Annotation(ALONE, True),
    }
    spectra = extract_annotations(cube, labels, known, scan="Hands")
    assert spectra.encoded.shape == (3 + 8, N_INPUTS)
    assert spectra.pixels == (3, 8)
    assert spectra.pigments == ("vermilion", SHARED)
    assert spectra.scan == "Hands"
    # The bright pixel is the third; its total counts follow the bins of the spectrum.
    totals = spectra.encoded[:3, N_BINS]
    assert totals.argmax() == 2


def test_outputs_are_those_with_a_target(cube):
    labels = np.zeros((12, 20), int)
    labels[3:6, 4:6] = 1
    spectra = extract_annotations(cube, labels, {1: Annotation("vermilion", False)})
    v, count = PIGMENTS.index("vermilion"), len(PIGMENTS)
    wanted = {v, v + count, v + 2 * count}
    assert wanted <= set(spectra.outputs.tolist())


def test_present_sets_no_layer_and_absent_sets_all_layers():
    count = len(PIGMENTS)
    index = PIGMENTS.index(SHARED)
    present, absent = (target_row(Annotation(SHARED, known)) for known in (True, False))
    assert present.shape == (n_outputs(),)
    assert (present != MASKED).sum() == 2
    assert present[index] == 1
    group = [SHARED in ambiguity_groups()[name] for name in GROUPS].index(True)
    assert present[3 * count + group] == 1
    assert [int(absent[index + k * count]) for k in range(3)] == [0, 0, 0]
    # Another member may be present.
    assert absent[3 * count + group] == MASKED


def test_absence_of_the_only_member_sets_its_group():
    absent = target_row(Annotation(ALONE, False))
    assert (absent == 0).sum() == 4


@given(arrays(bool, (14, 17), elements=st.booleans()))
def test_parts_cover_the_painted_pixels_and_do_not_divide_strokes(mask):
    from scipy import ndimage

    folds, separated = spatial_folds(mask)
    assert (folds[~mask] == -1).all()
    if not mask.any():
        return
    strokes, count = ndimage.label(mask, np.ones((3, 3)))
    parts = np.unique(folds[folds >= 0])
    assert np.array_equal(parts, np.arange(len(parts)))
    assert len(parts) <= 4
    if count > 1:
        assert separated
        assert all(len(np.unique(folds[strokes == k])) == 1 for k in range(1, count + 1))
    if count > 1 or not separated:
        assert np.array_equal(folds >= 0, mask)


def stroke(bend):
    """Paint a stroke three pixels wide: straight, slanting or bent."""
    mask = np.zeros((40, 50), bool)
    x = np.arange(5, 45)
    y = {"straight": 20 + 0 * x, "slanting": x * 3 // 4, "bow": 5 + (x - 25) ** 2 // 16}[bend]
    for up in (-1, 0, 1):
        mask[y + up, x] = True
    mask |= np.roll(mask, 1, axis=1)
    return mask


@pytest.mark.parametrize("bend", ["straight", "slanting", "bow"])
def test_a_single_stroke_is_cut_into_blocks_that_do_not_touch(bend):
    mask = stroke(bend)
    folds, separated = spatial_folds(mask)
    assert separated
    parts = np.unique(folds[folds >= 0])
    assert len(parts) >= 2
    pixels = [np.argwhere(folds == part) for part in parts]
    for one, other in combinations(pixels, 2):
        assert np.linalg.norm(one[:, None] - other, axis=-1).min() >= 3
    # Most painted pixels take part in the test.
    assert (folds >= 0).sum() > 0.7 * mask.sum()


def test_a_stroke_too_small_for_blocks_is_cut_into_strips():
    mask = np.zeros((10, 50), bool)
    mask[4, 5:25] = True
    folds, separated = spatial_folds(mask)
    assert not separated
    assert (np.diff(folds[4, 5:25]) >= 0).all()
    assert np.bincount(folds[mask]).tolist() == [5, 5, 5, 5]


def test_a_large_area_is_sampled_and_its_size_is_recorded(cube, monkeypatch):
    monkeypatch.setattr(annotations, "MAX_PIXELS", 25)
    labels = np.ones((12, 20), int)
    spectra = extract_annotations(cube, labels, {1: Annotation("vermilion", True)})
    assert len(spectra.encoded) == 25
    assert spectra.pixels == (220,)


@pytest.mark.parametrize(
    ("labels", "known", "sentence"),
    [
        (np.zeros((12, 20), int), {1: Annotation("vermilion", True)}, "Nothing is painted yet"),
        (np.ones((12, 20), int), {2: Annotation("vermilion", True)}, "Nothing is painted yet"),
        (np.ones((12, 20), int), {1: Annotation("octarine", True)}, "does not know .*octarine"),
        (np.ones((3, 3), int), {1: Annotation("vermilion", True)}, "shape of the scan"),
    ],
)
def test_invalid_annotations_are_rejected_with_one_sentence(cube, labels, known, sentence):
    with pytest.raises(ValueError, match=sentence):
        extract_annotations(cube, labels, known)
