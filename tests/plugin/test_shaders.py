"""Programs of removed layers on Mesa's software renderer."""

import numpy as np
import pytest
from vispy.gloo import gl
from vispy.gloo.glir import GlirProgram

from napari_xrf_pigments.plugin.shaders import keep_programs


class FakeProgram:
    handle = 7
    _handle = 7


@pytest.fixture
def deleted(monkeypatch):
    """Handles of the programs that were deleted, whatever deletes them in the end."""
    gone: list[int] = []
    monkeypatch.setattr(GlirProgram, "delete", lambda self: gone.append(self._handle))
    return gone


@pytest.mark.parametrize(
    ("renderer", "expected"),
    [("llvmpipe (LLVM 15.0.6, 256 bits)", []), ("softpipe", []), ("NVIDIA RTX A4000", [7])],
)
def test_programs_are_kept_only_where_software_draws(deleted, monkeypatch, renderer, expected):
    monkeypatch.setattr(gl, "glGetParameter", lambda what: renderer)
    keep_programs()
    GlirProgram.delete(FakeProgram())
    assert deleted == expected


def test_asking_twice_changes_nothing_more(deleted):
    keep_programs()
    once = GlirProgram.delete
    keep_programs()
    assert GlirProgram.delete is once


def test_layers_come_and_go_in_a_viewer(viewer, qtbot):
    rng = np.random.default_rng(0)
    for turn in range(3):
        layers = [viewer.add_image(rng.random((8, 9)), name=f"{turn}-{i}") for i in range(3)]
        qtbot.wait(40)
        for layer in layers[1:]:
            viewer.layers.remove(layer)
        qtbot.wait(5)
        viewer.add_image(rng.random((8, 9)))
        qtbot.wait(40)
        viewer.layers.clear()
    assert len(viewer.layers) == 0
