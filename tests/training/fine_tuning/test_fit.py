"""Test that fine-tuning improves the annotated pigments and changes no other output."""

from functools import partial

import numpy as np
import pytest
import torch

from napari_xrf_pigments.network.encoding import N_INPUTS
from napari_xrf_pigments.network.model import Architecture, PigmentNet
from napari_xrf_pigments.network.outputs import output_names
from napari_xrf_pigments.network.weights import (
    bundled_weights,
    load_weights,
    read_training,
    save_weights,
    weights_hash,
)
from napari_xrf_pigments.training.fine_tuning import fit
from napari_xrf_pigments.training.fine_tuning.annotations import (
    AnnotatedSpectra,
    Annotation,
    target_row,
)
from napari_xrf_pigments.training.fine_tuning.assessment import (
    SimulatedScore,
    make_warnings,
    score_held_out,
    score_on_simulated,
)
from napari_xrf_pigments.training.fine_tuning.fit import FineTuningProgress, features_of, fine_tune
from napari_xrf_pigments.training.fine_tuning.weights import (
    FineTunedNetwork,
    is_fine_tuned,
    save_fine_tuned,
)
from napari_xrf_pigments.training.spectra_stream import training_stream

PIGMENTS, _ = output_names()
VERMILION = PIGMENTS.index("vermilion")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    torch.manual_seed(0)
    net = PigmentNet(Architecture(48, 1))
    net.last.weight.data.mul_(0.1)
    path = tmp_path_factory.mktemp("weights") / "base.safetensors"
    save_weights(net, path, {"seed": 0})
    return path


def annotated_spectra(parts=4, separated=True, kinds=(True, False)):
    """Make spectra in which a pattern marks the presence of vermilion."""
    rng = torch.Generator().manual_seed(1)
    encoded, targets, folds = [], [], []
    for present in kinds:
        spectra = 0.3 * torch.randn(120, N_INPUTS, generator=rng)
        spectra[:, :40] += 2.0 if present else -2.0
        encoded.append(spectra)
        targets.append(target_row(Annotation("vermilion", present)).expand(120, -1))
        folds.append(np.arange(120) * parts // 120)
    annotations = tuple(Annotation("vermilion", present) for present in kinds)
    return AnnotatedSpectra(
        torch.cat(encoded), torch.cat(targets), np.concatenate(folds), annotations,
        (120,) * len(kinds), separated, "A scan",
    )  # fmt: skip


@pytest.fixture(scope="module")
def outcome(base):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "training_stream", partial(training_stream, sections=96))
        steps = list(fine_tune(annotated_spectra(), base, replay_chunks=2, check_chunks=1))
    return steps


def test_progress_is_reported_and_the_network_comes_last(outcome):
    *steps, network = outcome
    assert all(isinstance(step, FineTuningProgress) for step in steps)
    assert [step.done for step in steps] == list(range(1, steps[0].total + 1))
    assert isinstance(network, FineTunedNetwork)


def test_the_pigment_is_found_in_held_out_parts(outcome):
    (score,) = outcome[-1].held_out
    assert score.pigment == "vermilion"
    assert score.found_after > 0.85
    assert score.false_after < 0.05
    assert score.loss_after < 0.5 * score.loss_before


def test_all_other_outputs_are_unchanged(outcome, base):
    before, after = load_weights(base), outcome[-1].net
    outputs = annotated_spectra().outputs
    spectra = torch.randn(50, N_INPUTS)
    changed = (before(spectra) != after(spectra)).any(0)
    assert changed[outputs].all()
    changed[outputs] = False
    assert not changed.any()


def test_the_same_annotations_give_the_same_weights(outcome, base, monkeypatch):
    monkeypatch.setattr(fit, "training_stream", partial(training_stream, sections=96))
    *_, again = fine_tune(annotated_spectra(), base, replay_chunks=2, check_chunks=1)
    assert torch.equal(again.net.last.weight, outcome[-1].net.last.weight)


def test_a_held_out_part_is_not_fitted(base, monkeypatch):
    sizes = []
    monkeypatch.setattr(fit, "training_stream", partial(training_stream, sections=96))
    monkeypatch.setattr(
        fit,
        "fit_rows",
        lambda last, outputs, own, *rest: sizes.append(len(own.targets)) or last,
    )
    list(fine_tune(annotated_spectra(parts=3), base, replay_chunks=1, check_chunks=1))
    assert sizes == [160, 160, 160, 240]


def test_features_are_the_inputs_of_the_last_layer(base):
    net = load_weights(base)
    spectra = torch.randn(2100, N_INPUTS)
    assert torch.allclose(net.last(features_of(net, spectra)), net(spectra), atol=1e-5)
    assert not net.last._forward_pre_hooks


