"""Test HyperSpy's files, HDF5 (.hspy), written by RosettaSciIO, and Zarr (.zspy)."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import zarr
from tests.io.conftest import numbered_counts

from napari_xrf_pigments.io import open_cube

ENERGY = {"name": "Energy", "scale": 20.0, "offset": -100.0, "units": "eV", "navigate": False}


def signal(data, sides=("mm", "mm")):
    axes = [
        {"name": name, "scale": scale, "offset": 3.0, "units": unit, "navigate": True}
        for name, scale, unit in zip("yx", (0.5, 0.25), sides, strict=True)
    ][3 - data.ndim :]
    axes.append(ENERGY)
    axes = [
        {**axis, "size": data.shape[index], "index_in_array": index, "_type": "UniformDataAxis"}
        for index, axis in enumerate(axes)
    ]
    detector = {"EDS": {"live_time": 2.5}}
    about = {
        "General": {"title": "one"},
        "Signal": {"signal_type": "EDS_SEM"},
        "Acquisition_instrument": {"SEM": {"beam_energy": 20.0, "Detector": detector}},
    }
    return {
        "data": data, "axes": axes, "metadata": about, "original_metadata": {},
        "learning_results": {}, "tmp_parameters": {}, "attributes": {"_lazy": False}, "models": {},
        "package_info": {"package": "hyperspy", "package_version": "2.0"},
    }  # fmt: skip


def write(path, data, **options):
    file_writer = pytest.importorskip("rsciio.hspy").file_writer

    file_writer(str(path), signal(data, **options))
    return path


def test_a_map_is_read_with_its_axes(tmp_path):
    counts = numbered_counts(3, 4).astype(np.uint16)
    cube = open_cube(write(tmp_path / "scan.hspy", counts))
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.02, -0.1))
    assert cube.energies.source == "file" and cube.pixel_mm == pytest.approx((0.5, 0.25))


@pytest.mark.parametrize("version", [2, 3])
def test_the_layout_in_zarr_is_read_with_its_axes(tmp_path, version):
    counts = numbered_counts(3, 4).astype(np.uint16)
    root = zarr.open_group(str(tmp_path / "scan.zspy"), mode="w", zarr_format=version)
    group = root.create_group("Experiments/one")
    group.create_array("data", data=counts)
    for index, axis in enumerate(signal(counts)["axes"]):
        group.create_group(f"axis-{index}").attrs.update(axis)
    cube = open_cube(tmp_path / "scan.zspy")
    np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.02, -0.1))
    assert cube.pixel_mm == pytest.approx((0.5, 0.25))


def test_live_time_and_beam_are_read(tmp_path):
    cube = open_cube(write(tmp_path / "scan.hspy", numbered_counts(3, 4)))
    np.testing.assert_array_equal(cube.live_time_s, np.full((3, 4), 2.5))
    assert any("electrons of 20 keV" in note for note in cube.source.notes)


@pytest.mark.parametrize("shape", [(160,), (4, 160)])
def test_spectra_and_lines_open_as_one_row(tmp_path, shape):
    counts = numbered_counts(1, 4)[0].reshape(4, 160)[0 if len(shape) == 1 else slice(None)]
    cube = open_cube(write(tmp_path / "scan.hspy", counts))
    assert cube.shape == (1, shape[0] if len(shape) == 2 else 1, 160)
    np.testing.assert_array_equal(cube.counts.compute().reshape(shape), counts)
    np.testing.assert_array_equal(
        cube.counts[0, -1, 5:9].compute(), counts.reshape(-1, 160)[-1, 5:9]
    )


def test_a_pixel_size_in_another_unit_is_noted(tmp_path):
    cube = open_cube(write(tmp_path / "scan.hspy", numbered_counts(3, 4), sides=("s", "s")))
    assert cube.pixel_mm is None
    assert any("pixel size of the file is not used" in note for note in cube.source.notes)


def test_images_are_refused(tmp_path):
    path = write(tmp_path / "scan.hspy", numbered_counts(3, 4))
    with h5py.File(path, "a") as file:
        file["Experiments/one/axis-0"].attrs["navigate"] = False
        file["Experiments/one/axis-2"].attrs["navigate"] = False
    with pytest.raises(ValueError, match="not a scan"):
        open_cube(path)
