"""Test the training targets of simulated spectra."""

from types import SimpleNamespace

import torch

from napari_xrf_pigments.network.outputs import (
    MASKED,
    VISIBLE_SIGMA,
    group_of_pigment,
    n_outputs,
    output_names,
    targets,
)

PIGMENTS, GROUPS = output_names()
CLEAR, FAINT = VISIBLE_SIGMA + 1, VISIBLE_SIGMA - 1


def targets_of(
    *occurrences: tuple[str, float, bool], absent_sigma: float = 0.0
) -> dict[tuple[str, str], int]:
    """Compute the targets of one spectrum with pigments (id, sigma, on top)."""
    unused = 4 - len(occurrences)
    measured = SimpleNamespace(
        pool=SimpleNamespace(
            pigment=torch.tensor([[PIGMENTS.index(n) for n, _, _ in occurrences] + [-1] * unused]),
            on_top=torch.tensor([[top for _, _, top in occurrences] + [False] * unused]),
        ),
        sigma=torch.tensor([[sigma for _, sigma, _ in occurrences] + [0.0] * unused]),
    )
    row = targets(measured, absent_sigma)[0].tolist()  # type: ignore[arg-type]
    keys = [(kind, name) for kind in ("anywhere", "top", "below") for name in PIGMENTS]
    return dict(zip(keys + [("group", name) for name in GROUPS], row, strict=True))


def other_values(found: dict[tuple[str, str], int], *names: str) -> set[int]:
    return {value for (_, name), value in found.items() if name not in names}


def test_a_visible_pigment_on_top_is_present_on_top_and_in_its_group_but_not_below() -> None:
    found = targets_of(("vermilion", CLEAR, True))
    assert found["anywhere", "vermilion"] == found["top", "vermilion"] == 1
    assert found["group", "mercury"] == 1
    assert found["below", "vermilion"] == 0
    assert other_values(found, "vermilion", "mercury") == {0}


def test_a_pigment_below_the_noise_is_masked_in_any_layer() -> None:
    found = targets_of(("vermilion", FAINT, False))
    assert found["anywhere", "vermilion"] == found["below", "vermilion"] == MASKED
    assert found["group", "mercury"] == MASKED
    assert found["top", "vermilion"] == 0


def test_visibility_starts_at_the_stated_sigma() -> None:
    assert targets_of(("vermilion", VISIBLE_SIGMA, True))["top", "vermilion"] == 1
    assert targets_of(("vermilion", 0.0, True))["top", "vermilion"] == MASKED


def test_a_pigment_may_be_visible_on_top_and_hidden_below() -> None:
    found = targets_of(("lead_white", CLEAR, True), ("lead_white", FAINT, False))
    assert found["anywhere", "lead_white"] == found["top", "lead_white"] == 1
    assert found["below", "lead_white"] == MASKED


def test_the_layer_of_highest_significance_counts() -> None:
    found = targets_of(("lead_white", FAINT, False), ("lead_white", CLEAR, False))
    assert found["below", "lead_white"] == 1
    assert found["top", "lead_white"] == 0


def test_a_group_is_present_if_any_member_is_visible() -> None:
    found = targets_of(("azurite", FAINT, True), ("malachite", CLEAR, False))
    assert found["group", "copper"] == 1
    assert found["anywhere", "azurite"] == MASKED


def test_pigments_below_absent_sigma_count_as_absent() -> None:
    unseen, faint, clear = (
        targets_of(("vermilion", sigma, True), absent_sigma=2.0) for sigma in (1.9, 2.1, CLEAR)
    )
    assert set(unseen.values()) == {0}
    assert faint["anywhere", "vermilion"] == faint["group", "mercury"] == MASKED
    assert clear["anywhere", "vermilion"] == clear["group", "mercury"] == 1


def test_a_section_without_pigments_has_no_positive_target() -> None:
    assert set(targets_of().values()) == {0}


def test_the_first_pigment_of_the_table_is_not_confused_with_an_unused_entry() -> None:
    assert targets_of(("vermilion", CLEAR, True))["anywhere", PIGMENTS[0]] == 0
    assert targets_of((PIGMENTS[0], CLEAR, True))["anywhere", PIGMENTS[0]] == 1


def test_there_are_three_outputs_per_pigment_and_one_per_group() -> None:
    assert n_outputs() == 3 * len(PIGMENTS) + len(GROUPS)
    assert len(group_of_pigment()) == len(PIGMENTS)
    assert set(group_of_pigment().tolist()) == set(range(len(GROUPS)))
