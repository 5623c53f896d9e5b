"""PyTorch's library is there before PyTorch is, and PyTorch works with it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from napari_xrf_pigments.plugin import preloading
from napari_xrf_pigments.plugin.preloading import preload_torch

pytest.importorskip("torch")

PROGRAM = """
import sys
from pathlib import Path
from napari_xrf_pigments.plugin.preloading import preload_torch

assert preload_torch()
assert "torch" not in sys.modules
maps = Path("/proc/self/maps")
if maps.exists():
    assert "libtorch_cpu" in maps.read_text()
import torch
assert float(torch.ones(3).sum()) == 3.0
assert not preload_torch()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows loads it with the import")
def test_the_library_is_loaded_before_the_import_which_finds_it():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_where_there_is_no_torch_nothing_is_loaded(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(preloading, "find_spec", lambda name: None)
    assert not preload_torch()


def test_a_library_that_is_not_where_it_should_be_is_left_to_the_import(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(preloading, "_LIBRARY", "libnothing.so")
    assert not preload_torch()
