"""Fuzzes every parser in turn: ``python tests/fuzz/run.py [SECONDS [LOG_FOLDER]]``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def main(seconds: str = "600", logs: str | None = None) -> int:
    """Run them; the number of parsers in which something was found."""
    folder = Path(logs or tempfile.mkdtemp(prefix="fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    finds = 0
    for script in sorted(HERE.glob("fuzz_*.py")):
        with (folder / f"{script.stem}.log").open("w") as log:
            crash = folder / f"{script.stem}-"
            command = [sys.executable, str(script), f"-max_total_time={seconds}"]
            command.append(f"-artifact_prefix={crash}")
            # What is new goes here; the corpus of the repository is only read.
            new = folder / "corpus" / script.stem.removeprefix("fuzz_")
            new.mkdir(parents=True, exist_ok=True)
            command.append(str(new))
            done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT)
        finds += done.returncode != 0
        print(
            f"{script.stem}: {'FOUND, see ' if done.returncode else 'nothing, '}{log.name}",
            flush=True,
        )
    return finds


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:3]))
