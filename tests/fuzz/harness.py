"""Coverage-guided fuzzing of one parser with atheris; no part of the tests.

``python tests/fuzz/fuzz_rpl.py -max_total_time=600`` changes the header of a good file of the
format, opens it as the program does, and stops at anything but a scan or one plain sentence.
Inputs that reached new code are kept in ``tests/fuzz/corpus/NAME``; what went wrong in
``crash-*`` of the working folder. Every find becomes a test in ``tests/hostile`` and a fix.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

with atheris.instrument_imports(include=["napari_xrf_pigments.io"]):
    import napari_xrf_pigments.io._registry as registry

    registry.readers()

from ..hostile.probe import state, touch  # noqa: E402
from ..hostile.seeds import SEEDS  # noqa: E402

#: Seconds after which an input counts as one that hangs, and MB that it may take.
LIMITS = ["-timeout=20", "-rss_limit_mb=1500", "-max_len=65536"]


def launcher(place: Path) -> str:
    """A program that runs this script: merging corpora, libFuzzer starts itself again and again."""
    words = shlex.join([sys.executable, str(Path(sys.argv[0]).absolute())])
    place.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    place.chmod(0o700)
    return str(place)


def main(name: str) -> None:
    """Fuzz the parser of a seed; arguments of libFuzzer come from the command line."""
    warnings.simplefilter("ignore")
    seed = SEEDS[name]
    quick = Path("/dev/shm")
    home = Path(tempfile.mkdtemp(dir=quick if quick.is_dir() else None))
    seed.files(home)
    place = home / seed.header
    corpus = Path(__file__).parent / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    if not any(corpus.iterdir()):
        shutil.copyfile(place, corpus / "good")
    # What is imported on the way to a scan, and to a sentence, is no input's time.
    good = place.read_bytes()
    for warm in (good, good[: len(good) // 2], b""):
        place.write_bytes(warm)
        touch(home / seed.opened)

    def one(data: bytes) -> None:
        place.write_bytes(data)
        before = state(home)
        touch(home / seed.opened)
        if state(home) != before:
            raise AssertionError("something was written beside the file")

    program = launcher(home.with_name(f"{home.name}.sh"))
    atheris.Setup([program, *LIMITS, *sys.argv[1:], str(corpus)], one)
    atheris.Fuzz()
