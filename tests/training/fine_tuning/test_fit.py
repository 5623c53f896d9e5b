"""A network taught by a scan: it learns, forgets nothing else, and never touches its base."""

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
from napari_xrf_pigments.training.fine_tuning import fit as finetune
from napari_xrf_pigments.training.fine_tuning.annotations import Lesson, Statement, answer_row
from napari_xrf_pigments.training.fine_tuning.assessment import (
    Elsewhere,
    elsewhere,
    held_out,
    warnings_of,
)
from napari_xrf_pigments.training.fine_tuning.fit import Step, features_of, teach
from napari_xrf_pigments.training.fine_tuning.weights import Taught, is_taught, save_taught
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


def a_lesson(parts=4, apart=True, said=(True, False)):
    """Spectra in which a pattern says that vermilion is there."""
    rng = torch.Generator().manual_seed(1)
    encoded, answers, folds = [], [], []
    for present in said:
        spectra = 0.3 * torch.randn(120, N_INPUTS, generator=rng)
        spectra[:, :40] += 2.0 if present else -2.0
        encoded.append(spectra)
        answers.append(answer_row(Statement("vermilion", present)).expand(120, -1))
        folds.append(np.arange(120) * parts // 120)
    statements = tuple(Statement("vermilion", present) for present in said)
    return Lesson(
        torch.cat(encoded), torch.cat(answers), np.concatenate(folds), statements,
        (120,) * len(said), apart, "A scan",
    )  # fmt: skip


@pytest.fixture(scope="module")
def outcome(base):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finetune, "training_stream", partial(training_stream, sections=96))
        steps = list(teach(a_lesson(), base, replay_chunks=2, check_chunks=1))
    return steps


def test_progress_is_told_and_the_result_comes_last(outcome):
    *steps, taught = outcome
    assert all(isinstance(step, Step) for step in steps)
    assert [step.done for step in steps] == list(range(1, steps[0].total + 1))
    assert isinstance(taught, Taught)


def test_it_learns_also_in_the_parts_that_it_was_not_shown(outcome):
    (score,) = outcome[-1].held_out
    assert score.pigment == "vermilion"
    assert score.found_after > 0.85
    assert score.false_after < 0.05
    assert score.loss_after < 0.5 * score.loss_before


def test_all_other_pigments_answer_exactly_as_before(outcome, base):
    before, after = load_weights(base), outcome[-1].net
    taught = a_lesson().outputs
    spectra = torch.randn(50, N_INPUTS)
    changed = (before(spectra) != after(spectra)).any(0)
    assert changed[taught].all()
    changed[taught] = False
    assert not changed.any()


def test_the_same_lesson_gives_the_same_weights(outcome, base, monkeypatch):
    monkeypatch.setattr(finetune, "training_stream", partial(training_stream, sections=96))
    *_, again = teach(a_lesson(), base, replay_chunks=2, check_chunks=1)
    assert torch.equal(again.net.last.weight, outcome[-1].net.last.weight)


def test_a_part_held_out_is_not_learned_from(base, monkeypatch):
    seen = []
    monkeypatch.setattr(finetune, "training_stream", partial(training_stream, sections=96))
    monkeypatch.setattr(
        finetune,
        "fit_rows",
        lambda last, outputs, own, *rest: seen.append(len(own.answers)) or last,
    )
    list(teach(a_lesson(parts=3), base, replay_chunks=1, check_chunks=1))
    assert seen == [160, 160, 160, 240]


def test_features_are_what_the_last_layer_is_given(base):
    net = load_weights(base)
    spectra = torch.randn(2100, N_INPUTS)
    assert torch.allclose(net.last(features_of(net, spectra)), net(spectra), atol=1e-5)
    assert not net.last._forward_pre_hooks


