"""Test that a valid file with any changed bytes opens or gives a one-sentence error."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .probe import state, touch
from .seeds import SEEDS

#: Position as a share of the file (headers come first), and the bytes written there.
EDITS = st.lists(
    st.tuples(
        st.one_of(st.floats(0, 0.1), st.floats(0, 1)),
        st.one_of(
            st.binary(min_size=1, max_size=8), st.sampled_from([b"9" * 9, b"-1", b"\xff" * 4])
        ),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("name", list(SEEDS))
@settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(edits=EDITS, fraction=st.one_of(st.just(1.0), st.floats(0, 1)))
def test_a_file_with_changed_bytes_opens_or_gives_one_sentence(
    name: str, edits: list[tuple[float, bytes]], fraction: float
) -> None:
    seed = SEEDS[name]
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        seed.files(folder)
        place = folder / seed.header
        data = bytearray(place.read_bytes())
        for share, new in edits:
            start = int(share * len(data))
            data[start : start + len(new)] = new
        place.write_bytes(data[: int(fraction * len(data))])
        before = state(folder)
        touch(folder / seed.opened)
        assert state(folder) == before
