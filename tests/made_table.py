"""Replace generated tables in the pages of the docs."""

from __future__ import annotations

END = "<!-- end of the table -->"


def with_table(page: str, text: str, begin: str, table: str) -> str:
    """Return a page with its table replaced.

    Raises
    ------
    ValueError
        If the page lacks the marks of the table.
    """
    before, start, rest = text.partition(begin)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"{page} lacks the marks of its generated table.")
    return before + table + after
