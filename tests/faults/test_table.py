"""Test that the table of faults in the docs is up to date and that its tests exist."""

import ast
from pathlib import Path

import pytest

from .table import DOCS, declared, with_table

ROOT = Path(__file__).parents[2]


def test_the_table_in_the_docs_is_up_to_date() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert text == with_table(text), "run: python -m tests.faults.table"


@pytest.mark.parametrize("test", list(declared()))
def test_every_declared_fault_has_its_test(test: str) -> None:
    path, name = test.split("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert name in functions


def test_a_page_without_the_marks_of_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the marks"):
        with_table("# Faults")
