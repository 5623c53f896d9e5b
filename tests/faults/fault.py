"""Faults that are tried, declared beside the tests that try them.

The table in ``docs/faults.md`` is made of these: ``python -m tests.faults.table``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., object])


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Parameters
    ----------
    what : str
        What goes wrong.
    tried : str
        How the test brings it about.
    outcome : str
        What then is so, and what the program says.
    """

    what: str
    tried: str
    outcome: str


@dataclass
class Declared:
    """The faults of one module and the names of the tests that try them."""

    tests: dict[str, list[Fault]] = field(default_factory=dict)

    def __call__(self, what: str, tried: str, outcome: str) -> Callable[[Test], Test]:
        """Declare the fault that the decorated test survives."""

        def declare(test: Test) -> Test:
            self.tests.setdefault(test.__name__, []).append(Fault(what, tried, outcome))
            return test

        return declare

    def elsewhere(self, place: str, what: str, tried: str, outcome: str) -> None:
        """Declare a fault that a test in another file tries: ``"path::test"``."""
        self.tests.setdefault(place, []).append(Fault(what, tried, outcome))
