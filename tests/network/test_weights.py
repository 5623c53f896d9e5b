"""Test the files of the weights."""

import hashlib
import json
import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from napari_xrf_pigments.network.encoding import N_INPUTS
from napari_xrf_pigments.network.model import Architecture, PigmentNet
from napari_xrf_pigments.network.outputs import output_names
from napari_xrf_pigments.network.weights import (
    _checksum,
    bundle,
    bundled_hash_file,
    bundled_weights,
    load_weights,
    move_to_device,
    read_training,
    save_weights,
    weights_hash,
)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    net = PigmentNet(Architecture(width=16, blocks=1))
    net.standardise(torch.randn(50, N_INPUTS))
    save_weights(net, tmp_path / "tiny.safetensors", {"seed": 3, "spectra": 10})
    return tmp_path / "tiny.safetensors"


def test_weights_are_read_back_exactly(saved: Path, tmp_path: Path) -> None:
    net = load_weights(saved)
    copy = tmp_path / "new folder" / "copy.safetensors"
    save_weights(net, copy, {})
    again = load_weights(copy)
    assert again.architecture == Architecture(width=16, blocks=1)
    for name, value in net.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def test_the_scaling_of_the_input_keeps_single_precision(tmp_path: Path) -> None:
    net = PigmentNet(Architecture(width=16, blocks=1))
    net.mean.fill_(1 / 3)
    save_weights(net, tmp_path / "w.safetensors", {})
    assert torch.equal(load_weights(tmp_path / "w.safetensors").mean, net.mean)


def test_a_read_network_is_ready_for_inference(saved: Path) -> None:
    net = load_weights(saved)
    assert not net.training
    assert not any(parameter.requires_grad for parameter in net.parameters())
    assert {value.dtype for value in net.state_dict().values()} == {torch.float32}


def test_weights_carry_the_settings_of_the_training(saved: Path) -> None:
    assert read_training(saved) == {"seed": 3, "spectra": 10}


def test_saving_writes_one_file_that_others_may_read(saved: Path) -> None:
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]
    if os.name == "posix":
        assert saved.stat().st_mode & 0o444 == 0o444


