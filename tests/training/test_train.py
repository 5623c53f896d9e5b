"""Test the training on a small scale."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_xrf_pigments.network.outputs import MASKED, n_outputs
from napari_xrf_pigments.network.weights import load_weights, read_training, weights_hash
from napari_xrf_pigments.training._simulation_workers import ChunkSource
from napari_xrf_pigments.training._stage import Progress, masked_loss
from napari_xrf_pigments.training.config import PartConfig, TrainingConfig
from napari_xrf_pigments.training.spectra_stream import Chunk, StreamSettings
from napari_xrf_pigments.training.train import mean_network, train_steps

FIRST = PartConfig("first", spectra=768, learning_rate=2e-3)
CLOSING = PartConfig("closing", spectra=512, learning_rate=7e-4)
TINY = TrainingConfig((FIRST,), uses=12.0, batch=64, width=32, blocks=1, workers=0)


def run_training(out: Path, seed: int = 0, config: TrainingConfig = TINY) -> list[Progress]:
    return list(train_steps(config, seed, out))


def test_masked_targets_do_not_enter_the_loss() -> None:
    logits = torch.zeros(2, 3)
    targets = torch.tensor([[1, 0, MASKED], [MASKED, MASKED, MASKED]], dtype=torch.int8)
    assert float(masked_loss(logits, targets)) == pytest.approx(2 * np.log(2) / 2)
    extreme = logits.clone()
    extreme[:, 2] = 50.0
    assert float(masked_loss(extreme, targets)) == pytest.approx(np.log(2))


@pytest.mark.usefixtures("fixed_stream")
def test_training_lowers_the_loss_and_reports_its_progress(tmp_path: Path) -> None:
    steps = run_training(tmp_path / "w.safetensors", config=replace(TINY, uses=40.0))
    untrained = n_outputs() * np.log(2)
    assert [step.spectra for step in steps] == [256, 512, 768]
    assert {step.total for step in steps} == {768}
    assert steps[-1].loss < steps[0].loss < untrained
    assert steps[-1].loss < 0.5 * untrained


@pytest.mark.usefixtures("fixed_stream")
def test_a_seed_gives_the_same_weights_and_another_seed_others(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.safetensors" for name in ("one", "again", "other")]
    for path, seed in zip(files, (4, 4, 5), strict=True):
        run_training(path, seed)
    states = [load_weights(path).state_dict() for path in files]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not torch.equal(states[0]["first.weight"], states[2]["first.weight"])
    assert read_training(files[0])["seed"] == 4
    assert read_training(files[0])["width"] == 32


@pytest.mark.usefixtures("fixed_stream")
def test_weights_are_saved_during_the_training(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    steps = train_steps(TINY, 0, path, checkpoint_s=0.0)
    next(steps)
    assert not path.exists()
    next(steps)
    assert read_training(path)["seen"] == 256
    steps.close()
    assert load_weights(path)


@pytest.mark.usefixtures("fixed_stream")
def test_a_closing_part_starts_from_the_weights_of_the_first(tmp_path: Path) -> None:
    alone, closed = tmp_path / "alone.safetensors", tmp_path / "closed.safetensors"
    run_training(alone)
    both = run_training(closed, config=replace(TINY, parts=(FIRST, CLOSING)))
    assert [step.spectra for step in both] == [256, 512, 768, 256, 512]
    before, after = load_weights(alone), load_weights(closed)
    # The scaling of the input is fixed; all other weights change slightly.
    assert torch.equal(before.mean, after.mean)
    assert torch.equal(before.scale, after.scale)
    change = (before.first.weight - after.first.weight).abs().max()
    assert 0 < float(change) < 0.1


@pytest.mark.usefixtures("fixed_stream")
def test_several_runs_of_a_part_give_the_mean_of_their_weights(tmp_path: Path) -> None:
    out = tmp_path / "three.safetensors"
    steps = run_training(out, config=replace(TINY, parts=(FIRST, replace(CLOSING, repeats=2))))
    assert [step.spectra for step in steps] == [256, 512, 768, 256, 512, 256, 512]
    one = tmp_path / "one.safetensors"
    run_training(one, config=replace(TINY, parts=(FIRST, CLOSING)))
    first, mean = load_weights(one), load_weights(out)
    assert not torch.equal(first.first.weight, mean.first.weight)
    assert torch.allclose(mean_network([first, first]).first.weight, first.first.weight)
    second = copy.deepcopy(first)
    with torch.no_grad():
        second.last.bias += 1.0
    assert torch.allclose(mean_network([first, second]).last.bias, first.last.bias + 0.5)


@pytest.mark.usefixtures("fixed_stream")
def test_a_part_may_give_the_mean_of_the_weights_before_and_after_it(tmp_path: Path) -> None:
    before, after, mean = (tmp_path / f"{name}.safetensors" for name in ("b", "a", "m"))
    run_training(before)
    run_training(after, config=replace(TINY, parts=(FIRST, CLOSING)))
    run_training(mean, config=replace(TINY, parts=(FIRST, replace(CLOSING, with_start=True))))
    ends = [load_weights(path).first.weight for path in (before, after)]
    # Half precision on disk rounds the weights that are averaged, and their mean.
    assert torch.allclose(load_weights(mean).first.weight, sum(ends) / 2, atol=2e-3)
    assert not torch.allclose(load_weights(mean).first.weight, ends[1], atol=1e-4)


@pytest.mark.usefixtures("fixed_stream")
def test_a_training_started_from_weights_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    config = replace(TINY, parts=(FIRST, CLOSING, replace(CLOSING, name="last", repeats=2)))
    whole, start, rest = (tmp_path / f"{name}.safetensors" for name in ("whole", "start", "rest"))
    run_training(whole, config=config)
    run_training(start, config=replace(config, parts=config.parts[:2]))
    steps = list(train_steps(config, 0, rest, start=start, from_part="last"))
    assert [step.spectra for step in steps] == [256, 512, 256, 512]
    states = [load_weights(path).state_dict() for path in (whole, rest)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert read_training(rest)["part"] == "last"
    assert read_training(rest)["start"] == weights_hash(start)


def test_start_weights_and_the_first_part_must_be_given_together(tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    with pytest.raises(ValueError, match=r"given together\.$"):
        next(train_steps(TINY, 0, out, from_part="first"))
    with pytest.raises(ValueError, match=r"no part 'second'; there are first\.$"):
        next(train_steps(TINY, 0, out, start=out, from_part="second"))


@pytest.mark.usefixtures("fixed_stream")
def test_start_weights_of_another_size_are_rejected(tmp_path: Path) -> None:
    start, out = tmp_path / "start.safetensors", tmp_path / "out.safetensors"
    run_training(start)
    with pytest.raises(ValueError, match=r"another size than the settings\.$"):
        next(train_steps(replace(TINY, width=40), 0, out, start=start, from_part="first"))
    assert not out.exists()


def test_each_run_of_a_part_has_its_own_spectra(
    tmp_path: Path, chunks: list[Chunk], monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = []

    def stream(
        seed: tuple[int, int], settings: StreamSettings, position: object = None
    ) -> list[Chunk]:
        seeds.append((seed[0], settings.eras))
        return chunks

    monkeypatch.setattr("napari_xrf_pigments.training._simulation_workers.training_stream", stream)
    last = replace(CLOSING, repeats=2, draws=StreamSettings(eras=0.5))
    run_training(tmp_path / "w.safetensors", config=replace(TINY, parts=(FIRST, last)))
    assert len({seed for seed, _ in seeds}) == 3
    assert [eras for _, eras in seeds] == [0.0, 0.5, 0.5]


@pytest.mark.usefixtures("fixed_stream")
def test_a_source_without_workers_simulates_in_this_process(chunks: list[Chunk]) -> None:
    with ChunkSource(0, 0) as source:
        assert next(iter(source)) is chunks[0]
