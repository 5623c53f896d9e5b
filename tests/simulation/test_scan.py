"""Test the sample painting and its scan."""

import numpy as np
import pytest

from napari_xrf_pigments import XRFCube, simulate_scan
from napari_xrf_pigments.pigments import pigment_catalogue
from napari_xrf_pigments.simulation import ScanTruth
from napari_xrf_pigments.simulation.paintings import REGIONS, sample_painting

SHAPE = (16, 24)


@pytest.fixture(scope="module")
def scan() -> tuple[XRFCube, ScanTruth]:
    return simulate_scan(0, SHAPE, n_channels=512, gain_kev=0.06, counts=5_000.0)


def test_the_cube_has_integer_counts_and_the_settings(scan: tuple[XRFCube, ScanTruth]) -> None:
    cube, _ = scan
    assert cube.counts.shape == (*SHAPE, 512)
    assert cube.counts.dtype.kind == "u"
    assert cube.energies.gain_kev == 0.06
    assert cube.acquisition.anode == "Rh"
    assert cube.acquisition.tube_kv == 45.0
    assert cube.pixel_mm == (1.0, 1.0)
    assert np.asarray(cube.counts).sum(2).mean() == pytest.approx(5_000, rel=0.05)


def test_the_truth_has_one_image_per_pigment(scan: tuple[XRFCube, ScanTruth]) -> None:
    _, truth = scan
    assert truth.names == tuple(entry.id for entry in pigment_catalogue())
    for field in (truth.top, truth.below, truth.top_sigma, truth.below_sigma):
        assert field.shape == (len(truth.names), *SHAPE)
    assert truth.regions.shape == SHAPE
    assert tuple(truth.sections) == REGIONS
    assert (truth.top_sigma[~truth.top] == 0).all()
    assert (truth.below_sigma[~truth.below] == 0).all()


def test_the_truth_corresponds_to_the_layers_of_each_region(
    scan: tuple[XRFCube, ScanTruth],
) -> None:
    _, truth = scan
    for index, section in enumerate(truth.sections.values()):
        here = truth.regions == index
        if not here.any():
            continue
        paints = [layer for layer in section if layer.role == "paint"]
        for names, image in (
            ({name for name, _ in paints[0].pigments}, truth.top),
            (
                {name for layer in section if layer is not paints[0] for name, _ in layer.pigments},
                truth.below,
            ),
        ):
            found = {
                name for name, plane in zip(truth.names, image, strict=True) if plane[here].all()
            }
            assert found == names
            assert {
                name for name, plane in zip(truth.names, image, strict=True) if plane[here].any()
            } == names


def test_the_bowl_of_fruit_is_hidden_under_the_sky(scan: tuple[XRFCube, ScanTruth]) -> None:
    _, truth = scan
    for region, name in (("sky over bowl", "lead_tin_yellow"), ("sky over fruit", "vermilion")):
        here = truth.regions == REGIONS.index(region)
        plane = truth.names.index(name)
        assert here.any()
        assert truth.below[plane][here].all()
        assert not truth.top[plane][here].any()
        assert truth.top[truth.names.index("azurite")][here].all()


def test_the_hidden_bowl_shows_in_the_spectra(scan: tuple[XRFCube, ScanTruth]) -> None:
    cube, truth = scan
    bowl = truth.regions == REGIONS.index("sky over bowl")
    sky = truth.regions == REGIONS.index("sky")
    counts = np.asarray(cube.counts)
    tin = np.abs(cube.energies.kev - 25.2) < 0.35
    assert counts[bowl][:, tin].mean() > 2 * counts[sky][:, tin].mean()


def test_every_region_is_visible_at_the_size_of_the_demo() -> None:
    plan = sample_painting(np.random.default_rng(0), (64, 96)).regions
    assert set(np.unique(plan)) == set(range(len(REGIONS)))


def test_a_seed_gives_the_same_scan_and_another_seed_a_different_one() -> None:
    small = {"shape": (2, 3), "n_channels": 256, "gain_kev": 0.12, "counts": 800.0}
    one, again, other = (
        np.asarray(simulate_scan(seed, **small)[0].counts)  # type: ignore[arg-type]
        for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"shape": (0, 4)}, "at least one row"),
        ({"shape": (4, -1)}, "at least one row"),
        ({"anode": "Pd"}, "no tube model for the anode Pd"),
        ({"tube_kv": 80.0}, "covers 10 to 50 kV"),
        ({"counts": 0.0}, "positive number"),
        ({"counts": -5.0}, "positive number"),
        ({"counts": float("nan")}, "positive number"),
        ({"n_channels": 0}, "at least one channel"),
        ({"gain_kev": -0.01}, "gain must be a positive"),
    ],
)
def test_an_impossible_scan_is_refused_in_one_sentence(
    wrong: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=rf"{message}.*\.$"):
        simulate_scan(0, **({"shape": (2, 2)} | wrong))  # type: ignore[arg-type]
