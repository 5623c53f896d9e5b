"""Test that other programs read the same counts, energies and sizes from saved scans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_xrf_pigments import Acquisition, XRFCube
from napari_xrf_pigments.io import save_cube

TYPES = ("uint8", "uint16", "int16", "uint32", "int32", "int64")
quick = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def scans(draw: st.DrawFn) -> tuple[XRFCube, np.ndarray]:
    """Make a scan with a pixel size, and its counts."""
    # Other programs drop the axis of a single row or column.
    shape = draw(st.tuples(st.integers(2, 4), st.integers(2, 5), st.integers(2, 40)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    dtype = np.dtype(draw(st.sampled_from(TYPES)))
    # PyMca converts 32-bit and 64-bit counts to float64.
    top = min(np.iinfo(dtype).max, 2**52)
    counts = rng.integers(0, top, shape, dtype, endpoint=True)
    cube = XRFCube.from_array(
        counts,
        gain_kev=draw(st.floats(1e-3, 0.1)),
        offset_kev=draw(st.floats(-1, 1)),
        pixel_mm=(draw(st.floats(0.01, 5)), draw(st.floats(0.01, 5))),
        acquisition=Acquisition("Rh", 45.0, takeoff_deg=50.0, instrument="Crono nº 3; new"),
        live_time_s=rng.random(shape[:2]),
    )
    return cube, counts


@pytest.fixture
def saved(tmp_path):
    def save(cube: XRFCube, name: str) -> Path:
        return save_cube(cube, tmp_path / name, overwrite=True)

    return save


@quick
@given(scan=scans())
def test_silx_plots_the_nxdata_as_spectra_over_energies(saved, scan):
    nxdata = pytest.importorskip("silx.io.nxdata")
    import silx.io

    cube, counts = scan
    with silx.io.open(str(saved(cube, "scan.h5"))) as file:
        found = nxdata.get_default(file)
        assert found.is_valid
        assert found.signal_is_3d
        assert found.interpretation == "spectrum"
        assert list(found.axes_dataset_names) == ["y", "x", "energy"]
        assert np.array_equal(found.signal[()], counts)
        assert np.array_equal(found.axes[2][()], cube.energies.kev)
        assert np.allclose(np.diff(found.axes[0][()]), cube.pixel_mm[0])
        assert np.allclose(np.diff(found.axes[1][()]), cube.pixel_mm[1])


@quick
@given(scan=scans())
def test_pymca_loads_the_hdf5_as_a_stack_with_its_energies(saved, scan):
    stacks = pytest.importorskip("PyMca5.PyMcaIO.HDF5Stack1D")
    cube, counts = scan
    wanted = {"y": "/data/counts", "x": "/data/energy"}
    stack = stacks.HDF5Stack1D([str(saved(cube, "scan.h5"))], wanted)
    assert stack.info["McaIndex"] == 2
    assert np.array_equal(stack.data, counts)
    assert np.array_equal(np.ravel(stack.x[0]), cube.energies.kev)


@quick
@given(scan=scans())
def test_pymca_loads_the_ripple_pair_as_a_stack(saved, scan):
    lispix = pytest.importorskip("PyMca5.PyMcaIO.LispixMap")
    cube, counts = scan
    path = str(saved(cube, "scan.rpl"))
    assert lispix.isLispixMapFile(path)
    stack = lispix.LispixMap(path)
    assert stack.info["McaIndex"] == 2
    assert np.array_equal(stack.data, counts)


@quick
@given(scan=scans())
def test_rosettasciio_loads_the_ripple_pair(saved, scan):
    ripple = pytest.importorskip("rsciio.ripple")
    cube, counts = scan
    found = ripple.file_reader(str(saved(cube, "scan.rpl")))[0]
    assert found["data"].dtype == counts.dtype
    assert np.array_equal(found["data"], counts)
    y, x, energy = found["axes"]
    assert (energy["scale"], energy["offset"]) == (cube.energies.gain_kev, cube.energies.offset_kev)
    assert energy["units"] == "keV"
    assert (y["scale"], x["scale"]) == cube.pixel_mm
    assert (y["units"], x["units"]) == ("mm", "mm")
    acquisition = found["metadata"]["Acquisition_instrument"]["TEM"]
    assert acquisition["beam_energy"] == 45.0
    assert acquisition["Detector"]["EDS"]["elevation_angle"] == 50.0


@quick
@given(scan=scans())
def test_zarr_reads_counts_and_coordinates(saved, scan):
    zarr = pytest.importorskip("zarr")
    cube, counts = scan
    group = zarr.open_group(saved(cube, "scan.zarr"), mode="r")
    assert group["counts"].metadata.dimension_names == ("y", "x", "energy")
    assert np.array_equal(group["counts"][...], counts)
    assert np.array_equal(group["energy"][...], cube.energies.kev)
    assert group["energy"].attrs["units"] == "keV"
    assert np.allclose(np.diff(group["y"][...]), cube.pixel_mm[0])
    assert np.array_equal(group["live_time_s"][...], cube.live_time_s)


@quick
@given(scan=scans())
def test_ome_zarr_shows_the_total_counts_in_millimetres(saved, scan):
    pytest.importorskip("ome_zarr")
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Multiscales, Reader

    cube, counts = scan
    location = parse_url(str(saved(cube, "scan.zarr")), mode="r")
    (node,) = [node for node in Reader(location)() if node.load(Multiscales)]
    total = np.asarray(node.data[0])
    assert np.allclose(total, counts.sum(axis=2, dtype=np.float64), rtol=1e-6)
    assert [axis["name"] for axis in node.metadata["axes"]] == ["y", "x"]
    assert {axis["unit"] for axis in node.metadata["axes"]} == {"millimeter"}
    (change,) = node.metadata["coordinateTransformations"][0]
    assert change == {"type": "scale", "scale": list(cube.pixel_mm)}


def test_ome_zarr_models_validates_the_store(saved, counts):
    models = pytest.importorskip("ome_zarr_models")
    import zarr

    cube = XRFCube.from_array(counts, gain_kev=0.02, pixel_mm=(0.5, 0.5))
    image = models.open_ome_zarr(zarr.open_group(saved(cube, "scan.zarr"), mode="r"))
    assert image.ome_zarr_version == "0.5"
