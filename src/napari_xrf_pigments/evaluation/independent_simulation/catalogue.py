"""The pigments of the independent test sets: a table of their own (``data/pigments.csv``).

The product's catalogue grows and its compositions change. The sets stay the same, so that the
figures of two versions are of the same spectra.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from napari_xrf_pigments.pigments.catalogue import (
    Pigment,
    find_pigment,
    members_by_group,
    parse_pigments,
)


@lru_cache
def set_pigments() -> tuple[Pigment, ...]:
    """Read all pigments of the test sets, in the order of their table."""
    return parse_pigments(
        files(__package__).joinpath("data/pigments.csv").read_text(encoding="utf-8")
    )


@lru_cache
def set_groups() -> dict[str, tuple[str, ...]]:
    """Return the pigment ids of every ambiguity group of the test sets."""
    return members_by_group(set_pigments())


@lru_cache
def set_pigment(pigment_id: str) -> Pigment:
    """Return the pigment of the test sets with an id.

    Raises
    ------
    ValueError
        If their table has no such id.
    """
    return find_pigment(set_pigments(), pigment_id)
