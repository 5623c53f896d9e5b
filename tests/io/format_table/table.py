"""Write the table of formats in docs/formats.md from the cases that the tests open."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests import made_table

from .case import Layout, Peer, Real, Row

DOCS = Path(__file__).parents[3] / "docs" / "formats.md"
BEGIN = "<!-- made from tests/io/format_table by: python -m tests.io.format_table.table -->"
_MACHINERY = {"case", "table"}
_HOLDS = {"scan": "a scan", "spectrum": "one spectrum", "maps": "element maps (no spectra)"}

#: Kinds of cases: their name in the column of evidence, and the words before their writers.
_EVIDENCE = {
    Real: ("real", "real: "),
    Peer: ("peer-written", "written by "),
    Layout: ("layout", "made in the layout of "),
}


def evidence(row: Row) -> str:
    """Return the kinds of files that a format was tested with, for the column of evidence."""
    kinds = [
        name
        for kind, (name, _) in _EVIDENCE.items()
        if any(isinstance(case, kind) for case in row.cases)
    ]
    return "**layout only**" if kinds == ["layout"] else ", ".join(kinds)


def all_rows() -> list[Row]:
    """Return the rows of all modules of this folder, in the order of the table."""
    rows: list[Row] = []
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        if path.stem not in _MACHINERY:
            rows += importlib.import_module(f".{path.stem}", __package__).ROWS
    order = list(_HOLDS)
    return sorted(rows, key=lambda row: order.index(row.holds))


def table() -> str:
    """Return the table as Markdown, with the marks around it."""
    lines = [
        "| format | content | supported | evidence | test files |",
        "|---|---|---|---|---|",
    ]
    for row in all_rows():
        opened = [
            f"{before}{', '.join(dict.fromkeys(case.writer for case in cases))}"
            for kind, (_, before) in _EVIDENCE.items()
            if (cases := [case for case in row.cases if isinstance(case, kind)])
        ]
        lines.append(
            f"| {row.format} | {_HOLDS[row.holds]} | {row.reads} | {evidence(row)} "
            f"| {'; '.join(opened)} |"
        )
    return "\n".join([BEGIN, *lines, made_table.END])


def with_table(text: str) -> str:
    """Return the page with its table replaced."""
    return made_table.with_table("docs/formats.md", text, BEGIN, table())


if __name__ == "__main__":
    DOCS.write_text(with_table(DOCS.read_text(encoding="utf-8")), encoding="utf-8")
