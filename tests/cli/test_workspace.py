"""Maps of large scans wait on disk, and nothing of that is left."""

from __future__ import annotations

import os

import pytest

from napari_xrf_pigments.cli._room import LARGE_PIXELS, room_on_disk


def test_a_small_scan_needs_no_room(tmp_path):
    with room_on_disk(tmp_path / "maps.h5", LARGE_PIXELS - 1) as folder:
        assert folder is None
        assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_the_room_of_a_large_one_lies_beside_the_result_and_is_removed(tmp_path, error):
    try:
        with room_on_disk(tmp_path / "maps.h5", LARGE_PIXELS) as folder:
            assert folder.parent == tmp_path
            assert folder.name.startswith(".maps.h5.")
            (folder / "elements.zarr").mkdir()
            if error is not None:
                raise error
    except (ValueError, KeyboardInterrupt):
        pass
    assert os.listdir(tmp_path) == []
