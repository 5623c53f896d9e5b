"""The table of faults in the docs is that of the tests, and its tests exist."""

import ast
from pathlib import Path

import pytest

from .table import DOCS, declared, with_table

ROOT = Path(__file__).parents[2]


def test_the_table_in_the_docs_is_what_the_tests_declare() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert text == with_table(text), "run: python -m tests.faults.table"


@pytest.mark.parametrize("place", list(declared()))
def test_every_declared_fault_has_its_test(place: str) -> None:
    path, name = place.split("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert name in functions


def test_a_page_without_a_place_for_the_table_is_told() -> None:
    with pytest.raises(ValueError, match="no place"):
        with_table("# Faults")
