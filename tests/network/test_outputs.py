"""The answers that simulated spectra give."""

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


def answered(
    *occurrences: tuple[str, float, bool], absent_sigma: float = 0.0
) -> dict[tuple[str, str], int]:
    """Answers for one spectrum with pigments (id, sigma, on top)."""
    none = 4 - len(occurrences)
    measured = SimpleNamespace(
        pool=SimpleNamespace(
            pigment=torch.tensor([[PIGMENTS.index(n) for n, _, _ in occurrences] + [-1] * none]),
            on_top=torch.tensor([[top for _, _, top in occurrences] + [False] * none]),
        ),
        sigma=torch.tensor([[sigma for _, sigma, _ in occurrences] + [0.0] * none]),
    )
    row = targets(measured, absent_sigma)[0].tolist()  # type: ignore[arg-type]
    keys = [(kind, name) for kind in ("anywhere", "top", "below") for name in PIGMENTS]
    return dict(zip(keys + [("group", name) for name in GROUPS], row, strict=True))


def others(answers: dict[tuple[str, str], int], *names: str) -> set[int]:
    return {value for (_, name), value in answers.items() if name not in names}


def test_a_visible_pigment_on_top_is_there_on_top_and_in_its_group_and_not_below() -> None:
    answers = answered(("vermilion", CLEAR, True))
    assert answers["anywhere", "vermilion"] == answers["top", "vermilion"] == 1
    assert answers["group", "mercury"] == 1
    assert answers["below", "vermilion"] == 0
    assert others(answers, "vermilion", "mercury") == {0}


def test_a_pigment_below_the_noise_is_asked_for_nowhere_it_is() -> None:
    answers = answered(("vermilion", FAINT, False))
    assert answers["anywhere", "vermilion"] == answers["below", "vermilion"] == MASKED
    assert answers["group", "mercury"] == MASKED
    assert answers["top", "vermilion"] == 0


def test_visibility_starts_at_the_stated_sigma() -> None:
    assert answered(("vermilion", VISIBLE_SIGMA, True))["top", "vermilion"] == 1
    assert answered(("vermilion", 0.0, True))["top", "vermilion"] == MASKED


def test_a_pigment_may_be_visible_on_top_and_hidden_below() -> None:
    answers = answered(("lead_white", CLEAR, True), ("lead_white", FAINT, False))
    assert answers["anywhere", "lead_white"] == answers["top", "lead_white"] == 1
    assert answers["below", "lead_white"] == MASKED


def test_the_clearest_of_several_layers_counts() -> None:
    answers = answered(("lead_white", FAINT, False), ("lead_white", CLEAR, False))
    assert answers["below", "lead_white"] == 1
    assert answers["top", "lead_white"] == 0


def test_a_group_is_there_if_any_member_is_visible() -> None:
    answers = answered(("azurite", FAINT, True), ("malachite", CLEAR, False))
    assert answers["group", "copper"] == 1
    assert answers["anywhere", "azurite"] == MASKED


def test_what_cannot_be_seen_at_all_counts_as_absent_where_that_is_asked() -> None:
    unseen, faint, clear = (
        answered(("vermilion", sigma, True), absent_sigma=2.0) for sigma in (1.9, 2.1, CLEAR)
    )
    assert set(unseen.values()) == {0}
    assert faint["anywhere", "vermilion"] == faint["group", "mercury"] == MASKED
    assert clear["anywhere", "vermilion"] == clear["group", "mercury"] == 1


def test_nothing_in_a_section_is_nothing_everywhere() -> None:
    assert set(answered().values()) == {0}


def test_the_first_pigment_of_the_table_is_not_taken_for_an_empty_place() -> None:
    assert answered(("vermilion", CLEAR, True))["anywhere", PIGMENTS[0]] == 0
    assert answered((PIGMENTS[0], CLEAR, True))["anywhere", PIGMENTS[0]] == 1


def test_outputs_are_three_for_a_pigment_and_one_for_a_group() -> None:
    assert n_outputs() == 3 * len(PIGMENTS) + len(GROUPS)
    assert len(group_of_pigment()) == len(PIGMENTS)
    assert set(group_of_pigment().tolist()) == set(range(len(GROUPS)))