def test_a_failed_save_leaves_the_previous_weights(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def full(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("napari_xrf_pigments.network.weights.save_file", full)
    with pytest.raises(OSError, match="disk full"):
        save_weights(load_weights(saved), saved, {})
    assert saved.read_bytes() == before
    assert len(list(saved.parent.iterdir())) == 1


def test_the_hash_is_the_sha256_of_the_file_and_changes_with_it(saved: Path) -> None:
    first = weights_hash(saved)
    assert first == hashlib.sha256(saved.read_bytes()).hexdigest()
    saved.write_bytes(saved.read_bytes() + b" ")
    assert weights_hash(saved) != first


@pytest.mark.parametrize("size", [0, 5, 200, 5000])
def test_a_truncated_file_is_rejected_with_one_sentence(saved: Path, size: int) -> None:
    saved.write_bytes(saved.read_bytes()[:size])
    with pytest.raises(ValueError, match=r"^tiny\.safetensors does not hold the weights .*\.$"):
        load_weights(saved)
    with pytest.raises(ValueError, match=r"does not hold the weights .*\.$"):
        read_training(saved)


class _Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def test_a_pickle_is_rejected_and_never_run(tmp_path: Path) -> None:
    sent, mark = tmp_path / "sent.safetensors", tmp_path / "it ran"
    for write in (
        lambda: sent.write_bytes(pickle.dumps(_Bomb(mark))),
        lambda: torch.save(_Bomb(mark), sent),
    ):
        write()
        with pytest.raises(ValueError, match="does not hold the weights"):
            load_weights(sent)
        assert not mark.exists()


def rewrite(path: Path, **changed: object) -> None:
    """Write weights with other metadata."""
    pigments, groups = output_names()
    metadata = {"width": 16, "blocks": 1, "inputs": N_INPUTS, "pigments": pigments,
                "groups": groups}  # fmt: skip
    net = PigmentNet(Architecture(width=16, blocks=1))
    stored = {name: value for name, value in (metadata | changed).items() if value is not None}
    tensors = dict(net.state_dict())
    stored["checksum"] = _checksum(stored, tensors)
    save_file(tensors, path, {"network": json.dumps(stored)})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"pigments": ["mauve"]}, "another pigment table"),
        ({"groups": []}, "another pigment table"),
        ({"inputs": 7}, "energy grid"),
        ({"width": 24}, "do not fit the network"),
        ({"blocks": 3}, "do not fit the network"),
        ({"width": None}, "do not fit the network"),
        ({"width": "wide"}, "do not fit the network"),
    ],
)
def test_weights_of_another_network_are_rejected_with_one_sentence(
    tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    path = tmp_path / "other.safetensors"
    rewrite(path, **changed)
    with pytest.raises(ValueError, match=rf"^[^\n]*other\.safetensors .*{message}.*\.$"):
        load_weights(path)


@pytest.mark.parametrize("metadata", [None, {"network": "[]"}, {"network": "{"}, {"other": "1"}])
def test_a_foreign_safetensors_file_is_rejected(
    tmp_path: Path, metadata: dict[str, str] | None
) -> None:
    path = tmp_path / "foreign.safetensors"
    save_file({"x": torch.zeros(3)}, path, metadata)
    with pytest.raises(ValueError, match=r"does not hold the weights of a network\.$"):
        load_weights(path)


@pytest.mark.parametrize("device", ["gpu", "cuda:99"])
def test_a_missing_device_is_rejected_with_one_sentence(saved: Path, device: str) -> None:
    with pytest.raises(ValueError, match=rf"^The device '{device}' cannot be used .*\.$"):
        move_to_device(load_weights(saved), device)


def test_the_bundled_weights_load_and_are_small() -> None:
    path = bundled_weights()
    assert path.stat().st_size < 10_000_000
    net = load_weights(path)
    assert net.architecture.width >= 256
    assert read_training(path)["seed"] is not None


def test_the_bundled_weights_have_the_recorded_hash() -> None:
    noted = bundled_hash_file().read_text().split()
    assert noted == [weights_hash(bundled_weights()), "pigments.safetensors"], (
        "New weights? Run: python -m napari_xrf_pigments.network.weights [WEIGHTS]"
    )


def test_other_bytes_instead_of_the_bundled_weights_are_rejected(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_xrf_pigments.network.weights.bundled_weights", lambda: saved)
    message = r"^The weights that came with napari-xrf-pigments are damaged or were replaced; .*\.$"
    with pytest.raises(ValueError, match=message):
        load_weights(saved)  # no hash is noted
    saved.with_suffix(".sha256").write_text(f"{weights_hash(saved)}  {saved.name}\n")
    load_weights(saved)
    saved.write_bytes(saved.read_bytes() + b" ")
    with pytest.raises(ValueError, match=message):
        load_weights(saved)


@pytest.mark.parametrize("position", [-1, -5000, "spectra"])
def test_one_changed_byte_of_user_weights_is_detected(saved: Path, position: int | str) -> None:
    data = bytearray(saved.read_bytes())
    index = data.index(position.encode()) if isinstance(position, str) else position
    data[index] ^= 1
    saved.write_bytes(data)
    with pytest.raises(ValueError, match=r"^tiny\.safetensors was changed or damaged .*\.$"):
        load_weights(saved)


def test_weights_without_a_checksum_are_used_with_a_warning(saved: Path) -> None:
    net = load_weights(saved)
    pigments, groups = output_names()
    metadata = {
        "width": 16,
        "blocks": 1,
        "inputs": N_INPUTS,
        "pigments": pigments,
        "groups": groups,
    }
    save_file(dict(net.state_dict()), saved, {"network": json.dumps(metadata)})
    with pytest.warns(UserWarning, match=r"carries no checksum, so it was not verified\.$"):
        load_weights(saved)


def test_bundling_writes_weights_with_checksum_and_hash(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "package" / "pigments.safetensors"
    monkeypatch.setattr("napari_xrf_pigments.network.weights.bundled_weights", lambda: target)
    digest = bundle(saved)
    assert digest == hashlib.sha256(target.read_bytes()).hexdigest()
    assert target.with_suffix(".sha256").read_text() == f"{digest}  pigments.safetensors\n"
    assert read_training(target) == {"seed": 3, "spectra": 10}
    target.write_bytes(saved.read_bytes())
    assert bundle() == weights_hash(target)
    load_weights(target)


def test_the_model_card_states_the_hash_of_the_bundled_weights() -> None:
    card = Path(__file__).parents[2] / "docs" / "model_card.md"
    assert weights_hash(bundled_weights())[:16] in card.read_text(encoding="utf-8")
