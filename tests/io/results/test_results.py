"""Test that results are saved atomically, replace no foreign file, and are read back unchanged."""

from __future__ import annotations

from dataclasses import replace

import dask.array as da
import numpy as np
import pytest

from napari_xrf_pigments.io import can_open, is_results, load_results, open_cube, save_results
from napari_xrf_pigments.io.results import hdf5 as save_hdf5
from napari_xrf_pigments.io.results import tiff as save_tiff
from napari_xrf_pigments.io.results import zarr as save_zarr

from ..made_results import assert_same, make

KINDS = [("out.zarr", None), ("out.h5", None), ("out", "tiff")]
NAMES = [name for name, _ in KINDS]


def names_in(folder):
    return sorted(child.name for child in folder.iterdir())


@pytest.mark.parametrize("name", ["out.zarr", "out.h5", "out.hdf5"])
@pytest.mark.parametrize("optional", [True, False])
def test_saved_maps_are_read_back(tmp_path, name, optional):
    elements, pigments = make(optional=optional)
    out = save_results(tmp_path / name, elements=elements, pigments=pigments)
    assert out == tmp_path / name
    assert_same(elements, pigments, load_results(out))
    assert names_in(tmp_path) == [name]


@pytest.mark.parametrize("name", ["out.zarr", "out.h5"])
def test_elements_or_pigments_can_be_saved_alone(tmp_path, name):
    elements, pigments = make(pixel_mm=None)
    save_results(tmp_path / name, elements=elements)
    loaded = load_results(tmp_path / name)
    assert loaded[0].pixel_mm is None and loaded[1] is None
    save_results(tmp_path / name, pigments=pigments)
    assert load_results(tmp_path / name)[0] is None


@pytest.mark.parametrize(("name", "format"), KINDS)
def test_lazy_arrays_and_no_maps_at_all_are_saved(tmp_path, name, format):
    elements, pigments = make()
    lazy = replace(pigments, probability=da.from_array(pigments.probability, chunks=(1, 2, 7)))
    nothing = replace(elements, names=(), counts=elements.counts[:0], sigma=elements.sigma[:0])
    save_results(tmp_path / name, elements=nothing, pigments=lazy, format=format)
    if format is None:
        loaded = load_results(tmp_path / name)
        assert loaded[0].names == () and np.asarray(loaded[0].counts).shape == (0, 5, 7)
        np.testing.assert_array_equal(np.asarray(loaded[1].probability), pigments.probability)


@pytest.mark.parametrize("name", ["out.zarr", "out.h5"])
def test_maps_are_written_in_blocks(tmp_path, name, monkeypatch):
    monkeypatch.setattr("napari_xrf_pigments.io.results.fields.BLOCK_BYTES", 4 * 3 * 7 * 2)
    elements, pigments = make()
    save_results(tmp_path / name, elements=elements, pigments=pigments)
    assert_same(elements, pigments, load_results(tmp_path / name))


@pytest.mark.parametrize(("name", "format"), KINDS)
def test_results_do_not_open_as_scans_and_may_be_replaced(tmp_path, name, format):
    elements, pigments = make()
    for _ in range(2):
        save_results(tmp_path / name, elements=elements, pigments=pigments, format=format)
    assert names_in(tmp_path) == [name]
    assert is_results(tmp_path / name) and not can_open(tmp_path / name)
    with pytest.raises(ValueError, match="holds maps that this program has made"):
        open_cube(tmp_path / name)


@pytest.mark.parametrize(("name", "format"), KINDS)
@pytest.mark.parametrize("folder", [False, True])
def test_foreign_files_are_not_replaced(tmp_path, name, format, folder):
    target = tmp_path / name
    if folder:
        target.mkdir()
        (target / "mine.txt").write_text("precious")
    else:
        target.write_text("precious")
    with pytest.raises(FileExistsError, match="not a result of this program"):
        save_results(target, elements=make()[0], format=format)
    foreign = target / "mine.txt" if folder else target
    assert foreign.read_text() == "precious" and names_in(tmp_path) == [name]


def test_a_folder_of_images_with_a_file_of_the_user_is_not_replaced(tmp_path):
    save_results(tmp_path / "out", elements=make()[0], format="tiff")
    (tmp_path / "out" / "notes.txt").write_text("precious")
    with pytest.raises(FileExistsError):
        save_results(tmp_path / "out", elements=make()[0], format="tiff")


class FullDisk:
    """An array whose second block cannot be read, as an example of any failure."""

    def __init__(self, shape, error):
        self.shape, self.error = shape, error

    def __getitem__(self, key):
        raise self.error


@pytest.mark.parametrize(("name", "format"), KINDS)
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_save_leaves_the_folder_unchanged(tmp_path, name, format, before, error):
    elements, _ = make()
    target = tmp_path / name
    if before:
        save_results(target, elements=elements, format=format)
    broken = replace(elements, sigma=FullDisk(elements.sigma.shape, error))
    with pytest.raises(type(error)) as caught:
        save_results(target, elements=broken, format=format)
    if isinstance(error, OSError):
        assert str(caught.value) == f"{name} could not be written: no space left on device."
    assert names_in(tmp_path) == ([name] if before else [])
    if before and format is None:
        np.testing.assert_array_equal(np.asarray(load_results(target)[0].counts), elements.counts)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        save_results(tmp_path / "no" / "out.h5", elements=make()[0])


@pytest.mark.parametrize(("name", "format"), [("out", None), ("out.png", None), ("out.h5", "png")])
def test_unknown_formats_are_refused(tmp_path, name, format):
    with pytest.raises(ValueError, match=r"\.zarr, \.h5 or \.csv"):
        save_results(tmp_path / name, elements=make()[0], format=format)


def test_maps_of_another_shape_are_refused_before_anything_is_written(tmp_path):
    elements, pigments = make()
    with pytest.raises(ValueError, match="no maps"):
        save_results(tmp_path / "out.h5")
    with pytest.raises(ValueError, match="sigma of the elements"):
        save_results(tmp_path / "out.h5", elements=replace(elements, sigma=elements.sigma[0]))
    with pytest.raises(ValueError, match="unexplained"):
        save_results(tmp_path / "out.h5", pigments=replace(pigments, unexplained=np.zeros(3)))
    assert names_in(tmp_path) == []


def test_loading_another_file_is_refused(tmp_path):
    (tmp_path / "a.h5").write_text("no")
    with pytest.raises(ValueError, match=r"a\.h5 holds no maps"):
        load_results(tmp_path / "a.h5")
    with pytest.raises(FileNotFoundError):
        load_results(tmp_path / "b.h5")
    save_results(tmp_path / "out", elements=make()[0], format="tiff")
    with pytest.raises(ValueError, match="holds no maps"):
        load_results(tmp_path / "out")


@pytest.mark.parametrize("name", ["out.zarr", "out.h5"])
def test_damaged_results_give_one_sentence(tmp_path, name):
    save_results(tmp_path / name, elements=make()[0])
    if name == "out.h5":
        import h5py

        with h5py.File(tmp_path / name, "a") as file:
            del file["elements/sigma"]
    else:
        for path in sorted((tmp_path / name / "sigma").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
    with pytest.raises(ValueError, match="is damaged: maps are missing"):
        load_results(tmp_path / name)


def test_each_format_replaces_only_its_own_results(tmp_path):
    modules = {"out.zarr": save_zarr, "out.h5": save_hdf5, "out": save_tiff}
    for name, format in KINDS:
        save_results(tmp_path / name, elements=make()[0], format=format)
        for other, module in modules.items():
            assert module.is_results(tmp_path / name) == (other == name)
