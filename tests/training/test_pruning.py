"""Test the pruning of a network and the distillation from the larger one."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from napari_xrf_pigments.network.encoding import N_INPUTS
from napari_xrf_pigments.network.model import Architecture, PigmentNet
from napari_xrf_pigments.network.outputs import MASKED, n_outputs
from napari_xrf_pigments.network.weights import load_weights, read_training, save_weights
from napari_xrf_pigments.training.config import PartConfig, TrainingConfig
from napari_xrf_pigments.training.pruning import prune
from napari_xrf_pigments.training.spectra_stream import Chunk
from napari_xrf_pigments.training.train import train_steps

FIRST = PartConfig("first", spectra=512, learning_rate=2e-3)
SMALLER = PartConfig("smaller", spectra=768, learning_rate=2e-3, uses=60.0, width=16, hidden=4)
TINY = TrainingConfig((FIRST, SMALLER), uses=12.0, batch=64, width=32, blocks=2, workers=0)


@pytest.fixture
def net() -> PigmentNet:
    torch.manual_seed(0)
    made = PigmentNet(Architecture(32, 2))
    made.mean.fill_(0.1)
    made.scale.fill_(0.7)
    return made.eval().requires_grad_(False)


@pytest.fixture
def encoded() -> torch.Tensor:
    return torch.randn(1500, N_INPUTS, generator=torch.Generator().manual_seed(1))


def relative_error(one: PigmentNet, other: PigmentNet, encoded: torch.Tensor) -> float:
    """Compute the standard deviation of the logits' differences, relative to that of the logits."""
    with torch.no_grad():
        logits = one(encoded)
        return float((logits - other(encoded)).std() / logits.std())


def test_unused_units_are_pruned_first(net: PigmentNet, encoded: torch.Tensor) -> None:
    for block in net.blocks:
        block.second.weight[:, ::2] = 0.0
    small = prune(net, encoded, Architecture(32, 2, 16))
    assert small.architecture == Architecture(32, 2, 16)
    assert relative_error(net, small, encoded) < 0.02


def test_the_error_rises_as_the_network_shrinks(net: PigmentNet, encoded: torch.Tensor) -> None:
    sizes = (Architecture(32, 2, 24), Architecture(24, 2, 12), Architecture(12, 2, 4))
    errors = [relative_error(net, prune(net, encoded, size), encoded) for size in sizes]
    assert errors == sorted(errors)
    assert errors[-1] < 1.0


def test_pruning_does_not_change_the_scaling_of_the_input(
    net: PigmentNet, encoded: torch.Tensor
) -> None:
    small = prune(net, encoded, Architecture(24, 2, 12))
    assert torch.equal(small.mean, net.mean)
    assert torch.equal(small.scale, net.scale)


def test_pruning_does_not_change_the_larger_network(net: PigmentNet, encoded: torch.Tensor) -> None:
    before = {name: value.clone() for name, value in net.state_dict().items()}
    prune(net, encoded, Architecture(24, 2, 12))
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


@pytest.mark.parametrize(
    "size", [Architecture(40, 2), Architecture(32, 3), Architecture(32, 2, 33)]
)
def test_no_layer_grows(net: PigmentNet, encoded: torch.Tensor, size: Architecture) -> None:
    with pytest.raises(ValueError, match="cannot be pruned"):
        prune(net, encoded, size)


@pytest.mark.parametrize(
    "size", [Architecture(16, 1), Architecture(16, 3, 5), Architecture(8, 2, 8)]
)
def test_sizes_are_derived_from_the_state(size: Architecture) -> None:
    found = Architecture.from_state(PigmentNet(size).state_dict())
    assert (found.width, found.blocks, found.units) == (size.width, size.blocks, size.units)


def test_a_pruned_network_is_saved_and_read_back(net: PigmentNet, tmp_path: Path) -> None:
    small = PigmentNet(Architecture(16, 2, 5))
    save_weights(small, tmp_path / "small.safetensors", {})
    again = load_weights(tmp_path / "small.safetensors")
    assert again.architecture == small.architecture
    assert torch.equal(again.first.weight, small.first.weight.half().float())


@pytest.mark.usefixtures("fixed_stream")
def test_a_part_prunes_the_network_and_distils_the_larger_one(
    tmp_path: Path, chunks: list[Chunk]
) -> None:
    large, small = tmp_path / "large.safetensors", tmp_path / "small.safetensors"
    list(train_steps(replace(TINY, parts=(FIRST,)), 0, large))
    list(train_steps(TINY, 0, small))
    teacher, student = load_weights(large), load_weights(small)
    assert student.architecture == Architecture(16, 2, 4)
    assert read_training(small)["part"] == "smaller"
    encoded = torch.cat([chunk.encoded.float() for chunk in chunks])
    initial = prune(teacher, encoded, Architecture(16, 2, 4))
    with torch.no_grad():
        target, before, after = (torch.sigmoid(one(encoded)) for one in (teacher, initial, student))
    assert float((after - target).abs().mean()) < 0.9 * float((before - target).abs().mean())


@pytest.mark.usefixtures("fixed_stream")
def test_true_targets_are_not_used_in_distillation(tmp_path: Path, chunks: list[Chunk]) -> None:
    start, one, other = (tmp_path / f"{name}.safetensors" for name in "abc")
    list(train_steps(replace(TINY, parts=(FIRST,)), 0, start))
    list(train_steps(TINY, 0, one, start=start, from_part="smaller"))
    unknown, known = torch.full((256, n_outputs()), MASKED, dtype=torch.int8), list(chunks)
    chunks[:] = [replace(chunk, targets=unknown) for chunk in known]
    try:
        list(train_steps(TINY, 0, other, start=start, from_part="smaller"))
    finally:
        chunks[:] = known
    states = [load_weights(path).state_dict() for path in (one, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.usefixtures("fixed_stream")
def test_a_resumed_pruning_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole.safetensors", tmp_path / "stopped.safetensors"
    list(train_steps(TINY, 0, whole))
    steps = train_steps(TINY, 0, stopped, checkpoint_s=0.0)
    for _ in range(4):  # two chunks of the first part, two of the second
        next(steps)
    steps.close()
    list(train_steps(TINY, 0, stopped, resume=True, checkpoint_s=1e9))
    states = [load_weights(path).state_dict() for path in (whole, stopped)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_pruning_part_has_neither_repeats_nor_a_mean() -> None:
    for more in ({"repeats": 2}, {"with_start": True}):
        with pytest.raises(ValueError, match=r"cannot have repeats or with_start\.$"):
            PartConfig("smaller", width=24, **more)
    with pytest.raises(ValueError, match=r"hidden can only be set together with width\.$"):
        PartConfig("smaller", hidden=24)


@pytest.mark.usefixtures("fixed_stream")
def test_a_part_may_use_its_spectra_more_often(tmp_path: Path) -> None:
    one, other = tmp_path / "one.safetensors", tmp_path / "other.safetensors"
    list(train_steps(replace(TINY, parts=(FIRST,), uses=4.0), 0, one))
    often = replace(FIRST, uses=4.0)
    list(train_steps(replace(TINY, parts=(often,), uses=2.0), 0, other))
    states = [load_weights(path).state_dict() for path in (one, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
