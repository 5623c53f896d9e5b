"""Test progress bars and error messages."""

from __future__ import annotations

import errno
import io
import time

import pytest

from napari_xrf_pigments.cli._console import (
    BAR_DELAY_S,
    error_sentence,
    progress_bar,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_progress_bar_is_drawn_on_a_terminal(monkeypatch, capsys):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with progress_bar("Elements") as progress:
        time.sleep(3 * BAR_DELAY_S)
        progress(3, 10)
        progress(10, 10)
    assert "Elements: 100%" in terminal.getvalue()
    assert "10/10" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_no_progress_bar_is_drawn_into_a_pipe(capsys):
    with progress_bar("Elements") as progress:
        progress(10, 10)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("The file is\n  truncated"), "The file is truncated."),
        (OSError(errno.ENOENT, "No such file or directory", "a.h5"), "a.h5: No such file"),
        (OSError("Cannot read a.h5."), "Cannot read a.h5."),
        (ModuleNotFoundError("No module named 'fisx'", name="fisx"), "the package fisx"),
        (ValueError(), "ValueError."),
    ],
)
def test_an_error_is_one_sentence(error, message):
    text = error_sentence(error)
    assert message in text
    assert text.endswith(".")
    assert "\n" not in text
