"""The table of faults in docs/faults.md, made from what the tests of this folder declare."""

from __future__ import annotations

import importlib
from pathlib import Path

from .. import made_table
from .fault import Declared, Fault

DOCS = Path(__file__).parents[2] / "docs" / "faults.md"
BEGIN = "<!-- made from tests/faults by: python -m tests.faults.table -->"


def declared() -> dict[str, list[Fault]]:
    """Every declared fault by the test that tries it, ``"path::test"``."""
    found: dict[str, list[Fault]] = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.stem == "test_table":
            continue
        module = importlib.import_module(f".{path.stem}", __package__)
        survives: Declared = module.survives
        for name, faults in survives.tests.items():
            found[name if "::" in name else f"tests/faults/{path.name}::{name}"] = faults
    return found


def table() -> str:
    """The table as Markdown, with the marks around it."""
    lines = ["| what goes wrong | how it is tried | what then is so |", "|---|---|---|"]
    for faults in declared().values():
        lines += [f"| {each.what} | {each.tried} | {each.outcome} |" for each in faults]
    return "\n".join([BEGIN, *lines, made_table.END])


def with_table(text: str) -> str:
    """The page with the table that it must have."""
    return made_table.with_table("docs/faults.md", text, BEGIN, table())


if __name__ == "__main__":
    DOCS.write_text(with_table(DOCS.read_text(encoding="utf-8")), encoding="utf-8")