def test_taught_weights_get_a_file_a_hash_and_a_history_of_their_own(outcome, base, tmp_path):
    before = weights_hash(base)
    path = tmp_path / "mine.safetensors"
    digest = save_taught(outcome[-1], path)
    assert digest == weights_hash(path) != before
    assert weights_hash(base) == before
    made = read_training(path)
    assert made["seed"] == 0
    assert made["taught"]["from_weights"] == before
    assert made["taught"]["scan"] == "A scan"
    assert made["taught"]["painted"][0] == {"pigment": "vermilion", "present": True, "pixels": 120}
    assert made["taught"]["held_out"][0]["found_after"] > 0.85
    assert is_taught(path)
    assert not is_taught(base)
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
            save_taught(outcome[-1], path)
    assert weights_hash(bundled_weights()) == before
    assert not is_taught(bundled_weights())


def test_other_files_are_not_overwritten_but_earlier_lessons_are(outcome, base, tmp_path):
    notes = tmp_path / "notes.safetensors"
    notes.write_text("mine")
    with pytest.raises(OSError, match="something else"):
        save_taught(outcome[-1], notes)
    assert notes.read_text() == "mine"
    with pytest.raises(ValueError, match=r"must end in \.safetensors"):
        save_taught(outcome[-1], tmp_path / "mine.pt")
    path = tmp_path / "mine.safetensors"
    save_taught(outcome[-1], path)
    save_taught(outcome[-1], path)


def logits(chance, spectra=200):
    """Logits in which vermilion has a chance and nothing else is there."""
    values = torch.full((spectra, answer_row(Statement("vermilion", True)).numel()), -9.0)
    values[:, VERMILION] = torch.logit(torch.as_tensor(chance, dtype=torch.float32))
    return values


def test_figures_of_held_out_parts_are_shares_of_painted_pixels():
    lesson = a_lesson()
    before = torch.where(torch.arange(240) < 120, 0.4, 0.6)
    after = torch.where(torch.arange(240) < 90, 0.9, 0.1)
    (score,) = held_out(lesson, logits(before, 240), logits(after, 240))
    assert (score.found_before, score.found_after) == (0.0, 0.75)
    assert (score.false_before, score.false_after) == (1.0, 0.0)
    assert score.loss_after < score.loss_before


def test_harm_elsewhere_is_warned_of():
    answers = torch.zeros(200, logits(0.5).shape[1], dtype=torch.int8)
    answers[:100, VERMILION] = 1
    good = torch.where(torch.arange(200) < 100, 0.95, 0.05)
    bad = torch.where(torch.arange(200) < 100, 0.95, 0.7)
    (figures,) = elsewhere(a_lesson(), answers, logits(good), logits(bad))
    assert figures.worse
    assert (figures.f1_before, figures.f1_after) == (1.0, pytest.approx(2 / 3))
    (sentence,) = warnings_of(a_lesson(), held_out(a_lesson(), logits(good[:1], 240),
                                                   logits(good[:1], 240)), (figures,))  # fmt: skip
    assert "Vermilion gets worse on other paintings" in sentence
    (same,) = elsewhere(a_lesson(), answers, logits(good), logits(good))
    assert not same.worse


def test_masked_answers_count_neither_way():
    answers = torch.full((200, logits(0.5).shape[1]), -1, dtype=torch.int8)
    answers[:10, VERMILION] = 1
    (figures,) = elsewhere(a_lesson(), answers, logits(0.9), logits(0.9))
    assert figures.f1_before == 1.0


@pytest.mark.parametrize(
    ("lesson", "sentence"),
    [
        (a_lesson(said=(True,)), "never painted as absent: false alarms cannot be judged"),
        (a_lesson(said=(False,)), "never painted as present: misses cannot be judged"),
        (a_lesson(apart=False), "in one small place only"),
    ],
)
def test_a_weak_lesson_is_told(lesson, sentence):
    fine = Elsewhere("vermilion", 0.9, 0.9, 0.1, 0.1)
    size = len(lesson.answers)
    proved = held_out(lesson, logits(0.5, size), logits(0.5, size))
    said = warnings_of(lesson, proved, (fine,))
    assert len(said) == 1
    assert sentence in said[0]
    assert "Too little is painted" in " ".join(warnings_of(lesson, (), (fine,)))
