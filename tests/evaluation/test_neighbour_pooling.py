"""Test the scores of neighbour pooling on simulated paintings, at edges and elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from napari_xrf_pigments.cube import PigmentMaps
from napari_xrf_pigments.evaluation import (
    ContextScore,
    context_table,
    measure_context,
    neighbour_pooling,
    score_context,
)
from napari_xrf_pigments.evaluation.neighbour_pooling import AREAS, REFERENCE_COUNTS, at_edges
from napari_xrf_pigments.network import Predictor
from napari_xrf_pigments.pigments import ambiguity_groups, pigment_catalogue
from napari_xrf_pigments.simulation import ScanTruth

NAMES = tuple(entry.id for entry in pigment_catalogue())
GROUPS = tuple(ambiguity_groups())
SHAPE = (12, 12)


@pytest.fixture
def truth() -> ScanTruth:
    """Make vermilion on the left and lead white everywhere, both far over the noise."""
    top = np.zeros((len(NAMES), *SHAPE), bool)
    top[NAMES.index("lead_white")] = True
    top[NAMES.index("vermilion"), :, :6] = True
    regions = np.zeros(SHAPE, np.int64)
    regions[:, 6:] = 1
    absent = np.zeros(top.shape, np.float32)
    sigma = 50 * top.astype(np.float32)
    return ScanTruth(NAMES, top, np.zeros_like(top), sigma, absent, regions, {})


def _maps(truth: ScanTruth, shift: int = 0) -> PigmentMaps:
    groups = ambiguity_groups()
    there = np.array([truth.top[[NAMES.index(i) for i in ids]].any(0) for ids in groups.values()])
    probability = np.roll(there, shift, axis=-1).astype(np.float32)
    empty = np.zeros((len(NAMES), *SHAPE), np.float32)
    return PigmentMaps(NAMES, empty, empty, empty, GROUPS, probability, empty[0])


def test_edges_are_pixels_beside_another_region() -> None:
    regions = np.zeros((5, 6), int)
    regions[:, 3:] = 1
    assert (at_edges(regions) == np.tile([False, False, True, True, False, False], (5, 1))).all()
    assert not at_edges(np.zeros((3, 3), int)).any()


def test_each_painting_is_mapped_with_and_without_neighbours(monkeypatch) -> None:
    monkeypatch.setattr(neighbour_pooling, "_COUNTS", (300.0, 3_000.0))
    monkeypatch.setattr(neighbour_pooling, "_PAINTINGS", 1)
    monkeypatch.setattr(neighbour_pooling, "_SHAPE", (8, 8))
    steps = []
    rows = measure_context(Predictor("cpu"), progress=lambda *step: steps.append(step))
    assert [(row.counts, row.context, row.area) for row in rows] == [
        (counts, context, area)
        for counts in (300.0, 3_000.0)
        for context in (False, True)
        for area in AREAS
    ]
    assert steps == [(1, 2), (2, 2)]


def test_the_true_labels_have_perfect_scores_everywhere(truth: ScanTruth) -> None:
    for row in score_context(truth, _maps(truth), REFERENCE_COUNTS, context=True):
        assert (row.macro_f1, row.false_positives, row.exact) == (1.0, 0.0, 1.0)


def test_a_blurred_edge_lowers_the_score_at_the_edge_only(truth: ScanTruth) -> None:
    rows = {row.area: row for row in score_context(truth, _maps(truth, 1), 300.0, context=True)}
    assert rows["at an edge"].exact == 0.5
    assert rows["at an edge"].false_positives > rows["all"].false_positives > 0
    assert rows["at an edge"].macro_f1 < rows["all"].macro_f1 < 1


def test_pigments_that_need_more_counts_to_be_detectable_are_left_out(truth: ScanTruth) -> None:
    # 50 sigma at 200 times the reference counts are 3.5 at the reference.
    wrong = _maps(truth)
    wrong.group_probability[:] = 0
    rows = score_context(truth, wrong, 200 * REFERENCE_COUNTS, context=False)
    assert all(row.exact == 1.0 for row in rows)


def test_the_table_contains_both_kinds_of_maps_with_their_ranges() -> None:
    rows = [
        ContextScore(300.0, context, "all", f1, 0.001, 0.5)
        for context, f1 in ((False, 0.5), (False, 0.6), (True, 0.8), (True, 0.9))
    ]
    lines = context_table(rows).splitlines()
    assert len(lines) == 3
    assert "| 300 | all | 0.550 (0.500-0.600) | 0.850 (0.800-0.900) | 0.10 %" in lines[2]
