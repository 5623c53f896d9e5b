"""Training and evaluation from the command line."""

from __future__ import annotations

import pytest

from napari_xrf_pigments.cli import main
from napari_xrf_pigments.network.weights import bundled_weights

BUNDLED = str(bundled_weights())


@pytest.mark.parametrize(
    ("name", "config", "said"),
    [
        ("weights.pkl", "uses = 1", "safetensors"),
        ("nowhere/weights.safetensors", "uses = 1", "does not exist"),
        ("weights.safetensors", "uses = = 1", "not a TOML file"),
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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--start", "none.safetensors", "--from-part", "closing"], "There are no weights at"),
        (["--from-part", "closing"], "go together."),
        (["--start", BUNDLED, "--from-part", "last"], "There is no part 'last'; there are first,"),
    ],
)
def test_a_training_that_cannot_go_on_says_why_and_writes_nothing(tmp_path, capsys, words, said):
    assert main(["train", "-o", str(tmp_path / "w.safetensors"), *words]) == 2
    assert said in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_weights_that_are_missing_are_said(tmp_path, capsys):
    assert main(["evaluate", "--weights", str(tmp_path / "none.safetensors")]) == 2
    said = capsys.readouterr().err
    assert "none.safetensors" in said
    assert said.count("\n") == 1


def test_the_seed_of_the_test_sets_is_handed_on(monkeypatch, capsys):
    from napari_xrf_pigments import network

    asked = {}
    monkeypatch.setattr(network, "evaluate", lambda *a, **k: asked.update(k) or "a report")
    assert main(["evaluate", "--seed", "3", "--device", "cpu"]) == 0
    assert asked["seed"] == 3
    assert "a report" in capsys.readouterr().out
