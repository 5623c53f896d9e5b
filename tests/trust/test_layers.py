"""Test that only plugin/layers adds layers to a viewer and reads the metadata of layers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import napari_xrf_pigments

PLUGIN = Path(napari_xrf_pigments.__file__).parent / "plugin"
SOURCES = sorted(
    path for path in PLUGIN.rglob("*.py") if path.relative_to(PLUGIN).parts[0] != "layers"
)
ADDING = {
    "add_image", "add_labels", "add_points", "add_shapes", "add_surface", "add_tracks",
    "add_vectors",
}  # fmt: skip


def violations(tree: ast.AST) -> Iterator[str]:
    """Find calls that add layers, and reads of ``.metadata``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            receiver = ast.unparse(node.func.value)
            on_viewer = receiver.split(".")[-1] == "viewer"
            on_layers = receiver.endswith(".layers")
            adds = node.func.attr in ADDING or (on_viewer and node.func.attr == "add_layer")
            if adds or (on_layers and node.func.attr in ("append", "insert", "extend")):
                yield f"line {node.lineno}: {receiver}.{node.func.attr}(...)"
        elif isinstance(node, ast.Attribute) and node.attr == "metadata":
            yield f"line {node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PLUGIN)))
def test_layers_are_added_and_read_only_in_plugin_layers(path):
    assert list(violations(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        "viewer.add_image(data)",
        "self.viewer.add_layer(layer)",
        "viewer.layers.append(layer)",
        "layer.metadata['key']",
        "layer.metadata.get('key')",
    ],
)
def test_violations_of_the_rule_are_found(code):
    assert len(list(violations(ast.parse(code)))) == 1


def test_the_checked_sources_exist():
    assert (PLUGIN / "layers" / "adding.py").is_file()
    assert len(SOURCES) > 50
