"""Test the independent simulator: detector, tube and complete sets."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.evaluation import TestSet, evaluate, load_standard_set, make_set
from napari_xrf_pigments.evaluation._extras import require
from napari_xrf_pigments.evaluation.independent_simulation.detector_response import (
    Response,
    draw_response,
    peaks,
    render,
)
from napari_xrf_pigments.evaluation.independent_simulation.instruments import (
    INSTRUMENTS,
    draw_geometry,
)
from napari_xrf_pigments.evaluation.independent_simulation.make import STACKS

D = INSTRUMENTS["D"]


@pytest.fixture
def fisx() -> None:
    pytest.importorskip("fisx", reason="fisx (extra: evaluate) is not installed")


@pytest.fixture
def pymca() -> None:
    pytest.importorskip("PyMca5", reason="PyMca (extra: evaluate) is not installed")


def plain(**changes: object) -> Response:
    """Make a detector without artefacts."""
    drawn = draw_response(np.random.default_rng(0), D)
    nothing = dict(
        step=0.0, tail=0.0, escape=0.0, pile_up=0.0, offset_ev=0.0, gain_error=0.0,
        threshold_kev=-1.0, continuum=0.0, lines=(), zero_peak=0.0,
    )  # fmt: skip
    return replace(drawn, **{**nothing, **changes})


def spectrum(response: Response, kev: float = 10.0) -> np.ndarray:
    nothing = np.zeros(0)
    return render(response, D, (np.array([kev]), np.ones(1)), (nothing, nothing, nothing))[0]


def test_peaks_have_the_given_counts_and_energies() -> None:
    edges = np.arange(0.0, 20.0, 0.03)
    found = peaks(np.array([6.4, 12.0]), np.array([3.0, 5.0]), np.array([0.06, 0.08]), edges)
    centres = 0.5 * (edges[1:] + edges[:-1])
    assert found.sum() == pytest.approx(8.0)
    assert (found * centres).sum() == pytest.approx(3 * 6.4 + 5 * 12.0)


@pytest.mark.usefixtures("fisx")
def test_a_line_has_the_given_width() -> None:
    found = spectrum(plain(fwhm_ev=150.0), 5.895)
    kev = D.energies.kev
    mean = (found * kev).sum()
    sigma = np.sqrt((found * (kev - mean) ** 2).sum())
    assert mean == pytest.approx(5.895, abs=1e-3)
    assert sigma == pytest.approx(0.150 / 2.3548, rel=0.02)


@pytest.mark.usefixtures("fisx")
def test_artefacts_have_the_right_energy_and_share() -> None:
    kev = D.energies.kev

    def share(found: np.ndarray, low: float, high: float) -> float:
        return float(found[(kev > low) & (kev < high)].sum())

    assert share(spectrum(plain(step=0.2)), 0.0, 9.0) == pytest.approx(0.18, abs=0.01)
    assert share(spectrum(plain(tail=0.1, tail_kev=0.3)), 8.0, 9.7) > 0.02
    assert share(spectrum(plain(escape=1.0)), 7.9, 8.6) == pytest.approx(0.0009, rel=0.5)
    assert share(spectrum(plain(pile_up=0.02)), 19.5, 20.5) == pytest.approx(0.0204, rel=0.03)
    assert share(spectrum(plain(threshold_kev=5.0, step=0.2)), -1.0, 4.95) == 0.0
    assert share(spectrum(plain(lines=((15.0, 0.01),))), 14.5, 15.5) == pytest.approx(
        0.01, rel=0.05
    )


@pytest.mark.usefixtures("fisx")
def test_sum_peaks_take_the_offset_of_the_axis_into_account() -> None:
    a = INSTRUMENTS["A"]
    nothing = np.zeros(0)
    line = (np.array([9.0]), np.ones(1))
    found = render(plain(pile_up=0.02), a, line, (nothing, nothing, nothing))[0]
    kev = a.energies.kev
    beyond = kev > 12.0
    assert (found[beyond] * kev[beyond]).sum() / found[beyond].sum() == pytest.approx(
        18.0, abs=0.01
    )


@pytest.mark.usefixtures("pymca")
@pytest.mark.parametrize("name", INSTRUMENTS)
def test_tube_spectra_end_at_the_voltage_and_have_lines_of_the_anode(name: str) -> None:
    from napari_xrf_pigments.evaluation.independent_simulation.ebel_tube import tube_spectrum

    instrument = INSTRUMENTS[name]
    geometry = draw_geometry(np.random.default_rng(1), instrument)
    edges = np.arange(1.5, instrument.tube_kv + 0.01, 0.5)
    kev, photons = tube_spectrum(instrument, geometry, edges)
    assert kev.max() < instrument.tube_kv
    assert (photons >= 0).all()
    ka = {"Rh": 20.2, "Mo": 17.5, "Ag": 22.1}[instrument.anode]
    strongest = kev[(kev > 10)][np.argmax(photons[kev > 10])]
    assert strongest == pytest.approx(ka, abs=0.2)


@pytest.mark.slow
@pytest.mark.usefixtures("fisx", "pymca")
def test_a_set_is_reproducible_cached_and_saved(tmp_path: Path) -> None:
    made = make_set("C", stacks=2, draws=2, seed=3, cache=tmp_path)
    files = sorted(tmp_path.rglob("*.npz"))
    assert len(files) == 2
    files[0].write_bytes(b"cut off")  # as left by a killed run
    again = make_set("C", stacks=2, draws=2, seed=3, cache=tmp_path)
    assert np.array_equal(made.counts, again.counts)
    assert np.array_equal(made.truth.sigma, again.truth.sigma)
    other = make_set("C", stacks=1, draws=2, seed=4, cache=tmp_path)
    assert not np.array_equal(made.counts[:2], other.counts)
    made.save(tmp_path / "set.npz")
    loaded = TestSet.load(tmp_path / "set.npz")
    assert np.array_equal(loaded.counts, made.counts)
    assert (loaded.energies, loaded.acquisition) == (made.energies, made.acquisition)
    assert loaded.truth.names == made.truth.names
    assert np.array_equal(loaded.truth.where, made.truth.where)


@pytest.mark.usefixtures("fisx", "pymca")
def test_counts_are_as_drawn_and_labels_are_consistent(tmp_path: Path) -> None:
    made = make_set("D", stacks=2, draws=3, seed=1, cache=tmp_path)
    total = made.counts.sum(axis=1)
    assert total == pytest.approx(made.truth.counts, rel=0.2)
    present = made.truth.present
    assert (made.truth.sigma[~present] == 0).all()


def test_an_unknown_set_and_a_foreign_file_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no test set 'Z'"):
        load_standard_set("Z", tmp_path)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="not a test set"):
        TestSet.load(tmp_path / "other.npz")


def test_a_missing_package_is_named_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fisx", None)
    with pytest.raises(ImportError, match="needs the package fisx"):
        require("fisx")


@pytest.mark.usefixtures("fisx", "pymca")
def test_every_seed_has_its_own_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STACKS, "C", 1)
    first, other = (load_standard_set("C", tmp_path, seed=seed) for seed in (1, 2))
    assert not np.array_equal(first.counts, other.counts)
    # Both are cached under separate names.
    assert np.array_equal(load_standard_set("C", tmp_path, seed=1).counts, first.counts)
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_the_seed_is_passed_to_all_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    requested: list[tuple[str, int]] = []

    def load(name: str, cache: Path | None, seed: int) -> TestSet:
        requested.append((name, seed))
        raise OSError("no set")

    # The package has a function of the same name as the module.
    module = import_module("napari_xrf_pigments.evaluation.evaluate")
    monkeypatch.setattr(module, "load_standard_set", load)
    with pytest.raises(OSError, match="no set"):
        evaluate(None, ("B",), seed=7)
    assert requested == [("B", 7)]
