"""Both files of a pair, opened or dropped together, open one scan."""

from __future__ import annotations

import numpy as np
import pytest
from napari._qt.dialogs.qt_reader_dialog import QtReaderDialog

from .acting import drop

PLUGIN = "napari-xrf-pigments"
RPL = (
    "key\tvalue\nwidth\t9\nheight\t6\ndepth\t256\noffset\t0\ndata-length\t2\n"
    "data-type\tunsigned\nbyte-order\tlittle-endian\nrecord-by\tvector\n"
)
ENVI = (
    "ENVI\nsamples = 9\nlines = 6\nbands = 256\nheader offset = 0\ndata type = 12\n"
    "interleave = bip\nbyte order = 0\n"
)


@pytest.fixture
def counts():
    return np.random.default_rng(3).poisson(4, (6, 9, 256)).astype("<u2")


@pytest.fixture(params=["ripple", "ENVI"])
def pair(request, tmp_path, counts):
    header, raw, text = (
        ("scan.rpl", "scan.raw", RPL)
        if request.param == "ripple"
        else ("scan.hdr", "scan.img", ENVI)
    )
    (tmp_path / header).write_text(text)
    counts.tofile(tmp_path / raw)
    return tmp_path / header, tmp_path / raw


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_opened_together(viewer, session, pair, counts, order, notes):
    viewer.open([str(pair[index]) for index in order], plugin=PLUGIN)
    (layer,) = viewer.layers
    np.testing.assert_array_equal(layer.data, counts.sum(axis=2))
    assert len(session.scans) == 1
    (note,) = notes()
    assert note[1] == "info" and "is open already" in note[0]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_dropped_on_the_canvas(viewer, session, pair, counts, order, monkeypatch):
    """napari asks for a reader of names such as .raw, and then opens both files once more."""
    dialogs = []

    def answer(dialog):
        dialogs.append(dialog)
        return "XRF Pigments", False

    monkeypatch.setattr(QtReaderDialog, "get_user_choices", answer)
    drop(viewer.window._qt_viewer, *(pair[index] for index in order))
    (layer,) = viewer.layers
    np.testing.assert_array_equal(layer.data, counts.sum(axis=2))
    assert len(session.scans) == 1
    assert len(dialogs) <= 1
