"""The settings of docks as plain values, and back: whatever controls they have.

A control is known by the names of the attributes that lead to it, such as
``settings.slider``; a dock that has other controls by then keeps what it knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QTabWidget,
    QWidget,
)

#: Which scan, and what is going on, are no settings; the energy axis is saved with its scan.
_SKIPPED = {"scan_bar", "run_bar", "parent", "dock", "energy_part"}
_DEPTH = 4


def settings_of(dock: QWidget) -> dict[str, Any]:
    """What is set in a dock, by path of the control."""
    found = {}
    for path, control in _controls(dock):
        value = _value(control)
        if value is not None:
            found[path] = value
    return found


def apply_settings(dock: QWidget, settings: dict[str, Any]) -> None:
    """Set the controls of a dock; what does not fit is left as it is."""
    for path, control in _controls(dock):
        if path in settings:
            _set(control, settings[path])


def _controls(owner: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, QWidget]]:
    # A table of controls, such as the cells of the periodic table, or what has them.
    parts = owner if isinstance(owner, dict) else dict(vars(owner))
    # Some make their controls when they are first asked for.
    parts.update((name, getattr(owner, name)) for name in getattr(owner, "made_later", ()))
    for name, part in list(parts.items()):
        if not isinstance(name, str) or name in _SKIPPED or name.startswith("_"):
            continue
        place = f"{path}.{name}" if path else name
        if isinstance(part, QWidget) and _is_control(part):
            yield place, part
        elif depth < _DEPTH and _may_hold_controls(part):
            yield from _controls(part, place, depth + 1)


def _may_hold_controls(part: Any) -> bool:
    if isinstance(part, dict):
        return bool(part) and all(isinstance(one, QWidget) for one in part.values())
    ours = type(part).__module__.startswith(__package__.rpartition(".")[0])
    # Parts of a dock that are no widgets themselves have a view, or are its controls' owners.
    return ours and (isinstance(part, QWidget) or isinstance(getattr(part, "view", None), QWidget))


def _is_control(widget: QWidget) -> bool:
    simple = (QComboBox, QTabWidget, QLineEdit)
    return isinstance(widget, simple) or _is_number(widget) or _is_switch(widget)


def _is_number(widget: QWidget) -> bool:
    kinds = isinstance(widget, QAbstractSlider | QAbstractSpinBox)
    # The labelled sliders of superqt are neither.
    labelled = all(hasattr(widget, name) for name in ("value", "setValue", "minimum", "maximum"))
    return kinds or (labelled and not _is_switch(widget))


def _is_switch(widget: QWidget) -> bool:
    return isinstance(widget, QAbstractButton) and widget.isCheckable()


def _value(control: QWidget) -> Any:
    if isinstance(control, QComboBox):
        return control.currentText()
    if isinstance(control, QTabWidget):
        return control.currentIndex()
    if isinstance(control, QLineEdit):
        return None if control.isReadOnly() else control.text()
    if _is_switch(control):
        return control.isChecked()
    value = control.value() if hasattr(control, "value") else None
    return value if isinstance(value, int | float) else None


def _set(control: QWidget, value: Any) -> None:
    if isinstance(control, QComboBox):
        index = control.findText(value) if isinstance(value, str) else -1
        if index >= 0:
            control.setCurrentIndex(index)
    elif isinstance(control, QTabWidget):
        if isinstance(value, int) and 0 <= value < QTabWidget.count(control):
            control.setCurrentIndex(value)
    elif isinstance(control, QLineEdit):
        if isinstance(value, str) and not control.isReadOnly():
            control.setText(value[:1000])
    elif _is_switch(control):
        if isinstance(value, bool):
            control.setChecked(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if control.minimum() <= value <= control.maximum():
            control.setValue(type(control.value())(value))
