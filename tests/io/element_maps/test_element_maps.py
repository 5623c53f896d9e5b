"""Test that element maps of other programs open as maps and never as a scan."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_xrf_pigments.io import can_open, describe, is_maps, load_maps, open_cube
from napari_xrf_pigments.io.element_maps._names import map_name, name_in

MAPS = np.arange(24, dtype=np.float32).reshape(2, 3, 4) + 0.5
DMS = b"2\n         4         3          2\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Fe-K", "Fe K"),
        ("Ca-Kb", "Ca Kb"),
        ("Pb_La1", "Pb La"),
        ("HgL", "Hg L"),
        ("Fe Kα", "Fe Ka"),
        ("Fe", "Fe"),
        ("Xx-K", None),
        ("chisq", None),
        ("", None),
    ],
)
def test_names_of_maps_are_normalised(text, name):
    assert map_name(text) == name


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("scan_Fe-K_1", "Fe K"),
        ("element_Pb_L", "Pb L"),
        ("scan Hg La", "Hg La"),
        ("Zn", "Zn"),
        ("map_Zn", "Zn"),
        ("work_In_progress", None),
        ("Painting", None),
        ("visible", None),
        ("IMG_0001", None),
    ],
)
def test_element_names_are_found_in_file_names(stem, name):
    assert name_in(stem) == name


@pytest.fixture
def dms(tmp_path):
    path = tmp_path / "scan.dms"
    path.write_bytes(DMS + MAPS.astype("<f4").tobytes() + b"Fe-K\r\nCompton\r\n")
    return path


def test_a_datamuncher_file_is_read(dms):
    assert is_maps(dms) and not can_open(dms)
    maps = load_maps(dms)
    assert maps.names == ("Fe K", "Compton")
    np.testing.assert_array_equal(maps.counts, MAPS)


def test_a_datamuncher_file_with_text_values_is_read(tmp_path):
    path = tmp_path / "scan.ims"
    numbers = "\n".join(" ".join(map(str, row)) for row in MAPS.reshape(6, 4))
    path.write_text(f"2\n 4 3 2\n{numbers}\nFe-K\nPb-L\n")
    np.testing.assert_array_equal(load_maps(path).counts, MAPS)


def test_unknown_sigma_is_nan_and_needs_no_memory(dms):
    maps = load_maps(dms)
    assert maps.sigma.shape == maps.counts.shape and np.isnan(maps.sigma).all()
    assert maps.sigma.strides == (0, 0, 0)
    assert maps.provenance["sigma"] == "unknown"


def test_element_maps_do_not_open_as_a_scan(dms):
    with pytest.raises(ValueError, match=r"^scan\.dms holds element maps, no spectra\.$"):
        open_cube(dms)
    text = describe(dms)
    assert "It holds element maps, no spectra" in text
    assert "Maps: 2 (Fe K, Compton)" in text and "3 rows x 4 columns" in text


@pytest.mark.parametrize("sizes", [b"9999 9999 9999", b"100000000 4 2", b"0 4 2", b"4 3 200"])
def test_datamuncher_headers_with_wrong_sizes_are_refused(tmp_path, sizes):
    path = tmp_path / "scan.dms"
    path.write_bytes(b"2\n " + sizes + b"\n" + bytes(500))
    with pytest.raises(ValueError, match=r"scan\.dms") as caught:
        load_maps(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("keep", [20, 36, 60, 130])
def test_a_truncated_datamuncher_file_is_refused(dms, keep):
    dms.write_bytes(dms.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"scan\.dms"):
        load_maps(dms)


TABLE = """row,column,Fe-K,s(Fe-K),chisq
0,0,1.5,0.1,1
0,1,2.5,0.2,1
1,1,4.5,0.4,1
"""


@pytest.mark.parametrize("mark", [",", ";", "\t", "  "])
def test_a_table_with_one_line_per_pixel_is_read(tmp_path, mark):
    path = tmp_path / "scan.csv"
    path.write_text(TABLE.replace(",", mark))
    maps = load_maps(path)
    assert maps.names == ("Fe K",)
    np.testing.assert_array_equal(maps.counts[0], np.float32([[1.5, 2.5], [np.nan, 4.5]]))
    np.testing.assert_array_equal(maps.sigma[0], np.float32([[0.1, 0.2], [np.nan, 0.4]]))


def test_positions_in_mm_are_read(tmp_path):
    path = tmp_path / "scan.txt"
    path.write_text("x;y;Fe;Pb\n10,5;3,0;1;2\n11,0;3,0;3;4\n")
    maps = load_maps(path)
    assert maps.names == ("Fe", "Pb")
    np.testing.assert_array_equal(maps.counts, np.float32([[[1, 3]], [[2, 4]]]))


def test_positions_far_apart_are_refused_without_allocating(tmp_path):
    path = tmp_path / "scan.csv"
    path.write_text("row,column,Fe\n0,0,1\n1,1,1\n90000000,90000000,1\n")
    with pytest.raises(ValueError, match=r"scan\.csv"):
        load_maps(path)


@pytest.mark.parametrize("mark", [",", ";", " "])
def test_a_matrix_named_after_its_element_is_read(tmp_path, mark):
    path = tmp_path / "panel_Fe-K.csv"
    np.savetxt(path, MAPS[0], delimiter=mark)
    assert is_maps(path)
    np.testing.assert_allclose(load_maps(path).counts[0], MAPS[0])
    anonymous = path.rename(tmp_path / "numbers.csv")
    assert not is_maps(anonymous)
    assert load_maps(anonymous).names == ("numbers",)


def test_a_matrix_with_an_incomplete_line_is_refused(tmp_path):
    path = tmp_path / "Fe-K.csv"
    path.write_text("1,2,3\n4,5,6\n7,8\n")
    with pytest.raises(ValueError, match="line 3 does not fit"):
        load_maps(path)


def test_a_folder_of_maps_is_read(tmp_path):
    for name, image in zip(("a_Fe-K", "a_Pb-L"), MAPS, strict=True):
        tifffile.imwrite(tmp_path / f"{name}.tif", image)
    tifffile.imwrite(tmp_path / "photo.tif", np.zeros((9, 9, 3), np.uint8))
    maps = load_maps(tmp_path)
    assert maps.names == ("Fe K", "Pb L")
    np.testing.assert_array_equal(maps.counts, MAPS)
    with pytest.raises(ValueError, match="holds element maps, no spectra"):
        open_cube(tmp_path)


def test_maps_of_different_sizes_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "Fe-K.tif", MAPS[0])
    tifffile.imwrite(tmp_path / "Pb-L.tif", MAPS[0, :2])
    with pytest.raises(ValueError, match=r"different sizes: Pb-L\.tif is 2 x 4"):
        load_maps(tmp_path)


@pytest.mark.parametrize("name", ["photo.tif", "Fe-K.tif", "Fe-K.jpg"])
def test_photographs_are_not_opened_as_maps(tmp_path, name):
    from PIL import Image

    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / name)
    assert not is_maps(tmp_path / name) and not can_open(tmp_path / name)
    assert not is_maps(tmp_path)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_grey_images_are_maps_only_if_named_after_an_element(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "infrared.tif", MAPS[0].astype(dtype))
    assert not is_maps(tmp_path / "infrared.tif")
    tifffile.imwrite(tmp_path / "Hg-L.tif", MAPS[0].astype(dtype))
    assert is_maps(tmp_path / "Hg-L.tif")


def test_other_text_files_are_not_opened_as_maps(tmp_path):
    for text in ("Dear colleague,\nplease find\n", "name,age\nAnna,3\n", "1\n2\n3\n", ""):
        (tmp_path / "Fe-K.txt").write_text(text)
        assert not is_maps(tmp_path / "Fe-K.txt")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from([b"", DMS, b"row,column,Fe\n", b"1,2\n3,4\n", b"II*\0"]),
    rest=st.binary(max_size=200),
)
def test_any_bytes_give_maps_or_one_sentence(tmp_path, start, rest):
    path = tmp_path / "scan_Fe-K.csv"
    path.write_bytes(start + rest)
    is_maps(path)
    try:
        load_maps(path)
    except ValueError as error:
        assert "scan_Fe-K.csv" in str(error) and "\n" not in str(error)
    assert path.read_bytes() == start + rest


def test_maps_of_the_same_name_are_numbered(tmp_path):
    path = tmp_path / "scan.dms"
    path.write_bytes(DMS + MAPS.astype("<f4").tobytes() + b"Fe-K\r\nFe-K\r\n")
    assert load_maps(path).names == ("Fe K", "Fe K (2)")


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"tile": (16, 16)}])
def test_compressed_and_tiled_maps_are_read(tmp_path, options):
    image = np.random.default_rng(2).random((37, 50), np.float32)
    tifffile.imwrite(tmp_path / "Fe-K.tif", image, **options)
    np.testing.assert_array_equal(load_maps(tmp_path / "Fe-K.tif").counts[0], image)


def test_a_map_longer_than_declared_is_not_unpacked(tmp_path):
    import zlib

    path = tmp_path / "Fe-K.tif"
    tifffile.imwrite(path, MAPS[0], compression="zlib")
    bomb, end = zlib.compress(bytes(10**6), 9), path.stat().st_size
    with path.open("ab") as file:
        file.write(bomb)
    with tifffile.TiffFile(path, mode="r+") as tif:
        tif.pages[0].tags["StripOffsets"].overwrite(end)
        tif.pages[0].tags["StripByteCounts"].overwrite(len(bomb))
    with pytest.raises(ValueError, match=r"Fe-K\.tif: A block is longer when unpacked"):
        load_maps(path)


def test_a_map_of_impossible_size_is_refused_without_allocating(tmp_path):
    path = tmp_path / "Fe-K.tif"
    tifffile.imwrite(path, MAPS[0], compression="zlib")
    with tifffile.TiffFile(path, mode="r+") as tif:
        for tag, length in (("ImageLength", 20_000), ("ImageWidth", 20_000)):
            tif.pages[0].tags[tag].overwrite(length)
    with pytest.raises(ValueError, match=r"Fe-K\.tif"):
        load_maps(path)


def test_values_beyond_single_precision_are_missing(tmp_path):
    (tmp_path / "scan.csv").write_text("row,column,Fe-K\n0,0,1e308\n0,1,2\n1,0,-1e308\n1,1,4\n")
    (tmp_path / "Fe-K.txt").write_text("1e308 2\n-1e40 4\n")
    tifffile.imwrite(tmp_path / "Fe-K.tif", np.array([[1e308, 2.0], [-np.inf, 4.0]]))
    for name in ("scan.csv", "Fe-K.txt", "Fe-K.tif"):
        (image,) = load_maps(tmp_path / name).counts
        np.testing.assert_array_equal(image, [[np.nan, 2], [np.nan, 4]])


def test_a_curve_of_two_columns_is_no_element_map(tmp_path):
    path = tmp_path / "EXAFS_Cu.dat"
    rows = [f"{8000 + 4.4 * i:.3f} {0.52 - 0.001 * i:.5f}" for i in range(40)]
    path.write_text("\n".join(rows), encoding="utf-8")
    assert not is_maps(path)
    path.write_text("\n".join("3 2\n1 4" for _ in range(20)), encoding="utf-8")
    assert is_maps(path)
