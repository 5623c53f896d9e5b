"""Weights of another table of pigments as the start of a training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from napari_xrf_pigments.network.encoding import N_INPUTS
from napari_xrf_pigments.network.model import Architecture, PigmentNet
from napari_xrf_pigments.network.outputs import output_names
from napari_xrf_pigments.network.weights import save_weights
from napari_xrf_pigments.training.warm_start import load_start


def test_weights_of_the_same_table_are_loaded_unchanged(tmp_path: Path) -> None:
    net = PigmentNet(Architecture(16, 1, 8))
    save_weights(net, tmp_path / "same.safetensors", {})
    loaded = load_start(tmp_path / "same.safetensors")
    assert loaded.architecture == net.architecture
    torch.testing.assert_close(loaded.last.weight, net.last.weight.half().float())


def test_known_pigments_keep_their_outputs_and_new_ones_start_unlikely(tmp_path: Path) -> None:
    pigments, groups = (list(names) for names in output_names())
    old = PigmentNet(Architecture(16, 1, 8))
    state = {name: value.clone() for name, value in old.state_dict().items()}
    outputs = 3 * (len(pigments) - 1) + len(groups)
    state["first.weight"] = state["first.weight"][:, :-2].contiguous()
    state["mean"], state["scale"] = state["mean"][:-2].clone(), state["scale"][:-2].clone()
    state["last.weight"], state["last.bias"] = torch.randn(outputs, 16), torch.ones(outputs)
    about = {"pigments": pigments[1:], "groups": groups}
    path = tmp_path / "old.safetensors"
    save_file(state, path, {"network": json.dumps(about)})
    with pytest.warns(UserWarning, match="carries no checksum"):
        net = load_start(path)
    torch.testing.assert_close(net.last.weight[1], state["last.weight"][0])
    assert net.last.bias[0].item() < -3
    assert not net.first.weight[:, -2:].any()
    assert net.first.weight.shape[1] == N_INPUTS


def test_weights_with_more_inputs_are_refused(tmp_path: Path) -> None:
    state = PigmentNet(Architecture(16, 1, 8)).state_dict()
    state["first.weight"] = torch.zeros(16, N_INPUTS + 1)
    pigments, groups = output_names()
    path = tmp_path / "wide.safetensors"
    about = {"pigments": list(pigments), "groups": list(groups)}
    save_file(state, path, {"network": json.dumps(about)})
    with (
        pytest.warns(UserWarning, match="carries no checksum"),
        pytest.raises(ValueError, match="another energy grid"),
    ):
        load_start(path)
