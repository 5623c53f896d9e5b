"""Make a simulated scan for the tests of the commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_xrf_pigments.cli import main


@pytest.fixture(scope="session")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a scan of a simulated painting of 8 x 12 pixels; tests only read it."""
    path = tmp_path_factory.mktemp("scan") / "painting.h5"
    assert main(["simulate", "-o", str(path), "--shape", "8x12", "--anode", "Rh"]) == 0
    return path
