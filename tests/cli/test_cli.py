"""The command line: what it accepts, what it says, and how it fails."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from napari_xrf_pigments.cli import main, parser, sentence

COMMANDS = ("info", "map", "simulate", "train", "evaluate", "demo")


def test_the_program_is_installed():
    done = subprocess.run(
        [sys.executable, "-m", "napari_xrf_pigments.cli", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("xrf-pigments ")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"xrf-pigments {command}" in capsys.readouterr().out


def test_no_command_is_an_error(capsys):
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def parsed(*words: str):
    return parser().parse_args(words)


def test_line_families_are_taken_in_several_spellings():
    expected = ["Fe K", "Pb L"]
    for text in ("Fe K, Pb L", "Fe-K,Pb-L", "Fe_K , Pb  L"):
        assert parsed("map", "scan", "-o", "out.h5", "--lines", text).lines == expected


@pytest.mark.parametrize("text", ["iron", "FE", "Fe K Pb L", "Fe Z", ""])
def test_other_line_families_are_refused(text, capsys):
    with pytest.raises(SystemExit):
        parsed("map", "scan", "-o", "out.h5", "--lines", text)
    assert "not a list of lines" in capsys.readouterr().err


def test_a_shape_is_rows_by_columns():
    assert parsed("simulate", "-o", "a.h5", "--shape", "30x45").shape == (30, 45)


@pytest.mark.parametrize("text", ["30", "0x4", "3x", "axb", "-3x4"])
def test_other_shapes_are_refused(text, capsys):
    with pytest.raises(SystemExit):
        parsed("simulate", "-o", "a.h5", f"--shape={text}")
    assert "ROWSxCOLUMNS" in capsys.readouterr().err


def test_elements_only_and_pigments_only_exclude_each_other(capsys):
    with pytest.raises(SystemExit):
        parsed("map", "scan", "-o", "out.h5", "--elements-only", "--pigments-only")
    assert "not allowed with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("The file is\n  truncated"), "The file is truncated."),
        (OSError(errno.ENOENT, "No such file or directory", "a.h5"), "a.h5: No such file"),
        (OSError("Cannot read a.h5."), "Cannot read a.h5."),
        (ModuleNotFoundError("No module named 'fisx'", name="fisx"), "the package fisx"),
        (ValueError(), "ValueError."),
    ],
)
def test_an_error_is_one_sentence(error, said):
    text = sentence(error)
    assert said in text
    assert text.endswith(".")
    assert "\n" not in text


def test_a_missing_file_is_said_in_one_line(tmp_path: Path, capsys):
    assert main(["info", str(tmp_path / "nothing.h5")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("xrf-pigments: ")
    assert "nothing.h5" in said
    assert said.count("\n") == 1


def test_stopping_from_the_keyboard_is_no_traceback(monkeypatch, capsys, tmp_path):
    def interrupt(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_xrf_pigments.cli.info.run", interrupt)
    assert main(["info", str(tmp_path)]) == 130
    assert "stopped" in capsys.readouterr().err
