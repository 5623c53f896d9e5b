"""Training and evaluation from the command line."""

from __future__ import annotations

import pytest

from napari_xrf_pigments.cli import main


@pytest.mark.parametrize(
    ("name", "config", "said"),
    [
        ("weights.pkl", "spectra = 10", "safetensors"),
        ("nowhere/weights.safetensors", "spectra = 10", "does not exist"),
        ("weights.safetensors", "spectra = = 10", "not a TOML file"),
        ("weights.safetensors", "colour = 3", "unknown settings: colour"),
    ],
)
def test_a_training_that_cannot_work_does_not_start(tmp_path, capsys, name, config, said):
    path = tmp_path / "config.toml"
    path.write_text(config)
    assert main(["train", str(path), "-o", str(tmp_path / name)]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [path]


def test_weights_that_exist_are_not_written_over(tmp_path, capsys):
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"a month of training")
    assert main(["train", "-o", str(weights)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert weights.read_bytes() == b"a month of training"


def test_weights_that_are_missing_are_said(tmp_path, capsys):
    assert main(["evaluate", "--weights", str(tmp_path / "none.safetensors")]) == 2
    said = capsys.readouterr().err
    assert "none.safetensors" in said
    assert said.count("\n") == 1
