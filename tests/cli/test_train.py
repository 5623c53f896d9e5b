"""Test that bad input of ``xrf-pigments train`` is refused before the training starts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from napari_xrf_pigments.cli import main
from napari_xrf_pigments.network.weights import bundled_weights

BUNDLED = str(bundled_weights())


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [
        ("weights.pkl", "uses = 1", "safetensors"),
        ("nowhere/weights.safetensors", "uses = 1", "does not exist"),
        ("weights.safetensors", "uses = = 1", "not a TOML file"),
        ("weights.safetensors", "colour = 3", "unknown settings: colour"),
    ],
)
def test_a_training_with_bad_input_does_not_start(tmp_path, capsys, name, config, message):
    path = tmp_path / "config.toml"
    path.write_text(config)
    assert main(["train", str(path), "-o", str(tmp_path / name)]) == 1
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [path]


def test_existing_weights_are_not_replaced(tmp_path, capsys):
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"a month of training")
    for words in ([], ["--overwrite"], ["--resume"]):
        assert main(["train", "-o", str(weights), *words]) == 1
        assert "not a result of this program" in capsys.readouterr().err
    weights_of_ours = Path(shutil.copy(BUNDLED, tmp_path / "ours.safetensors"))
    assert main(["train", "-o", str(weights_of_ours)]) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert weights.read_bytes() == b"a month of training"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--start", "none.safetensors", "--from-part", "closing"], "There are no weights at"),
        (["--from-part", "closing"], "must be given together."),
        (["--start", BUNDLED, "--from-part", "last"], "There is no part 'last'; there are first,"),
    ],
)
def test_an_impossible_start_of_a_part_is_refused(tmp_path, capsys, words, message):
    assert main(["train", "-o", str(tmp_path / "w.safetensors"), *words]) == 1
    assert message in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
