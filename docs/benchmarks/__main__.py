"""Run the benchmarks and print their tables: ``python -m docs.benchmarks [NAME ...]``.

``XRF_PIGMENTS_BENCH_SCALE=1`` carries the curves to 4 x 10^6 pixels and 17 GB;
``XRF_PIGMENTS_BENCH_OUT`` names a file that gets the tables too.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path

from ._tables import Tables

NAMES = ("start_up", "steps", "limits", "maps", "large_scan", "bad_input", "window")


def main(names: tuple[str, ...]) -> int:
    """Run benchmarks by name; return 1 if one of them raised."""
    tables, failed = Tables(), 0
    for name in names or NAMES:
        print(f"{name} ...", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            try:
                importlib.import_module(f".{name}", __package__).run(tables, Path(folder))
            except ModuleNotFoundError as error:
                print(f"{name}: left out, since {error.name} is not installed")
            except Exception as error:
                failed = 1
                print(f"{name}: {type(error).__name__}: {error}")
    text = "\n".join(tables.lines()) + "\n"
    print(text)
    if out := os.environ.get("XRF_PIGMENTS_BENCH_OUT"):
        Path(out).write_text(text, encoding="utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
