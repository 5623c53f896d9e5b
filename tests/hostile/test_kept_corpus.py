"""What the coverage-guided fuzzers kept, opened again: a scan or one plain sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from .probe import state, touch
from .seeds import SEEDS

CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus"
FUZZERS = sorted(path.stem for path in CORPUS.parent.glob("fuzz_*.py"))


def test_every_format_has_its_fuzzer() -> None:
    assert {name.removeprefix("fuzz_") for name in FUZZERS} == set(SEEDS) - {"other"}


@pytest.mark.parametrize("name", sorted(path.name for path in CORPUS.iterdir()))
def test_kept_inputs(name: str, tmp_path: Path) -> None:
    seed = SEEDS[name]
    seed.files(tmp_path)
    kept = sorted((CORPUS / name).iterdir())
    assert kept
    for path in kept:
        (tmp_path / seed.header).write_bytes(path.read_bytes())
        before = state(tmp_path)
        touch(tmp_path / seed.opened)
        assert state(tmp_path) == before, path.name
