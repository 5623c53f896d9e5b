"""Test the fluorescence engine against fisx, the reference implementation of layered samples."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch

pytest.importorskip("fisx", reason="the reference engine fisx is not installed")

from napari_xrf_pigments.physics.atomic import AtomicData
from napari_xrf_pigments.physics.fluorescence import line_table, primary_fluorescence
from napari_xrf_pigments.physics.lines import atomic_number, element_lines
from napari_xrf_pigments.physics.secondary import (
    COARSE,
    FINE,
    Fineness,
    exciter_table,
    secondary_share,
)

from .fisx_reference import (
    BEAM,
    GEOMETRY,
    N_SECONDARY,
    FisxData,
    Rates,
    fine_library,
    load_secondary,
    reference,
    samples,
    stacks,
)

N_STACKS = 50


@lru_cache(maxsize=1)
def references() -> tuple[Rates, ...]:
    return tuple(reference(strata) for strata in samples(N_STACKS))


def ours(
    data: FisxData | None, count: int = N_STACKS, fineness: Fineness | None = None
) -> list[Rates]:
    batch = stacks(count)
    table = line_table(batch.z, BEAM, data, dtype=torch.float64)
    emitted = primary_fluorescence(batch, BEAM, GEOMETRY, table)
    if fineness is not None:
        exciters = exciter_table(batch.z, table, BEAM, data)
        for part in torch.arange(count).split(32):
            some = replace(
                batch,
                fractions=batch.fractions[part],
                mass_thickness=batch.mass_thickness[part],
            )
            share = secondary_share(some, BEAM, GEOMETRY, table, exciters, fineness)
            emitted[part] *= 1 + share
    rates = emitted.numpy()
    keys = [(f"{line.symbol} {line.family}", line.iupac) for line in table.lines]
    return [
        {
            (*key, layer): float(rates[i, layer, column])
            for column, key in enumerate(keys)
            for layer in range(len(strata.layers))
        }
        for i, strata in enumerate(samples(count))
    ]


def compared(
    mine: list[Rates], theirs: list[Rates], shells: str, floor: float, lightest: int = 1
) -> np.ndarray:
    """Return relative differences of all lines above a share of the strongest line of a stack."""
    found = []
    for own, other in zip(mine, theirs, strict=True):
        least = floor * max(other.values())
        for key, rate in other.items():
            symbol, shell = key[0].split()
            heavy = atomic_number(symbol) >= lightest
            if rate > least and shell in shells and heavy and key in own:
                found.append(own[key] / rate - 1.0)
    return np.array(found)


def deviations(data: FisxData | None, shells: str, floor: float, lightest: int = 1) -> np.ndarray:
    return compared(ours(data), list(references()), shells, floor, lightest)


def test_primary_lines_agree_within_2_percent_on_the_same_constants() -> None:
    found = deviations(FisxData(), "KLM", 1e-3)
    assert found.size > 1000
    # The requirement is 2 %; both use the same closed form, so they differ only by rounding.
    assert np.abs(found).max() < 1e-3


def test_lines_of_fisx_missing_in_our_table_are_negligible() -> None:
    # fisx has weak lines that are not in our table; they must be negligible.
    for mine, theirs in zip(ours(FisxData()), references(), strict=True):
        lost = sum(rate for key, rate in theirs.items() if key not in mine)
        assert lost < 0.03 * sum(theirs.values())


@pytest.fixture(scope="module")
def with_secondary() -> list[Rates]:
    found = load_secondary()
    assert len(found) == N_SECONDARY
    return found


def test_lines_with_secondary_excitation_agree_within_3_percent_but_for_a_few(
    with_secondary: list[Rates],
) -> None:
    found = compared(ours(FisxData(), N_SECONDARY, FINE), with_secondary, "KLM", 1e-3)
    assert found.size > 10_000
    # fisx includes tertiary excitation: 2 to 3.5 % of lines that most others in a stack excite.
    assert (np.abs(found) > 0.03).mean() < 1e-3
    assert np.abs(found).max() < 0.04
    assert np.percentile(np.abs(found), 99) < 0.02


def test_coarse_secondary_excitation_agrees_within_7_percent(
    with_secondary: list[Rates],
) -> None:
    found = compared(ours(FisxData(), N_SECONDARY, COARSE), with_secondary, "KLM", 1e-3)
    assert np.abs(found).max() < 0.07
    assert np.percentile(np.abs(found), 99) < 0.04


def test_secondary_excitation_matters(with_secondary: list[Rates]) -> None:
    found = compared(ours(FisxData(), N_SECONDARY), with_secondary, "KLM", 1e-3)
    assert np.percentile(found, 1) < -0.1


class XraylibProduction(FisxData):
    """The line production of xraylib with the attenuation and energies of fisx."""

    def production(self, z: int, kev: np.ndarray) -> np.ndarray:
        own = {line.iupac: row for row, line in enumerate(element_lines(z))}
        table = AtomicData().production(z, kev)
        return np.array([table[own[line.iupac]] for line in self.lines(z)]).reshape(-1, len(kev))


def test_k_lines_agree_within_1_percent_with_the_production_of_xraylib() -> None:
    theirs = [reference(strata, 0, "K", fine_library()) for strata in samples(N_STACKS)]
    found = compared(ours(XraylibProduction(fine_library())), theirs, "K", 1e-3)
    assert found.size > 300
    assert np.abs(found).max() < 0.01


def test_a_coarse_table_of_cross_sections_moves_k_lines_of_light_elements_by_3_percent() -> None:
    # With the settings of PyMca, fisx has P and S 1.5-3 % too low (docs/physics).
    found = deviations(XraylibProduction(), "K", 1e-3)
    assert 0.01 < np.abs(found).max() < 0.035
    assert np.abs(deviations(XraylibProduction(), "K", 1e-3, lightest=19)).max() < 0.01


def test_k_lines_with_all_constants_of_xraylib_agree_where_little_lies_above() -> None:
    # Attenuation differs by up to 1 %, which grows exponentially with depth, and by a third for
    # S K in vermilion, 12 eV above the M5 edge of Hg; hence the median.
    found = deviations(None, "K", 1e-3)
    assert np.median(np.abs(found)) < 0.005
    assert np.percentile(np.abs(found), 85) < 0.01
