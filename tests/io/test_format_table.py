"""Open every format of the table in the docs, from files of instruments and other programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_xrf_pigments.io import can_open, describe, open_cube

from .format_table.case import Layout, Made, Peer, Real, Row
from .format_table.table import DOCS, all_rows, with_table

CASES = [(row, case) for row in all_rows() for case in row.cases]
NAMES = [f"{row.format}-{case.writer}" for row, case in CASES]


def test_the_table_in_the_docs_is_up_to_date():
    text = DOCS.read_text(encoding="utf-8")
    assert text == with_table(text), "run: python -m tests.io.format_table.table"


def test_every_row_has_a_case_and_a_unique_name():
    rows = all_rows()
    assert all(row.cases for row in rows)
    assert len({row.format for row in rows}) == len(rows)


def tree(folder: Path) -> dict[Path, tuple[int, float]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


@pytest.mark.parametrize(("row", "case"), CASES, ids=NAMES)
def test_a_file_of_every_format_is_opened(row: Row, case: Real | Peer | Layout, tmp_path, request):
    for module in case.needs:
        pytest.importorskip(module)
    if isinstance(case, Real):
        made = case.make(request.getfixturevalue("real_data"), tmp_path)
    else:
        made = case.make(tmp_path)
    before = tree(tmp_path)
    if row.holds == "maps":
        check_maps(made)
    else:
        check_scan(row, made)
    assert tree(tmp_path) == before, "something was written beside the file"


def check_scan(row: Row, made: Made) -> None:
    assert can_open(made.path)
    cube = open_cube(made.path, **made.options)
    if made.counts is not None:
        assert cube.shape == made.counts.shape
        np.testing.assert_array_equal(cube.counts.compute(), made.counts)
    else:
        assert cube.shape == made.shape
        assert int(cube.counts.sum(dtype=np.int64).compute()) == made.total
    assert (cube.shape[:2] == (1, 1)) == (row.holds == "spectrum")
    if made.kev is None:
        assert cube.energies.source == "estimated"
    else:
        axis = (cube.energies.gain_kev, cube.energies.offset_kev)
        assert axis == pytest.approx(made.kev, rel=1e-4, abs=1e-6)
        assert cube.energies.source == "file"
    assert row.described_as in describe(made.path, **made.options)


def check_maps(made: Made) -> None:
    from napari_xrf_pigments.io import load_maps

    with pytest.raises(ValueError, match="holds element maps, no spectra"):
        open_cube(made.path)
    maps = load_maps(made.path)
    assert set(maps.names) == set(made.maps)
    for name, image in zip(maps.names, maps.counts, strict=True):
        np.testing.assert_allclose(np.asarray(image), made.maps[name], rtol=1e-6)
    text = describe(made.path)
    assert all(name in text for name in made.maps)
