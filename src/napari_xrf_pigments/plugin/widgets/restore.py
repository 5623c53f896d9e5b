"""Set controls from the values of a saved session.

The values may come from another version or from a damaged file; a value that does not fit its
control is ignored.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from qtpy.QtWidgets import QAbstractButton, QComboBox, QTabWidget


def select_key(box: QComboBox, key: object) -> None:
    """Select the entry of a box whose data is a key."""
    index = box.findData(key) if isinstance(key, str) else -1
    if index >= 0:
        box.setCurrentIndex(index)


def select_text(box: QComboBox, text: object) -> None:
    """Select the entry of a box with a text."""
    index = box.findText(text) if isinstance(text, str) else -1
    if index >= 0:
        box.setCurrentIndex(index)


def select_tab(tabs: QTabWidget, title: object) -> None:
    """Bring the tab with a title to the front."""
    for index in range(tabs.count()):
        if tabs.tabText(index) == title:
            tabs.setCurrentIndex(index)


def tab_title(tabs: QTabWidget) -> str:
    """Return the title of the tab in front."""
    return str(tabs.tabText(tabs.currentIndex()))


def set_checked(button: QAbstractButton, on: object) -> None:
    """Check or uncheck a button."""
    if isinstance(on, bool):
        button.setChecked(on)


def set_number(control: Any, value: object) -> None:
    """Set a spin box or slider to a number in its range."""
    if is_number(value) and control.minimum() <= value <= control.maximum():
        control.setValue(type(control.value())(value))


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number, which a bool is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def dicts_of(value: object) -> list[dict[str, Any]]:
    """Return the entries of a list, an empty one for each that is no dict."""
    entries = value if isinstance(value, list) else []
    return [entry if isinstance(entry, dict) else {} for entry in entries]
