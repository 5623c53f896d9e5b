"""Test that hidden folders beside an output are removed when they are no longer needed."""

from __future__ import annotations

import os

import pytest

from napari_xrf_pigments.cli import main
from napari_xrf_pigments.cli._workspace import resumable_workspace, temporary_workspace
from napari_xrf_pigments.io.outputs.output_lock import reserve_output


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


def test_files_of_interrupted_runs_are_listed_and_removed(tmp_path, capsys):
    names = (
        ".maps.zarr.1a2b3c4d.part",
        ".other.zarr.1a2b3c4d.part",
        ".maps.zarr.notes",
        "maps.txt",
    )
    for name in names:
        (tmp_path / name).write_text("content")
    foreign = tmp_path / ".maps.zarr.unfinished"
    foreign.mkdir()
    (foreign / "dear.txt").write_text("Dear Theo")
    assert main(["clean", str(tmp_path / "maps.zarr")]) == 0
    assert ".maps.zarr.1a2b3c4d.part (7 bytes)" in capsys.readouterr().out
    assert sorted(os.listdir(tmp_path)) == sorted([*names[1:], foreign.name])
    assert main(["clean", str(tmp_path / "maps.zarr")]) == 0
    assert "nothing" in capsys.readouterr().out
    assert main(["clean", str(tmp_path / "nowhere" / "maps.zarr")]) == 1


def test_the_earlier_output_of_a_killed_replacement_is_kept_until_there_is_a_new_one(tmp_path):
    old = tmp_path / ".maps.zarr.1a2b3c4d.old"
    old.write_text("the only copy")
    assert main(["clean", str(tmp_path / "maps.zarr")]) == 0
    assert old.exists()
    (tmp_path / "maps.zarr").write_text("the new one")
    assert main(["clean", str(tmp_path / "maps.zarr")]) == 0
    assert os.listdir(tmp_path) == ["maps.zarr"]


def test_an_output_in_use_is_not_cleaned(tmp_path, capsys):
    part = tmp_path / ".maps.zarr.1a2b3c4d.part"
    part.write_text("content")
    with reserve_output(tmp_path / "maps.zarr"):
        assert main(["clean", str(tmp_path / "maps.zarr")]) == 1
    assert part.exists()
    assert f"process {os.getpid()} on " in capsys.readouterr().err
