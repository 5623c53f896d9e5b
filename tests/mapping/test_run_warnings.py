"""Test the warnings of a run, which are saved with its maps."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.cube import Acquisition, EnergyAxis, PigmentMaps, XRFCube
from napari_xrf_pigments.cube.maps import PIGMENT_ARRAYS
from napari_xrf_pigments.mapping import iter_pigment_tiles, map_pigments
from napari_xrf_pigments.mapping.run_warnings import SpectraTally, count_spectra


def warnings_of(cube: XRFCube, predictor: Any) -> list[str]:
    return list(map_pigments(cube, predictor=predictor).provenance["warnings"])


def with_counts(painting: XRFCube, change: Callable[[np.ndarray], None], dtype: Any) -> XRFCube:
    counts = painting.counts.compute(scheduler="synchronous").astype(dtype)
    change(counts)
    return XRFCube(
        da.from_array(counts, chunks=(5, 20, 1000)),
        painting.energies,
        painting.acquisition,
        valid=painting.valid,
    )


def test_a_good_scan_has_no_warnings(painting: XRFCube, predictor: Any) -> None:
    assert warnings_of(painting, predictor) == []


def test_pixels_without_counts_are_counted_unless_they_were_not_measured(
    painting: XRFCube, predictor: Any
) -> None:
    def dark(counts: np.ndarray) -> None:
        counts[0, :3] = 0

    (text,) = warnings_of(with_counts(painting, dark, np.uint16), predictor)
    assert text.startswith("3 pixels hold fewer than 20 counts")


def test_negative_counts_are_counted(painting: XRFCube, predictor: Any) -> None:
    def negative(counts: np.ndarray) -> None:
        counts[2, 2, 5] = -4

    (text,) = warnings_of(with_counts(painting, negative, np.int32), predictor)
    assert text == "1 pixel holds negative counts, treated as zero."


def test_pixels_with_saturated_channels_are_counted(painting: XRFCube, predictor: Any) -> None:
    def full(counts: np.ndarray) -> None:
        counts[1, 1, 300:303] = 65535

    (text,) = warnings_of(with_counts(painting, full, np.uint16), predictor)
    assert "1 pixel" in text
    assert "largest number that can be stored" in text


class UnexplainedNetwork:
    """A network that cannot explain the left half of a scan."""

    names, groups, weights_hash, device = ("a",), ("g",), "abc", "cpu"
    fields, numerics = PIGMENT_ARRAYS, "float32"
    notices = ("The memory of the GPU was full, so the processor went on with the work.",)

    def bind(self, energies: EnergyAxis, acquisition: Acquisition) -> Any:
        def predict(counts: np.ndarray) -> PigmentMaps:
            one = np.full((1, len(counts)), 0.2, np.float32)
            # Copper is on the right, iron on the left.
            left = counts[:, 205:222].sum(1) > counts[:, 260:277].sum(1)
            return PigmentMaps(self.names, one, one, one, self.groups, one, left * 0.9)

        return predict


def test_unexplained_pixels_are_counted_and_notices_of_the_network_included(
    painting: XRFCube,
) -> None:
    unexplained, notice = warnings_of(painting, UnexplainedNetwork())
    assert "more unexplained counts" in unexplained
    assert unexplained.split(" pixels")[0].isdigit()
    assert notice == UnexplainedNetwork.notices[0]


def test_an_axis_that_does_not_fit_the_lines_gives_a_warning(
    painting: XRFCube, predictor: Any
) -> None:
    wrong = painting.with_energies(EnergyAxis(1000, 0.03, 0.10))
    (text,) = warnings_of(wrong, predictor)
    assert text.startswith("The lines of the scan lie up to 12")
    assert "eV off the energy axis" in text
    estimated = painting.with_energies(EnergyAxis(1000, 0.03, 0.10, "estimated"))
    assert warnings_of(estimated, predictor) == [text]


def test_the_first_tile_has_the_warning_of_an_instrument_outside_the_training(
    painting: XRFCube, predictor: Any
) -> None:
    odd = painting.with_acquisition(painting.acquisition.updated(takeoff_deg=5.0))
    tiles = iter_pigment_tiles(odd, predictor=predictor)
    first = next(tiles)
    tiles.close()
    assert len(first.warnings) == 1
    assert "5 degrees" in first.warnings[0]
    assert warnings_of(odd, predictor) == list(first.warnings)


def test_only_the_last_tile_has_the_warnings_of_the_whole_scan(
    painting: XRFCube, predictor: Any
) -> None:
    def dark(counts: np.ndarray) -> None:
        counts[0, 0] = counts[11, 19] = 0

    tiles = list(iter_pigment_tiles(with_counts(painting, dark, np.uint16), predictor=predictor))
    assert len(tiles) > 1
    assert [bool(tile.warnings) for tile in tiles] == [False] * (len(tiles) - 1) + [True]
    assert tiles[-1].warnings[0].startswith("2 pixels")


def test_maps_on_disk_have_the_warnings(painting: XRFCube, predictor: Any, tmp_path: Path) -> None:
    odd = painting.with_acquisition(painting.acquisition.updated(takeoff_deg=5.0))
    maps = map_pigments(odd, predictor=predictor, out=tmp_path / "p.zarr")
    group = zarr.open_group(str(tmp_path / "p.zarr"), mode="r")
    assert group.attrs["provenance"]["warnings"] == maps.provenance["warnings"]
    json.dumps(maps.provenance)


def test_a_continued_run_has_the_warnings(
    painting: XRFCube, predictor: Any, tmp_path: Path
) -> None:
    odd = painting.with_acquisition(painting.acquisition.updated(takeoff_deg=5.0))
    folder = tmp_path / "unfinished"
    first = map_pigments(odd, predictor=predictor, unfinished=folder)
    again = map_pigments(odd, predictor=predictor, unfinished=folder)
    assert again.provenance["warnings"] == first.provenance["warnings"] != []
    np.testing.assert_array_equal(again.probability, first.probability)


class TestSource:
    @pytest.fixture
    def scan(self, painting: XRFCube, tmp_path: Path) -> XRFCube:
        from napari_xrf_pigments.io import open_cube

        np.save(
            tmp_path / "scan.npy",
            np.tile(painting.counts.compute(scheduler="synchronous"), (10, 1, 1)),
        )
        return open_cube(
            tmp_path / "scan.npy", gain_kev=0.03, offset_kev=-0.02, anode="Rh", tube_kv=45.0
        )

    def test_a_file_that_grows_during_the_run_gives_a_warning(
        self, scan: XRFCube, predictor: Any
    ) -> None:
        assert scan.source is not None
        tiles = iter_pigment_tiles(scan, predictor=predictor)
        next(tiles)
        with scan.source.path.open("ab") as file:
            file.write(b"more")
        last = list(tiles)[-1]
        assert "scan.npy was changed while it was read: map it again." in last.warnings

    def test_a_file_that_is_removed_during_the_run_is_the_error(
        self, scan: XRFCube, predictor: Any
    ) -> None:
        assert scan.source is not None
        tiles = iter_pigment_tiles(scan, predictor=predictor)
        next(tiles)
        scan.source.path.unlink()
        with pytest.raises(OSError, match=r"^scan\.npy was removed while it was read: .*\.$"):
            list(tiles)

    def test_a_file_changed_after_opening_gives_a_warning(
        self, scan: XRFCube, predictor: Any
    ) -> None:
        import os

        assert scan.source is not None
        later = scan.source.modified + 100
        os.utime(scan.source.path, (later, later))
        assert any("changed after it was opened" in text for text in warnings_of(scan, predictor))


def mixed(seed, count, kind):
    """Make spectra of which some are empty, dark, negative or saturated."""
    rng = np.random.default_rng(seed)
    spectra = rng.poisson(3.0, (count, 24)).astype(kind)
    spectra[rng.random(count) < 0.2] = 0
    spectra[rng.random(count) < 0.1, 3] = np.iinfo(kind).max
    dark = rng.random(count) < 0.1
    spectra[dark] = 0
    spectra[dark, 5] = 1
    if np.iinfo(kind).min < 0:
        spectra[rng.random(count) < 0.1, 7] = -2
    return spectra, rng.random(count).astype(np.float32)


@given(st.integers(0, 100), st.integers(1, 700), st.sampled_from([np.uint16, np.int16]))
def test_the_tally_of_a_batch_is_the_sum_of_its_parts(seed, count, kind):
    spectra, unexplained = mixed(seed, count, kind)
    rows = range(0, count, 97)
    parts = [
        count_spectra(spectra[i : i + 97], unexplained[i : i + 97], with_sum=True) for i in rows
    ]
    whole = count_spectra(spectra, unexplained, with_sum=True)
    added = sum(parts, SpectraTally())
    assert whole.numbers == added.numbers
    np.testing.assert_array_equal(whole.total, added.total)
    np.testing.assert_array_equal(whole.total, np.maximum(spectra.astype(int), 0).sum(0))


@pytest.mark.parametrize("threads", ["1", "2", "5"])
def test_the_number_of_threads_does_not_matter(monkeypatch, threads):
    spectra, unexplained = mixed(1, 3000, np.int16)
    totals = spectra.sum(axis=1, dtype=np.int64)
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    found = count_spectra(spectra, unexplained, totals)
    assert found == replace(
        SpectraTally(),
        pixels=3000,
        empty=int((spectra == 0).all(axis=1).sum()),
        dark=int((totals < 20).sum()),
        negative=int((spectra < 0).any(axis=1).sum()),
        saturated=int((spectra == np.iinfo(np.int16).max).any(axis=1).sum()),
        unexplained=int((unexplained > 0.2).sum()),
    )


def test_an_empty_batch_has_an_empty_tally():
    found = count_spectra(np.zeros((0, 24), np.uint16), with_sum=True)
    assert found == SpectraTally()
