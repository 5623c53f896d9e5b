"""Test the scores of pigment maps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_xrf_pigments.cube import Acquisition, ElementMaps, EnergyAxis, PigmentMaps
from napari_xrf_pigments.evaluation import (
    TestSet,
    Truth,
    evaluate,
    scan_table,
    score,
    score_scan,
    score_set,
)
from napari_xrf_pigments.evaluation.independent_simulation.truth import (
    COVERED,
    TOP,
    concatenate_truths,
)
from napari_xrf_pigments.evaluation.metrics import (
    auc,
    average_precision,
    calibration_error,
    confusion_table,
    recall_by,
)
from napari_xrf_pigments.pigments.catalogue import ambiguity_groups, pigment_catalogue

NAMES = tuple(entry.id for entry in pigment_catalogue())
GROUPS = tuple(ambiguity_groups())
MEMBER = np.array([GROUPS.index(entry.group) for entry in pigment_catalogue()])
N = 120


def make_truth(seed: int = 0) -> Truth:
    rng = np.random.default_rng(seed)
    where = np.where(rng.random((N, len(NAMES))) < 0.12, rng.choice([TOP, COVERED], (N, 1)), 0)
    sigma = np.where(where > 0, 20.0, 0.0).astype(np.float32)
    no = np.zeros((N, len(GROUPS)), dtype=bool)
    return Truth(
        NAMES, GROUPS, MEMBER, where.astype(np.uint8), sigma,
        no, no.copy(), np.where(where > 0, 0.0, np.nan), np.where(where > 0, 0.3, 0.0),
        np.geomspace(300, 60_000, N).astype(np.float32), np.arange(N) // 4,
    )  # fmt: skip


def oracle(truth: Truth) -> PigmentMaps:
    present = truth.present.astype(float)
    onehot = (truth.member[:, None] == np.arange(len(GROUPS))).astype(float)
    return PigmentMaps(
        NAMES, present.T, ((truth.where & TOP) > 0).T * 1.0, (truth.where > TOP).T * 1.0,
        GROUPS, np.minimum(present @ onehot, 1.0).T, np.zeros(N),
    )  # fmt: skip


def with_group(maps: PigmentMaps, group: str, rows: slice, value: float) -> PigmentMaps:
    probability = np.array(maps.group_probability)
    probability[GROUPS.index(group), rows] = value
    return PigmentMaps(
        maps.names, maps.probability, maps.top, maps.below, maps.groups, probability,
        maps.unexplained,
    )  # fmt: skip


def test_the_true_labels_have_perfect_scores() -> None:
    truth = make_truth()
    found = score(truth, oracle(truth), bootstrap=20)
    assert (found.macro_f1, found.false_positives, found.exact) == (1.0, 0.0, 1.0)
    assert (found.calibration, found.below_auc, found.covered_recall) == (0.0, 1.0, 1.0)
    assert found.intervals["macro_f1"] == (1.0, 1.0)


def test_the_order_of_names_does_not_matter() -> None:
    truth = make_truth()
    maps = oracle(truth)
    reversed_maps = PigmentMaps(
        maps.names[::-1], maps.probability[::-1], maps.top[::-1], maps.below[::-1],
        maps.groups[::-1], maps.group_probability[::-1], maps.unexplained,
    )  # fmt: skip
    assert score(truth, reversed_maps) == score(truth, maps)


def test_a_missing_name_and_a_wrong_length_are_rejected() -> None:
    truth = make_truth()
    maps = oracle(truth)
    fewer = PigmentMaps(
        maps.names, maps.probability, maps.top, maps.below,
        maps.groups[1:], maps.group_probability[1:], maps.unexplained,
    )  # fmt: skip
    with pytest.raises(ValueError, match="has no values for"):
        score(truth, fewer)
    with pytest.raises(ValueError, match="do not fit"):
        score(truth.select(slice(0, 10)), maps)


def test_false_alarms_and_misses_are_counted_by_group() -> None:
    truth = make_truth()
    maps = with_group(oracle(truth), "mercury", slice(None), 1.0)
    row = next(row for row in score(truth, maps).groups if row.name == "mercury")
    assert row.recall == 1.0
    assert row.precision == pytest.approx(row.present / (row.present + row.absent))
    assert row.false_positives == 1.0
    silent = with_group(oracle(truth), "mercury", slice(None), 0.0)
    row = next(row for row in score(truth, silent).groups if row.name == "mercury")
    assert (row.recall, row.f1) == (0.0, 0.0)


def test_undetectable_pigments_are_left_out() -> None:
    truth = make_truth()
    k = NAMES.index("gold_leaf")
    truth.sigma[:, k] = np.where(truth.present[:, k], 4.9, 0.0)
    maps = with_group(oracle(truth), "gold", slice(None), 0.0)
    row = next(row for row in score(truth, maps).groups if row.name == "gold")
    assert row.present == 0
    assert row.absent == N - int(truth.present[:, k].sum())
    assert score(truth, maps).exact == 1.0


def test_groups_hidden_by_the_anode_or_sharing_elements_are_left_out() -> None:
    truth = make_truth()
    g = GROUPS.index("mercury")
    maps = with_group(oracle(truth), "mercury", slice(None), 1.0)
    assert score(truth, maps).exact < 1.0
    truth.shared[:, g] = True
    assert score(truth, maps).exact < 1.0
    assert score(truth, maps, elements_decide=True).exact == 1.0
    truth.blind[:, g] = True
    assert score(truth, maps).exact == 1.0


def test_the_bootstrap_interval_contains_the_value() -> None:
    truth = make_truth()
    maps = with_group(oracle(truth), "lead", slice(0, 60), 0.0)
    found = score(truth, maps, bootstrap=200)
    low, high = found.intervals["exact"]
    assert low < found.exact < high


def test_recall_is_tabulated_by_significance_and_confusions_are_counted() -> None:
    truth = make_truth()
    maps = with_group(with_group(oracle(truth), "lead", slice(None), 0.0), "gold", slice(None), 1.0)
    slices = {s.label: s for s in recall_by(truth, maps, "sigma")}
    assert slices["10-30"].pigments == int(truth.present.sum())
    table = confusion_table(truth, maps)
    worst = np.unravel_index(np.argmax(table), table.shape)
    assert (GROUPS[worst[0]], GROUPS[worst[1]]) == ("lead", "gold")


def test_evaluate_computes_scores_of_sets_and_scan() -> None:
    truth = make_truth()
    axis, acquisition = EnergyAxis(8, 0.1), Acquisition(anode="Rh")
    counts = np.arange(N, dtype=np.uint32)[:, None].repeat(8, 1)
    entry = TestSet("toy", counts, axis, acquisition, truth, {})
    maps = oracle(truth)

    def predict(spectra: np.ndarray, energies: EnergyAxis, known: Acquisition) -> PigmentMaps:
        assert (energies, known) == (axis, acquisition)
        rows = spectra[:, 0]
        return PigmentMaps(
            NAMES, maps.probability[:, rows], maps.top[:, rows], maps.below[:, rows],
            GROUPS, maps.group_probability[:, rows], np.zeros(len(rows)),
        )  # fmt: skip

    steps: list[tuple[int, int]] = []
    elements = ElementMaps(("Hg L",), np.full((1, N), 9.0), np.ones((1, N)))
    report = evaluate(
        predict, [entry], (elements, maps), progress=lambda *at: steps.append(at), batch=50,
        bootstrap=5,
    )  # fmt: skip
    assert steps == [(50, N), (100, N), (N, N)]
    assert report.main_scores()["toy: all counts: macro_f1"] == 1.0
    assert "## Set toy" in str(report)
    assert "vermilion" in scan_table(report.scan)
    assert score_set(entry.name, truth, maps).scores["all counts"].exact == 1.0


def test_several_sets_are_also_scored_together_with_distinct_stacks() -> None:
    one, other = make_truth(0), make_truth(1)
    both = concatenate_truths([one, other])
    assert len(both.counts) == 2 * N
    assert len(np.unique(both.stack)) == len(np.unique(one.stack)) + len(np.unique(other.stack))
    axis = EnergyAxis(8, 0.1)
    sets = [
        TestSet(name, np.zeros((N, 8), np.uint32), axis, Acquisition(anode=anode), truth, {})
        for name, anode, truth in (("a", "Rh", one), ("b", "Ag", other))
    ]

    def predict(spectra: np.ndarray, energies: EnergyAxis, known: Acquisition) -> PigmentMaps:
        return oracle(one if known.anode == "Rh" else other)

    report = evaluate(predict, sets, batch=N, bootstrap=0)
    assert [part.name for part in report.sets] == ["a", "b", "a and b together"]
    assert report.main_scores()["a and b together: all counts: macro_f1"] == 1.0
    with pytest.raises(ValueError, match="pigment tables"):
        concatenate_truths([one, replace(other, names=NAMES[::-1])])


def test_the_score_of_a_scan_uses_the_weakest_element() -> None:
    n = 200
    counts = np.zeros((2, n))
    counts[0], counts[1, : n // 2] = 100.0, 100.0  # lead everywhere, tin in half
    elements = ElementMaps(("Pb L", "Sn K"), counts, np.full((2, n), 10.0))
    probability = np.zeros((len(NAMES), n))
    k = NAMES.index("lead_tin_yellow")
    probability[k, : n // 2 + 20] = 0.9
    probability[NAMES.index("smalt"), :10] = 0.9
    maps = PigmentMaps(NAMES, probability, probability, probability, GROUPS, None, None)
    rows = {row.name: row for row in score_scan(elements, maps)}
    tin = rows["lead_tin_yellow"]
    assert (tin.false_share, tin.false_rate) == (0.1, 0.2)
    assert (tin.strong, tin.weak) == (100, 100)
    assert tin.auc == pytest.approx(0.9)
    assert rows["smalt"].elements == ()
    assert rows["smalt"].false_share == 0.05


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 5), min_size=1), st.lists(st.integers(0, 5), min_size=1))
def test_auc_is_the_probability_of_the_right_order(up: list[int], down: list[int]) -> None:
    pairs = [(a > b) + 0.5 * (a == b) for a in up for b in down]
    assert auc(up, down) == pytest.approx(np.mean(pairs))


def test_average_precision_of_a_known_ranking_is_exact() -> None:
    assert average_precision([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision([1, 0], [0.5, 0.5]) == 0.5
    assert np.isnan(average_precision([0, 0], [0.5, 0.4]))


def test_overconfidence_raises_the_calibration_error() -> None:
    assert calibration_error([1, 0], [0.99, 0.99]) == pytest.approx(0.49)
    assert calibration_error(np.arange(10) < 7, np.full(10, 0.7)) == pytest.approx(0.0)
