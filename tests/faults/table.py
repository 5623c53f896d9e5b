"""Write the table of faults in docs/faults.md from the declarations in this folder."""

from __future__ import annotations

import importlib
from pathlib import Path

from .. import made_table
from .fault import Declared, Fault

DOCS = Path(__file__).parents[2] / "docs" / "faults.md"
BEGIN = "<!-- made from tests/faults by: python -m tests.faults.table -->"


def declared() -> dict[str, list[Fault]]:
    """Return all declared faults by the test that causes them, ``"path::test"``."""
    declarations: dict[str, list[Fault]] = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.stem == "test_table":
            continue
        module = importlib.import_module(f".{path.stem}", __package__)
        survives: Declared = module.survives
        for name, faults in survives.tests.items():
            declarations[name if "::" in name else f"tests/faults/{path.name}::{name}"] = faults
    return declarations


def table() -> str:
    """Return the table as Markdown, with the marks around it."""
    lines = ["| fault | how the tests cause it | outcome |", "|---|---|---|"]
    for faults in declared().values():
        lines += [f"| {fault.event} | {fault.method} | {fault.outcome} |" for fault in faults]
    return "\n".join([BEGIN, *lines, made_table.END])


def with_table(text: str) -> str:
    """Return the page with its table replaced."""
    return made_table.with_table("docs/faults.md", text, BEGIN, table())


if __name__ == "__main__":
    DOCS.write_text(with_table(DOCS.read_text(encoding="utf-8")), encoding="utf-8")
