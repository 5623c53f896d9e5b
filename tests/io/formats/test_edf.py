"""Test the EDF reader: series and stacks, detectors, missing rows, and hostile headers."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from fabio.edfimage import EdfImage

from napari_xrf_pigments.io import can_open, open_cube, scan_path
from napari_xrf_pigments.io.formats.edf import read_frames

CALIBRATION = {"MCA a": "-0.1", "MCA b": "0.02", "MCA c": "0"}


def write_rows(folder, counts, detector="00", header=CALIBRATION, dtype=np.uint32):
    paths = []
    for row, spectra in enumerate(counts):
        path = folder / f"map_xia{detector}_0001_0000_{row:04d}.edf"
        EdfImage(data=spectra.astype(dtype), header=header).write(str(path))
        paths.append(path)
    return paths


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.uint32, np.float32, np.float64])
def test_a_series_opens_from_its_folder_or_any_of_its_files(tmp_path, counts, dtype):
    paths = write_rows(tmp_path, counts, dtype=dtype)
    for given in (tmp_path, *paths):
        assert can_open(given)
        assert scan_path(given) == paths[0]
        cube = open_cube(given)
        assert cube.counts.dtype.kind in "ui"
        np.testing.assert_array_equal(cube.counts.compute(), counts)
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.02, -0.1))


def test_the_lazy_counts_can_be_pickled_without_an_open_file(tmp_path, counts):
    write_rows(tmp_path, counts)
    graph = pickle.loads(pickle.dumps(open_cube(tmp_path).counts))
    np.testing.assert_array_equal(graph[1:, 2, 5:9].compute(), counts[1:, 2, 5:9])


def test_big_endian_frames_are_read(tmp_path, counts):
    text = "{\nByteOrder = HighByteFirst ;\nDataType = UnsignedShort ;\nDim_1 = 160 ;\n"
    text += "Dim_2 = 4 ;\nMCA a = 0 ;\nMCA b = 0.02 ;\n"
    head = text.encode().ljust(510) + b"}\n"
    for row, spectra in enumerate(counts):
        path = tmp_path / f"row{row}.edf"
        path.write_bytes(head + spectra.astype(">u2").tobytes())
    np.testing.assert_array_equal(open_cube(tmp_path).counts.compute(), counts)


def test_detectors_are_summed_or_selected(tmp_path, counts):
    write_rows(tmp_path, counts, "00")
    write_rows(tmp_path, 2 * counts, "01")
    statistics = EdfImage(data=np.zeros((4, 12), np.int32))
    statistics.write(str(tmp_path / "map_xiast_0001_0000_0000.edf"))
    cube = open_cube(tmp_path)
    np.testing.assert_array_equal(cube.counts.compute(), 3 * counts)
    assert any("sum of 2 detectors" in note for note in cube.source.notes)
    for wanted in ("xia01", 1):
        one = open_cube(tmp_path, detector=wanted)
        np.testing.assert_array_equal(one.counts.compute(), 2 * counts)
    with pytest.raises(ValueError, match="no detector 7"):
        open_cube(tmp_path, detector=7)


def test_a_missing_or_short_file_is_a_missing_row(tmp_path, counts):
    paths = write_rows(tmp_path, np.concatenate([counts, counts]))
    paths[1].unlink()
    paths[4].write_bytes(paths[4].read_bytes()[:-1])
    cube = open_cube(tmp_path)
    assert cube.shape == (6, 4, 160)
    assert list(cube.valid[:, 0]) == [True, False, True, True, False, True]
    np.testing.assert_array_equal(cube.counts[2].compute(), counts[2])
    assert any("missing or too short: 2 of 6" in note for note in cube.source.notes)


def test_another_scan_in_the_folder_can_be_selected(tmp_path, counts):
    write_rows(tmp_path, counts)
    EdfImage(data=counts[0].astype(np.uint32), header=CALIBRATION).write(str(tmp_path / "b1.edf"))
    cube = open_cube(tmp_path)
    assert cube.shape == (3, 4, 160)
    assert any("the folder also holds b1.edf" in note for note in cube.source.notes)
    assert open_cube(tmp_path, dataset="b1.edf").shape == (1, 4, 160)
    with pytest.raises(ValueError, match="no series of EDF files called c"):
        open_cube(tmp_path, dataset="c")


def test_images_do_not_open_as_a_scan(tmp_path):
    EdfImage(data=np.ones((300, 400), np.uint16)).write(str(tmp_path / "radiograph_0001.edf"))
    EdfImage(data=np.ones((256, 256), np.uint16)).write(str(tmp_path / "camera_0001.edf"))
    assert not can_open(tmp_path / "radiograph_0001.edf")
    assert not can_open(tmp_path / "camera_0001.edf")
    assert not can_open(tmp_path)


def test_a_frame_with_three_axes_opens_as_a_scan(tmp_path, counts):
    head = "{\nByteOrder = LowByteFirst ;\nDataType = UnsignedLong ;\nDim_1 = 160 ;\n"
    head += "Dim_2 = 4 ;\nDim_3 = 3 ;\nMCA a = 0 ;\nMCA b = 0.01 ;\n"
    data = counts.astype("<u4").tobytes()
    (tmp_path / "scan.edf").write_bytes(head.encode().ljust(1022) + b"}\n" + data)
    cube = open_cube(tmp_path / "scan.edf")
    np.testing.assert_array_equal(cube.counts.compute(), counts)


GOOD = "{\nByteOrder = LowByteFirst ;\nDataType = UnsignedShort ;\nDim_1 = 256 ;\nDim_2 = 4 ;\n"


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ("Size = -512 ;\n", "damaged"),
        ("Size = 1e400 ;\n", "damaged"),
        ("Compression = GzipCompression ;\nSize = 90 ;\n", "compressed"),
        ("EDF_BinaryFileName = /etc/passwd ;\n", "in another file"),
        ("Dim_2 = 100000000 ;\n", "larger than any scan|truncated"),
        ("Dim_2 = 0 ;\n", "axis of 0"),
        ("Dim_1 = x ;\n", "damaged"),
        ("DataType = Complex ;\n", "damaged"),
        ("", "truncated"),
    ],
)
def test_hostile_headers_are_refused_in_one_sentence(tmp_path, extra, sentence):
    path = tmp_path / "scan.edf"
    path.write_bytes((GOOD + extra).encode().ljust(510) + b"}\n" + b"\0" * 100)
    with pytest.raises(ValueError, match=sentence) as caught:
        open_cube(path)
    assert "\n" not in str(caught.value)


def test_a_header_without_an_end_is_refused(tmp_path):
    path = tmp_path / "scan.edf"
    path.write_bytes(GOOD.encode() + b" " * 2_000_000)
    with pytest.raises(ValueError, match="damaged"):
        open_cube(path)


@pytest.mark.parametrize("at", [0, 505])
def test_a_huge_number_of_axes_is_refused(tmp_path, at):
    path = tmp_path / "scan.edf"
    text = GOOD + "Title = " + "x" * max(0, at - len(GOOD) - 9) + " ;\nDim_900000000 = 1 ;\n"
    path.write_bytes(text.encode().ljust(1022) + b"}\n" + bytes(2 * 4 * 256))
    with pytest.raises(ValueError, match="damaged"):
        open_cube(path)


def test_the_frames_of_one_file_are_the_rows(tmp_path):
    head = (GOOD + "Size = 2048 ;\n").encode().ljust(510) + b"}\n"
    path = tmp_path / "scan.edf"
    path.write_bytes(10 * (head + bytes(2 * 4 * 256)))
    assert open_cube(path).shape == (10, 4, 256)
    assert len(read_frames(path, 3)) == 3


def test_defaults_of_a_general_header_apply_to_all_frames(tmp_path):
    general = "{\nEDF_DataFormatVersion = 2.40 ;\nMCA a = -0.1 ;\nMCA b = 0.02 ;\n"
    frame = (GOOD + "EDF_BinarySize = 2048 ;\n").encode().ljust(510) + b"}\n" + bytes(2048)
    path = tmp_path / "scan.edf"
    path.write_bytes(general.encode().ljust(510) + b"}\n" + 2 * frame)
    cube = open_cube(path)
    assert cube.shape == (2, 4, 256)
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == pytest.approx((0.02, -0.1))
