"""Tables in the docs that tests make."""

from __future__ import annotations

END = "<!-- end of the table -->"


def with_table(page: str, text: str, begin: str, table: str) -> str:
    """A page with the table that it must have.

    Raises
    ------
    ValueError
        If the page has no place for it.
    """
    before, found, rest = text.partition(begin)
    _, end, after = rest.partition(END)
    if not found or not end:
        raise ValueError(f"{page} has no place for its table.")
    return before + table + after
