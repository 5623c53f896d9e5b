"""Test the spectra of tubes."""

import numpy as np
import pytest

from napari_xrf_pigments.physics.lines import atomic_number, element_lines
from napari_xrf_pigments.physics.tube import Beam, continuum_edges, transmission, tube_beam
from napari_xrf_pigments.physics.tube_library import ANODES, computed_emission, emission


def mean_kev(beam: Beam) -> float:
    return float((beam.kev * beam.flux).sum())


@pytest.mark.parametrize("anode", ANODES)
@pytest.mark.parametrize("tube_kv", [30.0, 40.0, 50.0])
def test_a_beam_is_normalised_and_positive_and_ends_at_its_voltage(
    anode: str, tube_kv: float
) -> None:
    beam = tube_beam(anode, tube_kv)
    assert beam.flux.sum() == pytest.approx(1.0)
    assert (beam.flux >= 0).all()
    assert np.max(beam.kev + beam.width_kev / 2) == pytest.approx(tube_kv)
    assert len(beam.kev) == len(beam.width_kev) == len(beam.flux)


@pytest.mark.parametrize(
    ("anode", "kev"),
    [("Rh", 20.216), ("Ag", 22.163), ("Mo", 17.479), ("W", 8.398), ("Cr", 5.415), ("Cu", 8.048)],
)
def test_the_main_line_of_the_anode_is_in_its_beam(anode: str, kev: float) -> None:
    beam = tube_beam(anode, 40.0)
    assert np.abs(beam.kev[(beam.width_kev == 0)] - kev).min() < 0.012


@pytest.mark.parametrize("anode", ANODES)
def test_every_strong_line_of_a_beam_is_a_line_of_its_anode(anode: str) -> None:
    beam = tube_beam(anode, 50.0)
    known = np.array([line.kev for line in element_lines(atomic_number(anode))])
    strong = (beam.width_kev == 0) & (beam.flux > 1e-3)
    assert strong.any()
    for kev in beam.kev[strong]:
        # One bin of the model, whose table of lines differs slightly.
        assert np.abs(known - kev).min() < 0.1


def test_k_lines_require_a_voltage_above_the_edge() -> None:
    low, high = tube_beam("Ag", 24.0), tube_beam("Ag", 40.0)  # edge: 25.51 keV
    assert low.flux[(low.width_kev == 0) & (low.kev > 20)].sum() == 0
    assert high.flux[(high.width_kev == 0) & (high.kev > 20)].sum() > 0.01


def test_filters_harden_the_beam() -> None:
    bare = tube_beam("Rh", 50.0)
    thin = tube_beam("Rh", 50.0, filters=(("Al", 0.1),))
    thick = tube_beam("Rh", 50.0, filters=(("Al", 0.1), ("Cu", 0.05)))
    assert mean_kev(bare) < mean_kev(thin) < mean_kev(thick)


def test_a_polycapillary_attenuates_photons_of_high_energy() -> None:
    assert mean_kev(tube_beam("Rh", 50.0, optics_cut_kev=15.0)) < mean_kev(tube_beam("Rh", 50.0))


def test_the_line_ratio_scales_the_lines_relative_to_the_continuum() -> None:
    one, two = tube_beam("Rh", 40.0), tube_beam("Rh", 40.0, line_ratio=2.0)

    def ratio(beam: Beam) -> float:
        return float(beam.flux[(beam.width_kev == 0)].sum() / beam.flux[(beam.width_kev > 0)].sum())

    assert ratio(two) == pytest.approx(2 * ratio(one))


def test_bins_of_the_continuum_are_contiguous() -> None:
    for tube_kv in (10.0, 12.02, 26.01, 45.0, 60.0):
        edges = continuum_edges(tube_kv)
        assert edges[-1] == tube_kv
        assert (np.diff(edges) > 0.02).all()


def test_transmission_of_a_filter_is_exponential_in_its_thickness() -> None:
    kev = np.array([8.0, 20.0])
    once = transmission((("Al", 0.1),), kev)
    np.testing.assert_allclose(transmission((("Al", 0.3),), kev), once**3)
    np.testing.assert_allclose(transmission((("Al", 0.1),) * 3, kev), once**3)
    # mu/rho of Al at 8 keV 50.3 cm2/g (NIST), 2.70 g/cm3
    assert once[0] == pytest.approx(np.exp(-50.3 * 2.70 * 0.01), rel=0.03)


def test_the_stored_library_agrees_with_a_new_computation() -> None:
    for stored, computed in zip(
        emission("Cr", 20.0, 20.0), computed_emission("Cr", 20.0, 20.0), strict=True
    ):
        np.testing.assert_allclose(stored, computed, rtol=1e-4, atol=1e-6 * computed.max())


@pytest.mark.parametrize("anode", ["Pd", "rh", "", "Xx"])
def test_an_unknown_anode_is_refused_in_one_sentence(anode: str) -> None:
    with pytest.raises(ValueError, match=r"^There is no tube model for the anode .*\.$"):
        tube_beam(anode, 40.0)


@pytest.mark.parametrize(
    ("anode", "tube_kv"), [("Rh", 5.0), ("Rh", 51.0), ("W", 61.0), ("Rh", float("nan"))]
)
def test_a_voltage_outside_the_model_is_refused_in_one_sentence(anode: str, tube_kv: float) -> None:
    with pytest.raises(ValueError, match=r"^The tube model of .* covers 10 to .* kV.*\.$"):
        tube_beam(anode, tube_kv)


@pytest.mark.parametrize("layer", [("SiO2", 1.0), ("glass", 1.0), ("Al", -0.1)])
def test_an_impossible_filter_is_refused(layer: tuple[str, float]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        tube_beam("Rh", 40.0, filters=(layer,))


@pytest.mark.parametrize(("anode", "kev"), [("W", 11.285), ("Au", 13.382)])
def test_a_line_in_a_neighbouring_bin_is_moved_to_its_energy(anode: str, kev: float) -> None:
    beam = tube_beam(anode, 50.0)  # spekpy has Lg1 65 eV higher
    near = (beam.width_kev == 0) & (np.abs(beam.kev - kev) < 0.09) & (beam.flux > 1e-4)
    assert beam.kev[near] == pytest.approx(kev, abs=0.005)
