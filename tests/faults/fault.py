"""Faults, declared beside the tests that cause them.

``python -m tests.faults.table`` writes the table in ``docs/faults.md`` from them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., object])


@dataclass(frozen=True)
class Fault:
    """One row of the table of faults.

    Parameters
    ----------
    event : str
        The fault.
    method : str
        How the test causes it.
    outcome : str
        The state afterwards, with the message of the program.
    """

    event: str
    method: str
    outcome: str


@dataclass
class Declared:
    """The faults of one module by the name of the test that causes them."""

    tests: dict[str, list[Fault]] = field(default_factory=dict)

    def __call__(self, event: str, method: str, outcome: str) -> Callable[[Test], Test]:
        """Declare the fault that the decorated test survives."""

        def declare(test: Test) -> Test:
            self.tests.setdefault(test.__name__, []).append(Fault(event, method, outcome))
            return test

        return declare

    def elsewhere(self, test: str, event: str, method: str, outcome: str) -> None:
        """Declare a fault that a test in another file survives: ``"path::test"``."""
        self.tests.setdefault(test, []).append(Fault(event, method, outcome))
