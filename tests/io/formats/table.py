"""The table of formats in docs/formats.md, made from the cases that the tests open."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests import made_table

from .case import Real, Row

DOCS = Path(__file__).parents[3] / "docs" / "formats.md"
BEGIN = "<!-- made from tests/io/formats by: python -m tests.io.formats.table -->"
_MACHINERY = {"case", "table"}
_HOLDS = {"scan": "a scan", "spectrum": "one spectrum", "maps": "element maps, no spectra"}


def all_rows() -> list[Row]:
    """The rows of all modules of this folder, in the order of the table."""
    found: list[Row] = []
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        if path.stem not in _MACHINERY:
            found += importlib.import_module(f".{path.stem}", __package__).ROWS
    order = list(_HOLDS)
    return sorted(found, key=lambda row: order.index(row.holds))


def table() -> str:
    """The table as Markdown, with the marks around it."""
    lines = [
        "| format | what it holds | what is read | files that the tests open |",
        "|---|---|---|---|",
    ]
    for row in all_rows():
        reads = row.reads + (f" Needs the extra `{row.extra}`." if row.extra else "")
        real = [case.writer for case in row.cases if isinstance(case, Real)]
        peers = [case.writer for case in row.cases if not isinstance(case, Real)]
        opened = [*(f"real: {name}" for name in dict.fromkeys(real))]
        if peers:
            opened.append(f"written by {', '.join(dict.fromkeys(peers))}")
        lines.append(f"| {row.format} | {_HOLDS[row.holds]} | {reads} | {'; '.join(opened)} |")
    return "\n".join([BEGIN, *lines, made_table.END])


def with_table(text: str) -> str:
    """The page with the table that it must have."""
    return made_table.with_table("docs/formats.md", text, BEGIN, table())


if __name__ == "__main__":
    DOCS.write_text(with_table(DOCS.read_text(encoding="utf-8")), encoding="utf-8")
