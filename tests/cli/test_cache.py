"""The command that shows and removes copies, and the option that makes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.cli import main, parser


@pytest.fixture
def scan(tmp_path) -> Path:
    """A folder of .mca with a strong iron line."""
    root = tmp_path / "in" / "panel"
    root.mkdir(parents=True)
    (root / "colonneXrighe.txt").write_text("righe 3\r\ncolonne 4\r\n")
    kev = 0.02 * np.arange(800)
    line = 500 * np.exp(-(((kev - 6.40) / 0.06) ** 2)) + 70 * np.exp(-(((kev - 7.06) / 0.06) ** 2))
    rng = np.random.default_rng(0)
    for number in range(1, 13):
        data = "\r\n".join(str(value) for value in rng.poisson(line + 3))
        text = (
            "<<PMCA SPECTRUM>>\r\n<<CALIBRATION>>\r\nLABEL - Channel\r\n0 0.0\r\n500 10.0\r\n"
            f"<<DATA>>\r\n{data}\r\n<<END>>\r\n"
        )
        (root / f"None_{number}.mca").write_text(text, newline="")
    return root


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XRF_PIGMENTS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("XRF_PIGMENTS_CACHE_GB", raising=False)
    return tmp_path / "cache"


def mapped(scan: Path, out: Path, *words: str) -> int:
    fixed = ["--no-calibrate", "--elements-only", "--lines", "Fe K"]
    return main(["map", str(scan), "-o", str(out), *fixed, *words])


def test_map_makes_a_copy_only_when_asked(scan, cache, tmp_path, capsys):
    assert mapped(scan, tmp_path / "a.h5") == 0
    assert not cache.exists()
    assert "Copy" not in capsys.readouterr().err
    assert mapped(scan, tmp_path / "b.h5", "--cache") == 0
    assert "Copy in the cache: 100%" in capsys.readouterr().err
    assert len(list(cache.iterdir())) == 1
    assert mapped(scan, tmp_path / "c.h5", "--cache") == 0
    assert "Copy" not in capsys.readouterr().err


def test_the_copies_are_shown_trimmed_and_cleared(scan, cache, tmp_path, capsys):
    assert main(["cache"]) == 0
    assert capsys.readouterr().out == f"{cache}: 0 MB of 50 GB.\n"
    assert mapped(scan, tmp_path / "maps.h5", "--cache") == 0
    capsys.readouterr()
    assert main(["cache", "show", "--limit", "2"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "of 2 GB" in first
    assert second.endswith(str(scan))
    assert main(["cache", "trim"]) == 0
    assert str(scan) in capsys.readouterr().out
    assert main(["cache", "trim", "--limit", "1e-6"]) == 0
    assert capsys.readouterr().out.startswith(f"Removed: {scan} (")
    assert mapped(scan, tmp_path / "again.h5", "--cache") == 0
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out.endswith(f" removed from {cache}.\n")
    assert list(cache.iterdir()) == []


def test_another_place_is_named_by_an_option(scan, cache, tmp_path, capsys):
    assert main(["cache", "--place", str(tmp_path / "other")]) == 0
    assert str(tmp_path / "other") in capsys.readouterr().out


@pytest.mark.parametrize("limit", ["0", "-3", "nan"])
def test_a_limit_that_is_none_is_one_sentence(cache, capsys, limit):
    assert main(["cache", f"--limit={limit}"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_evaluate_never_makes_a_copy():
    assert parser().parse_args(["evaluate"]).cache is False
