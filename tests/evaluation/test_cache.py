"""Test that cached emissions are verified before use and computed again if they do not match."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fisx")
pytest.importorskip("PyMca5")

from napari_xrf_pigments.evaluation import _cache as cache
from napari_xrf_pigments.evaluation.independent_simulation.fisx_emission import Emission


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Replace the slow emission by one that counts its calls."""
    calls: list[int] = []

    def emit(*arguments: object) -> Emission:
        calls.append(len(calls))
        return Emission(
            np.array([6.4, 8.0]),
            np.array([1.0, 2.0]),
            np.array([0, 1]),
            ("Fe K", "Cu K"),
            np.array([19.0]),
            np.array([0.5]),
            np.array([0.1]),
        )

    monkeypatch.setattr(cache, "emit", emit)
    return calls


def stored_file(folder: Path) -> Path:
    (path,) = folder.rglob("*.npz")
    return path


def test_a_cached_stack_equals_the_computed_one(computed: list[int], tmp_path: Path) -> None:
    first = cache.load_stack("A", 0, cache=tmp_path)
    second = cache.load_stack("A", 0, cache=tmp_path)
    assert computed == [0]
    assert second[0] == first[0]
    assert second[1].line_family == first[1].line_family
    np.testing.assert_array_equal(second[1].line_rate, first[1].line_rate)
    assert [path.suffix for path in tmp_path.rglob("*.*")] == [".npz"]


def test_a_changed_array_is_not_used(computed: list[int], tmp_path: Path) -> None:
    cache.load_stack("A", 0, cache=tmp_path)
    path = stored_file(tmp_path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["line_rate"] = arrays["line_rate"] * 2
    np.savez_compressed(path, **arrays)  # a valid archive with other values
    _, emission = cache.load_stack("A", 0, cache=tmp_path)
    assert computed == [0, 1]
    np.testing.assert_array_equal(emission.line_rate, [1.0, 2.0])
    cache.load_stack("A", 0, cache=tmp_path)
    assert computed == [0, 1]  # the invalid file was replaced


@pytest.mark.parametrize("size", [0, 3, 100, 700])
def test_a_truncated_file_is_computed_again(computed: list[int], tmp_path: Path, size: int) -> None:
    cache.load_stack("A", 0, cache=tmp_path)
    path = stored_file(tmp_path)
    path.write_bytes(path.read_bytes()[:size])
    cache.load_stack("A", 0, cache=tmp_path)
    assert computed == [0, 1]


def test_a_file_without_a_checksum_is_computed_again(computed: list[int], tmp_path: Path) -> None:
    cache.load_stack("A", 0, cache=tmp_path)
    path = stored_file(tmp_path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name != "sha256"}
    np.savez_compressed(path, **arrays)
    cache.load_stack("A", 0, cache=tmp_path)
    assert computed == [0, 1]


def test_a_failed_write_leaves_no_file(
    computed: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: object, **arrays: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space"):
        cache.load_stack("A", 0, cache=tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
