"""Columns and items of trees, whose getters may return None by their types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qtpy.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem


def set_columns(tree: QTreeWidget, labels: Sequence[str], tips: Sequence[str]) -> None:
    """Set labels and tooltips of the columns; the first one takes the free width."""
    tree.setColumnCount(len(labels))
    tree.setHeaderLabels(list(labels))
    header, titles = tree.header(), tree.headerItem()
    assert header is not None and titles is not None
    header.setStretchLastSection(False)
    header.setMinimumSectionSize(36)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    for column, tip in enumerate(tips):
        titles.setToolTip(column, tip)
        if column:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)


def top_items(tree: QTreeWidget) -> list[QTreeWidgetItem]:
    """Return the items at the top level."""
    items = (tree.topLevelItem(index) for index in range(tree.topLevelItemCount()))
    return [item for item in items if item is not None]


def all_items(tree: QTreeWidget) -> Iterator[QTreeWidgetItem]:
    """Yield every item, parents before their children."""
    pending = top_items(tree)[::-1]
    while pending:
        item = pending.pop()
        yield item
        children = (item.child(index) for index in range(item.childCount()))
        pending += [child for child in children if child is not None][::-1]
