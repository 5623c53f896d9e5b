"""Weights on disk."""

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
    on_device,
    save_weights,
    training_of,
    weights_hash,
)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    net = PigmentNet(Architecture(width=16, blocks=1))
    net.standardise(torch.randn(50, N_INPUTS))
    save_weights(net, tmp_path / "tiny.safetensors", {"seed": 3, "spectra": 10})
    return tmp_path / "tiny.safetensors"


def test_what_was_read_is_written_and_read_again_exactly(saved: Path, tmp_path: Path) -> None:
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


def test_settings_of_the_training_travel_with_the_weights(saved: Path) -> None:
    assert training_of(saved) == {"seed": 3, "spectra": 10}


def test_saving_leaves_one_file_that_others_may_read(saved: Path) -> None:
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]
    if os.name == "posix":
        assert saved.stat().st_mode & 0o444 == 0o444


def test_a_failed_saving_leaves_the_old_weights(
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


def test_the_hash_is_the_file_s_sha256_and_follows_a_change(saved: Path) -> None:
    first = weights_hash(saved)
    assert first == hashlib.sha256(saved.read_bytes()).hexdigest()
    saved.write_bytes(saved.read_bytes() + b" ")
    assert weights_hash(saved) != first


@pytest.mark.parametrize("kept", [0, 5, 200, 5000])
def test_a_truncated_file_is_refused_in_one_sentence(saved: Path, kept: int) -> None:
    saved.write_bytes(saved.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"^tiny\.safetensors does not hold the weights .*\.$"):
        load_weights(saved)
    with pytest.raises(ValueError, match=r"does not hold the weights .*\.$"):
        training_of(saved)


class _Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def test_a_pickle_is_refused_and_never_run(tmp_path: Path) -> None:
    sent, mark = tmp_path / "sent.safetensors", tmp_path / "it ran"
    for write in (
        lambda: sent.write_bytes(pickle.dumps(_Bomb(mark))),
        lambda: torch.save(_Bomb(mark), sent),
    ):
        write()
        with pytest.raises(ValueError, match="does not hold the weights"):
            load_weights(sent)
        assert not mark.exists()


def rewritten(path: Path, **changed: object) -> None:
    """Write the file anew with other metadata."""
    pigments, groups = output_names()
    metadata = {"width": 16, "blocks": 1, "inputs": N_INPUTS, "pigments": pigments,
                "groups": groups}  # fmt: skip
    net = PigmentNet(Architecture(width=16, blocks=1))
    kept = {name: value for name, value in (metadata | changed).items() if value is not None}
    tensors = dict(net.state_dict())
    kept["checksum"] = _checksum(kept, tensors)
    save_file(tensors, path, {"network": json.dumps(kept)})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"pigments": ["mauve"]}, "another pigment table"),
        ({"groups": []}, "another pigment table"),
        ({"inputs": 7}, "energy grid"),
        ({"width": 24}, "does not fit the network"),
        ({"blocks": 3}, "does not fit the network"),
        ({"width": None}, "does not fit the network"),
        ({"width": "wide"}, "does not fit the network"),
    ],
)
def test_weights_of_another_network_are_refused_in_one_sentence(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    path = tmp_path / "other.safetensors"
    rewritten(path, **changed)
    with pytest.raises(ValueError, match=rf"^other\.safetensors .*{said}.*\.$"):
        load_weights(path)


@pytest.mark.parametrize("metadata", [None, {"network": "[]"}, {"network": "{"}, {"other": "1"}])
def test_a_foreign_safetensors_file_is_refused(
    tmp_path: Path, metadata: dict[str, str] | None
) -> None:
    path = tmp_path / "foreign.safetensors"
    save_file({"x": torch.zeros(3)}, path, metadata)
    with pytest.raises(ValueError, match=r"does not hold the weights of a network\.$"):
        load_weights(path)


@pytest.mark.parametrize("device", ["gpu", "cuda:99"])
def test_a_device_that_is_not_there_is_refused_in_one_sentence(saved: Path, device: str) -> None:
    with pytest.raises(ValueError, match=rf"^The device '{device}' cannot be used .*\.$"):
        on_device(load_weights(saved), device)


def test_the_bundled_weights_load_and_are_small() -> None:
    path = bundled_weights()
    assert path.stat().st_size < 10_000_000
    net = load_weights(path)
    assert net.architecture.width >= 256
    assert training_of(path)["seed"] is not None


def test_the_bundled_weights_are_those_whose_hash_is_kept() -> None:
    kept = bundled_hash_file().read_text().split()
    assert kept == [weights_hash(bundled_weights()), "pigments.safetensors"], (
        "New weights? Run: python -m napari_xrf_pigments.network.weights [WEIGHTS]"
    )


def test_other_bytes_in_the_place_of_the_bundled_weights_are_refused(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_xrf_pigments.network.weights.bundled_weights", lambda: saved)
    said = r"^The weights that came with napari-xrf-pigments are damaged or were replaced; .*\.$"
    with pytest.raises(ValueError, match=said):
        load_weights(saved)  # nothing says which hash it must have
    saved.with_suffix(".sha256").write_text(f"{weights_hash(saved)}  {saved.name}\n")
    load_weights(saved)
    saved.write_bytes(saved.read_bytes() + b" ")
    with pytest.raises(ValueError, match=said):
        load_weights(saved)


@pytest.mark.parametrize("place", [-1, -5000, "spectra"])
def test_one_changed_byte_of_user_weights_is_seen(saved: Path, place: int | str) -> None:
    data = bytearray(saved.read_bytes())
    index = data.index(place.encode()) if isinstance(place, str) else place
    data[index] ^= 1
    saved.write_bytes(data)
    with pytest.raises(ValueError, match=r"^tiny\.safetensors was changed or damaged .*\.$"):
        load_weights(saved)


def test_weights_of_a_version_that_wrote_no_checksum_are_used_with_a_warning(saved: Path) -> None:
    net = load_weights(saved)
    pigments, groups = output_names()
    told = {"width": 16, "blocks": 1, "inputs": N_INPUTS, "pigments": pigments, "groups": groups}
    save_file(dict(net.state_dict()), saved, {"network": json.dumps(told)})
    with pytest.warns(UserWarning, match=r"carries no checksum, so it was not verified\.$"):
        load_weights(saved)


def test_bundling_writes_weights_with_checksum_and_hash(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "package" / "pigments.safetensors"
    monkeypatch.setattr("napari_xrf_pigments.network.weights.bundled_weights", lambda: place)
    found = bundle(saved)
    assert found == hashlib.sha256(place.read_bytes()).hexdigest()
    assert place.with_suffix(".sha256").read_text() == f"{found}  pigments.safetensors\n"
    assert training_of(place) == {"seed": 3, "spectra": 10}
    place.write_bytes(saved.read_bytes())
    assert bundle() == weights_hash(place)
    load_weights(place)


def test_the_model_card_is_that_of_the_bundled_weights() -> None:
    card = Path(__file__).parents[2] / "docs" / "model_card.md"
    assert weights_hash(bundled_weights())[:16] in card.read_text(encoding="utf-8")
