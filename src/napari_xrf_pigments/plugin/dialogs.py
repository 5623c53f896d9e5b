"""Sentences for the user as napari notifications, never a traceback."""

from __future__ import annotations

from collections.abc import Callable

from napari.utils.notifications import (
    Notification,
    NotificationSeverity,
    notification_manager,
    show_error,
    show_info,
    show_warning,
)


def error(sentence: str) -> None:
    """Say what went wrong."""
    show_error(" ".join(str(sentence).split()))


def warning(sentence: str) -> None:
    """Say what to be careful about."""
    show_warning(" ".join(str(sentence).split()))


def info(sentence: str) -> None:
    """Say what happened."""
    show_info(sentence)


def offer(sentence: str, button: str, accept: Callable[[], None]) -> None:
    """Offer something that one button accepts."""

    def accepted(notice: object) -> None:
        accept()

    notification_manager.dispatch(
        Notification(sentence, NotificationSeverity.INFO, actions=((button, accepted),))
    )