def test_fine_tuned_weights_have_their_own_file_hash_and_provenance(outcome, base, tmp_path):
    before = weights_hash(base)
    path = tmp_path / "mine.safetensors"
    digest = save_fine_tuned(outcome[-1], path)
    assert digest == weights_hash(path) != before
    assert weights_hash(base) == before
    made = read_training(path)
    assert made["seed"] == 0
    assert made["taught"]["from_weights"] == before
    assert made["taught"]["scan"] == "A scan"
    assert made["taught"]["painted"][0] == {"pigment": "vermilion", "present": True, "pixels": 120}
    assert made["taught"]["held_out"][0]["found_after"] > 0.85
    assert is_fine_tuned(path)
    assert not is_fine_tuned(base)
    spectra = torch.randn(20, N_INPUTS)
    assert torch.allclose(load_weights(path)(spectra), outcome[-1].net(spectra), atol=0.05)


def test_the_bundled_weights_are_never_overwritten(outcome, tmp_path):
    before = weights_hash(bundled_weights())
    link = tmp_path / "link.safetensors"
    link.symlink_to(bundled_weights())
    for path in (
        bundled_weights(),
        link,
        bundled_weights().parent / "../data/pigments.safetensors",
    ):
        with pytest.raises(ValueError, match="never overwritten"):
            save_fine_tuned(outcome[-1], path)
    assert weights_hash(bundled_weights()) == before
    assert not is_fine_tuned(bundled_weights())


def test_only_fine_tuned_weights_are_overwritten(outcome, base, tmp_path):
    notes = tmp_path / "notes.safetensors"
    notes.write_text("mine")
    with pytest.raises(OSError, match="does not hold fine-tuned weights"):
        save_fine_tuned(outcome[-1], notes)
    assert notes.read_text() == "mine"
    with pytest.raises(ValueError, match=r"must end in \.safetensors"):
        save_fine_tuned(outcome[-1], tmp_path / "mine.pt")
    path = tmp_path / "mine.safetensors"
    save_fine_tuned(outcome[-1], path)
    save_fine_tuned(outcome[-1], path)


def logits(probability, spectra=200):
    """Make logits of a probability of vermilion, with all other outputs absent."""
    values = torch.full((spectra, target_row(Annotation("vermilion", True)).numel()), -9.0)
    values[:, VERMILION] = torch.logit(torch.as_tensor(probability, dtype=torch.float32))
    return values


def test_held_out_scores_are_shares_of_painted_pixels():
    spectra = annotated_spectra()
    before = torch.where(torch.arange(240) < 120, 0.4, 0.6)
    after = torch.where(torch.arange(240) < 90, 0.9, 0.1)
    (score,) = score_held_out(spectra, logits(before, 240), logits(after, 240))
    assert (score.found_before, score.found_after) == (0.0, 0.75)
    assert (score.false_before, score.false_after) == (1.0, 0.0)
    assert score.loss_after < score.loss_before


def test_a_loss_on_simulated_scans_gives_a_warning():
    targets = torch.zeros(200, logits(0.5).shape[1], dtype=torch.int8)
    targets[:100, VERMILION] = 1
    good = torch.where(torch.arange(200) < 100, 0.95, 0.05)
    bad = torch.where(torch.arange(200) < 100, 0.95, 0.7)
    pigments = ("vermilion",)
    (score,) = score_on_simulated(pigments, targets, logits(good), logits(bad))
    assert score.worse
    assert (score.f1_before, score.f1_after) == (1.0, pytest.approx(2 / 3))
    spectra, same = annotated_spectra(), logits(good[:1], 240)
    (sentence,) = make_warnings(spectra, score_held_out(spectra, same, same), (score,))
    assert "Vermilion gets worse on other paintings" in sentence
    (unchanged,) = score_on_simulated(pigments, targets, logits(good), logits(good))
    assert not unchanged.worse


def test_masked_targets_are_not_scored():
    targets = torch.full((200, logits(0.5).shape[1]), -1, dtype=torch.int8)
    targets[:10, VERMILION] = 1
    (score,) = score_on_simulated(("vermilion",), targets, logits(0.9), logits(0.9))
    assert score.f1_before == 1.0


@pytest.mark.parametrize(
    ("spectra", "sentence"),
    [
        (
            annotated_spectra(kinds=(True,)),
            "never painted as absent: false alarms cannot be judged",
        ),
        (annotated_spectra(kinds=(False,)), "never painted as present: misses cannot be judged"),
        (annotated_spectra(separated=False), "in one small area only"),
    ],
)
def test_weak_annotations_give_a_warning(spectra, sentence):
    fine = SimulatedScore("vermilion", 0.9, 0.9, 0.1, 0.1)
    size = len(spectra.targets)
    held_out = score_held_out(spectra, logits(0.5, size), logits(0.5, size))
    (warning,) = make_warnings(spectra, held_out, (fine,))
    assert sentence in warning
    assert "Too little is painted" in " ".join(make_warnings(spectra, (), (fine,)))
