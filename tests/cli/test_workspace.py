"""Test that hidden folders beside an output are removed when they are no longer needed."""

from __future__ import annotations

import os

import pytest

from napari_xrf_pigments.cli._workspace import resumable_workspace, temporary_workspace


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_a_temporary_workspace_lies_beside_the_output_and_is_removed(tmp_path, error):
    try:
        with temporary_workspace(tmp_path / "maps.h5") as folder:
            assert folder.parent == tmp_path
            assert folder.name.startswith(".maps.h5.")
            (folder / "elements.zarr").mkdir()
            if error is not None:
                raise error
    except (ValueError, KeyboardInterrupt):
        pass
    assert os.listdir(tmp_path) == []


def test_a_foreign_folder_with_the_name_of_the_workspace_is_not_changed(tmp_path):
    with (
        pytest.raises(ValueError, match="no lines"),
        resumable_workspace(tmp_path / "a.h5", resume=False, overwrite=False) as folder,
    ):
        folder.mkdir()
        raise ValueError("no lines")
    assert os.listdir(tmp_path) == [".a.h5.unfinished"]
    with (
        pytest.raises(ValueError, match="something else"),
        resumable_workspace(tmp_path / "a.h5", resume=True, overwrite=True),
    ):
        pass


def test_a_second_run_to_the_same_output_is_refused(tmp_path):
    options = {"resume": False, "overwrite": True}
    with (
        resumable_workspace(tmp_path / "a.h5", **options),
        pytest.raises(OSError, match="Another run"),
        resumable_workspace(tmp_path / "a.h5", **options),
    ):
        pass
    assert os.listdir(tmp_path) == []
