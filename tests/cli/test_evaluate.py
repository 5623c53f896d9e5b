"""Test ``xrf-pigments evaluate``."""

from __future__ import annotations

from napari_xrf_pigments import evaluation
from napari_xrf_pigments.cli import main


def test_missing_weights_are_bad_input(tmp_path, capsys):
    assert main(["evaluate", "--weights", str(tmp_path / "none.safetensors")]) == 1
    error = capsys.readouterr().err
    assert "none.safetensors" in error
    assert error.count("\n") == 1


def test_the_seed_is_passed_to_the_test_sets(monkeypatch, capsys):
    arguments = {}
    monkeypatch.setattr(
        evaluation, "evaluate", lambda *args, **named: arguments.update(named) or "a table"
    )
    assert main(["evaluate", "--seed", "3", "--device", "cpu"]) == 0
    assert arguments["seed"] == 3
    assert "a table" in capsys.readouterr().out
