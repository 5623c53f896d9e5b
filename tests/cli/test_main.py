"""Test the parsing of arguments, exit codes, and error messages."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from napari_xrf_pigments.cli import COMMANDS, main

NAMES = ("info", "map", "verify", "report", "convert", "demo", "simulate", "train", "evaluate")


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return the request that a command makes from its arguments, without running it."""
    requests: list[Any] = []
    for request_types in COMMANDS.values():
        for request_type in request_types:
            monkeypatch.setattr(request_type, "run", lambda request: requests.append(request))

    def parsed(*words: str) -> Any:
        assert main(words) == 0
        return requests.pop()

    return parsed


def run_in_a_process(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "napari_xrf_pigments.cli", *words]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_program_is_installed():
    done = run_in_a_process("--version")
    assert done.stdout.startswith("xrf-pigments ")
    assert done.returncode == 0


def test_exit_codes_are_returned_to_the_shell(tmp_path):
    missing = run_in_a_process("info", str(tmp_path / "nothing.h5"))
    wrong = run_in_a_process("info", "--nonsense")
    assert (missing.returncode, wrong.returncode) == (1, 2)


def test_help_lists_every_command(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_with_examples(name, capsys):
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.count(f"xrf-pigments {name} ") >= 2 or name == "evaluate"
    assert "Examples" in text


def test_piped_help_is_plain_text():
    done = run_in_a_process("map", "--help")
    assert "\x1b" not in done.stdout
    assert "--gain-kev" in done.stdout


@pytest.mark.slow
def test_a_closed_output_pipe_does_not_stop_the_run(scan, tmp_path):
    words = ["map", scan, "-o", tmp_path / "maps.h5", "--elements-only", "--lines", "Fe"]
    command = [sys.executable, "-m", "napari_xrf_pigments.cli", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["maps.h5"]


def test_missing_command_is_a_usage_error(capsys):
    assert main([]) == 2
    assert "command" in capsys.readouterr().err


def test_a_request_is_immutable(parse):
    request = parse("info", "scan.rpl")
    assert request.scan == Path("scan.rpl")
    with pytest.raises(FrozenInstanceError):
        request.scan = Path("other.rpl")


def test_line_families_are_parsed_in_several_spellings(parse):
    for text in ("Fe K, Pb L", "Fe-K,Pb-L", "Fe_K , Pb  L"):
        request = parse("map", "scan", "-o", "out.h5", "--lines", text)
        assert request.lines == ["Fe K", "Pb L"]


def test_a_shape_is_parsed_as_rows_by_columns(parse):
    assert parse("simulate", "-o", "a.h5", "--shape", "30x45").shape == (30, 45)
    assert parse("simulate", "-o", "a.h5").shape == (64, 96)


MAP = ("map", "scan", "-o", "out.h5")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        *((("map", "scan", "-o", "a.h5", "--lines", text), "not a list of lines")
          for text in ("iron", "FE", "Fe K Pb L", "Fe Z", "")),
        *((("simulate", "-o", "a.h5", f"--shape={text}"), "ROWSxCOLUMNS")
          for text in ("30", "0x4", "3x", "axb", "-3x4")),
        *((("report", "maps.h5", "-o", "a.html", "--threshold", text), "between 0 and 1")
          for text in ("50", "0", "half")),
        ((*MAP, "--elements-only", "--pigments-only"), "not possible with --pigments-only"),
        ((*MAP, "--calibration", "a.json", "--gain-kev", "0.02"), "not both"),
        ((*MAP, "--scheduler", "tcp://a:1", "--context"), "not available on a cluster"),
        ((*MAP, "--scheduler", "tcp://a:1", "--resume"), "not available on a cluster"),
        ((*MAP, "--kv", "high"), "--kv"),
        ((*MAP, "--format", "docx"), "'csv-maps'"),
        (("map", "scan"), "--out"),
        (("maps",), "Did you mean 'map'"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_sentence_and_exit_code_2(parse, words, message, capsys):
    assert main(words) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.startswith("xrf-pigments: ")
    assert captured.err.endswith("--help'.\n")
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_a_missing_file_is_one_sentence_and_exit_code_1(tmp_path: Path, capsys):
    assert main(["info", str(tmp_path / "nothing.h5")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("xrf-pigments: ")
    assert "nothing.h5" in error
    assert error.count("\n") == 1


def test_ctrl_c_is_exit_code_130_without_a_traceback(monkeypatch, capsys, tmp_path):
    def interrupt(request):
        raise KeyboardInterrupt

    monkeypatch.setattr("napari_xrf_pigments.cli.info.InfoRequest.run", interrupt)
    assert main(["info", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "xrf-pigments: stopped.\n"
