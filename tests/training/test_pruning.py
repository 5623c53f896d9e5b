"""A smaller network made of a larger one, and what it learns from it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from napari_xrf_pigments.network.encoding import N_INPUTS
from napari_xrf_pigments.network.model import Architecture, PigmentNet
from napari_xrf_pigments.network.outputs import MASKED, n_outputs
from napari_xrf_pigments.network.weights import load_weights, read_training, save_weights
from napari_xrf_pigments.training.config import PartConfig, TrainingConfig
from napari_xrf_pigments.training.pruning import shrunk
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


def off(one: PigmentNet, other: PigmentNet, encoded: torch.Tensor) -> float:
    """Root mean square of the differences of the logits, over the spread of the first ones."""
    with torch.no_grad():
        logits = one(encoded)
        return float((logits - other(encoded)).std() / logits.std())


def test_what_nobody_reads_goes_first(net: PigmentNet, encoded: torch.Tensor) -> None:
    for block in net.blocks:
        block.second.weight[:, ::2] = 0.0
    small = shrunk(net, encoded, Architecture(32, 2, 16))
    assert small.architecture == Architecture(32, 2, 16)
    assert off(net, small, encoded) < 0.02


def test_the_smaller_the_further_off(net: PigmentNet, encoded: torch.Tensor) -> None:
    sizes = (Architecture(32, 2, 24), Architecture(24, 2, 12), Architecture(12, 2, 4))
    far = [off(net, shrunk(net, encoded, size), encoded) for size in sizes]
    assert far == sorted(far)
    assert far[-1] < 1.0


def test_it_reads_the_same_input(net: PigmentNet, encoded: torch.Tensor) -> None:
    small = shrunk(net, encoded, Architecture(24, 2, 12))
    assert torch.equal(small.mean, net.mean)
    assert torch.equal(small.scale, net.scale)


def test_the_larger_network_stays_as_it_is(net: PigmentNet, encoded: torch.Tensor) -> None:
    before = {name: value.clone() for name, value in net.state_dict().items()}
    shrunk(net, encoded, Architecture(24, 2, 12))
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


@pytest.mark.parametrize(
    "size", [Architecture(40, 2), Architecture(32, 3), Architecture(32, 2, 33)]
)
def test_no_layer_grows(net: PigmentNet, encoded: torch.Tensor, size: Architecture) -> None:
    with pytest.raises(ValueError, match="no smaller form"):
        shrunk(net, encoded, size)


@pytest.mark.parametrize(
    "size", [Architecture(16, 1), Architecture(16, 3, 5), Architecture(8, 2, 8)]
)
def test_sizes_are_those_of_the_state(size: Architecture) -> None:
    found = Architecture.from_state(PigmentNet(size).state_dict())
    assert (found.width, found.blocks, found.units) == (size.width, size.blocks, size.units)


def test_a_smaller_network_is_written_and_read(net: PigmentNet, tmp_path: Path) -> None:
    small = PigmentNet(Architecture(16, 2, 5))
    save_weights(small, tmp_path / "small.safetensors", {})
    again = load_weights(tmp_path / "small.safetensors")
    assert again.architecture == small.architecture
    assert torch.equal(again.first.weight, small.first.weight.half().float())


@pytest.mark.usefixtures("fed")
def test_a_part_makes_the_network_smaller_and_it_learns_the_answers_of_the_larger(
    tmp_path: Path, chunks: list[Chunk]
) -> None:
    large, small = tmp_path / "large.safetensors", tmp_path / "small.safetensors"
    list(train_steps(replace(TINY, parts=(FIRST,)), 0, large))
    list(train_steps(TINY, 0, small))
    teacher, pupil = load_weights(large), load_weights(small)
    assert pupil.architecture == Architecture(16, 2, 4)
    assert read_training(small)["part"] == "smaller"
    encoded = torch.cat([chunk.encoded.float() for chunk in chunks])
    begun = shrunk(teacher, encoded, Architecture(16, 2, 4))
    with torch.no_grad():
        told, before, after = (torch.sigmoid(one(encoded)) for one in (teacher, begun, pupil))
    assert float((after - told).abs().mean()) < 0.9 * float((before - told).abs().mean())


@pytest.mark.usefixtures("fed")
def test_the_true_answers_do_not_count(tmp_path: Path, chunks: list[Chunk]) -> None:
    start, one, other = (tmp_path / f"{name}.safetensors" for name in "abc")
    list(train_steps(replace(TINY, parts=(FIRST,)), 0, start))
    list(train_steps(TINY, 0, one, start=start, from_part="smaller"))
    unknown, known = torch.full((256, n_outputs()), MASKED, dtype=torch.int8), list(chunks)
    chunks[:] = [replace(chunk, answers=unknown) for chunk in known]
    try:
        list(train_steps(TINY, 0, other, start=start, from_part="smaller"))
    finally:
        chunks[:] = known
    states = [load_weights(path).state_dict() for path in (one, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.usefixtures("fed")
def test_it_goes_on_as_if_it_had_not_been_stopped(tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole.safetensors", tmp_path / "stopped.safetensors"
    list(train_steps(TINY, 0, whole))
    steps = train_steps(TINY, 0, stopped, checkpoint_s=0.0)
    for _ in range(4):  # two chunks of the first part, two of the second
        next(steps)
    steps.close()
    list(train_steps(TINY, 0, stopped, resume=True, checkpoint_s=1e9))
    states = [load_weights(path).state_dict() for path in (whole, stopped)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_part_that_shrinks_is_run_once() -> None:
    for more in ({"repeats": 2}, {"with_start": True}):
        with pytest.raises(ValueError, match=r"run once, without a mean\.$"):
            PartConfig("smaller", width=24, **more)
    with pytest.raises(ValueError, match=r"hidden needs a width beside it\.$"):
        PartConfig("smaller", hidden=24)


@pytest.mark.usefixtures("fed")
def test_a_part_may_show_its_spectra_more_often(tmp_path: Path) -> None:
    one, other = tmp_path / "one.safetensors", tmp_path / "other.safetensors"
    list(train_steps(replace(TINY, parts=(FIRST,), uses=4.0), 0, one))
    often = replace(FIRST, uses=4.0)
    list(train_steps(replace(TINY, parts=(often,), uses=2.0), 0, other))
    states = [load_weights(path).state_dict() for path in (one, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
