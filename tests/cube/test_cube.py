"""Test that a scan has integer counts in whole spectra and leaves missing pixels out of sums."""

import dask.array as da
import numpy as np
import pytest

from napari_xrf_pigments.cube import Acquisition, EnergyAxis, XRFCube, choose_chunks

COUNTS = np.arange(3 * 4 * 5).reshape(3, 4, 5)


def _cube(**more: object) -> XRFCube:
    return XRFCube.from_array(COUNTS, gain_kev=0.5, **more)


def test_counts_are_lazy_integers_in_chunks_of_whole_spectra() -> None:
    cube = _cube(offset_kev=-0.25)
    assert isinstance(cube.counts, da.Array)
    assert np.issubdtype(cube.counts.dtype, np.integer)
    assert cube.counts.numblocks[2] == 1
    assert cube.shape == (3, 4, 5)
    assert cube.energies == EnergyAxis(5, 0.5, -0.25)
    assert np.array_equal(cube.counts.compute(), COUNTS)


def test_chunks_split_along_the_energy_axis_are_merged() -> None:
    split = da.from_array(COUNTS, chunks=(1, 2, 2))
    assert XRFCube.from_array(split, gain_kev=0.5).counts.numblocks[2] == 1


def test_whole_floats_become_integers_and_others_are_refused() -> None:
    assert XRFCube.from_array(COUNTS * 1.0, gain_kev=1).counts.dtype == np.int64
    with pytest.raises(ValueError, match="whole numbers"):
        XRFCube.from_array(COUNTS + 0.5, gain_kev=1)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="axes"):
        XRFCube.from_array(COUNTS[0], gain_kev=1)
    with pytest.raises(ValueError, match="channels"):
        XRFCube(da.from_array(COUNTS), EnergyAxis(6, 1.0))
    with pytest.raises(ValueError, match="valid"):
        _cube(valid=np.ones((2, 2), bool))


def test_settings_given_by_name_have_priority() -> None:
    cube = _cube(acquisition=Acquisition(anode="Rh", tube_kv=50.0), anode="Ag")
    assert (cube.acquisition.anode, cube.acquisition.tube_kv) == ("Ag", 50.0)


def test_spectra_of_pixels_discs_and_regions_are_sums_means_or_maxima() -> None:
    cube = _cube()
    assert cube.spectrum(1, 2).tolist() == COUNTS[1, 2].tolist()
    cross = COUNTS[1, 1:4].sum(0) + COUNTS[0, 2] + COUNTS[2, 2]
    assert cube.spectrum(1, 2, radius=1) == pytest.approx(cross / 5)
    mask = np.zeros((3, 4), bool)
    mask[0, 0] = mask[2, 3] = True
    assert cube.region_spectrum(mask, "sum") == pytest.approx(COUNTS[0, 0] + COUNTS[2, 3])
    assert cube.region_spectrum(mask, "max") == pytest.approx(COUNTS[2, 3])
    with pytest.raises(IndexError, match="outside"):
        cube.spectrum(3, 0)


def test_missing_pixels_are_left_out() -> None:
    valid = np.ones((3, 4), bool)
    valid[0, 0] = False
    cube = _cube(valid=valid)
    assert cube.sum_spectrum() == pytest.approx(COUNTS[valid].sum(0))
    with pytest.raises(ValueError, match="No measured pixel"):
        cube.region_spectrum(~valid)


def test_total_counts_are_sums_over_the_channels() -> None:
    assert np.array_equal(_cube().total_counts().compute(), COUNTS.sum(2))


@pytest.mark.parametrize(
    ("shape", "size"),
    [((60, 120, 1024), 2), ((1662, 1273, 4096), 4), ((3, 200000, 2048), 4), ((1, 1, 10), 4)],
)
def test_chunks_contain_whole_spectra_and_16_to_64_mb(
    shape: tuple[int, int, int], size: int
) -> None:
    dtype = {2: np.uint16, 4: np.uint32}[size]
    chunk = choose_chunks(shape, dtype)
    assert chunk[2] == shape[2]
    bytes_held = int(np.prod(chunk)) * size
    whole = int(np.prod(shape)) * size
    assert bytes_held <= 64 * 2**20
    assert bytes_held >= min(16 * 2**20, whole)
