"""Test the rounding of the network's weights and activations to steps that fit 8 bits."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from napari_xrf_pigments.network.encoding import N_BINS, N_INPUTS, N_STEPPED
from napari_xrf_pigments.network.model import Architecture, PigmentNet
from napari_xrf_pigments.network.rounding import (
    input_sizes,
    measure_limits,
    round_input,
    round_weight,
    weight_steps,
)
from napari_xrf_pigments.network.weights import load_weights, save_weights


def encoded(spectra: int = 400) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    values = torch.rand(spectra, N_INPUTS, generator=generator)
    steps = torch.cat([torch.full((N_BINS,), 48.0), torch.full((1,), 50.0)])
    values[:, :N_STEPPED] = (values[:, :N_STEPPED] * steps).round() / steps
    return values


def limited_network() -> PigmentNet:
    torch.manual_seed(0)
    net = PigmentNet(Architecture(width=32, blocks=2, hidden=16)).eval()
    net.standardise(encoded())
    net.measure_limits(encoded())
    return net


def test_weights_are_whole_steps_so_small_that_two_products_fit_16_bits() -> None:
    weight = torch.randn(5, 40)
    steps, unit = weight_steps(weight, torch.rand(40) + 0.1)
    assert torch.equal(steps, steps.round())
    assert steps.abs().amax(1).tolist() == [64.0] * 5
    assert 2 * 255 * 64 < 2**15
    assert unit.shape == (5, 1)


def test_rounded_weights_differ_by_half_a_step_at_most_and_stay_when_rounded_again() -> None:
    weight, sizes = torch.randn(5, 40), torch.rand(40) + 0.1
    rounded = round_weight(weight, sizes)
    _, unit = weight_steps(weight, sizes)
    assert ((rounded - weight).abs() <= 0.5001 * unit / sizes).all()
    torch.testing.assert_close(round_weight(rounded, sizes), rounded)


def test_steps_of_weights_survive_half_precision() -> None:
    weight, sizes = torch.randn(50, 400), torch.rand(400) + 0.1
    steps, _ = weight_steps(weight, sizes)
    stored = round_weight(weight, sizes).half().float()
    assert torch.equal(weight_steps(stored, sizes)[0], steps)


def test_nearly_all_values_lie_within_the_limits_and_round_to_half_a_step() -> None:
    values = torch.randn(30_000, 3) * torch.tensor([1.0, 5.0, 0.0])
    limits = measure_limits(values)
    inside = (values >= limits[0]) & (values <= limits[1])
    assert inside.float().mean() > 0.9995
    error = (round_input(values, limits) - values)[inside]
    assert error.abs().max() <= 0.5001 * input_sizes(limits).max()
    assert (limits[1] > limits[0]).all()


def test_gradients_pass_straight_through() -> None:
    weight = torch.randn(3, 4, requires_grad=True)
    values = torch.randn(5, 4, requires_grad=True)
    limits = torch.tensor([[-9.0] * 4, [9.0] * 4])
    (round_input(values, limits) @ round_weight(weight, torch.ones(4)).T).sum().backward()
    assert weight.grad is not None and values.grad is not None
    torch.testing.assert_close(values.grad[0], round_weight(weight, torch.ones(4)).sum(0))


def test_a_network_has_limits_once_they_are_measured() -> None:
    assert not PigmentNet(Architecture(width=32, blocks=1)).is_limited
    assert limited_network().is_limited


def test_the_rounded_forward_pass_is_close_to_that_of_rounded_weights() -> None:
    net = limited_network()
    net.round_weights()
    exact = net(encoded())
    net.rounds = True
    rounded = net(encoded())
    assert not torch.equal(rounded, exact)
    torch.testing.assert_close(rounded, exact, rtol=0, atol=0.02)


def test_saved_weights_of_a_limited_network_are_rounded(tmp_path: Path) -> None:
    net = limited_network()
    save_weights(net, tmp_path / "net.safetensors", {})
    loaded = load_weights(tmp_path / "net.safetensors")
    assert loaded.is_limited
    net.round_weights()
    torch.testing.assert_close(loaded(encoded()), net(encoded()), rtol=0, atol=3e-3)


def test_weights_stored_without_limits_are_still_read(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    net = PigmentNet(Architecture(width=32, blocks=1)).eval()
    save_weights(net, path, {})
    with safe_open(path, "pt") as file:
        metadata = json.loads(file.metadata()["network"])
    tensors = {name: value for name, value in load_file(path).items() if "limits" not in name}
    del metadata["checksum"]
    save_file(tensors, path, {"network": json.dumps(metadata)})
    with pytest.warns(UserWarning, match="carries no checksum"):
        loaded = load_weights(path)
    assert not loaded.is_limited
    torch.testing.assert_close(loaded(encoded(3)), net(encoded(3)), rtol=0, atol=2e-3)
