"""Files that carry checksums: the faults that the tests beside their readers try."""

from __future__ import annotations

from .fault import Declared

survives = Declared()

survives.elsewhere(
    "tests/evaluation/test_cache.py::test_a_truncated_file_is_computed_again",
    "A file of the evaluation's cache is cut short or changed",
    "files of 0 to 700 bytes, an array doubled, a checksum removed",
    "It does not match its checksum and is computed again.",
)
survives.elsewhere(
    "tests/network/test_weights.py::test_one_changed_byte_of_user_weights_is_detected",
    "Weights are damaged",
    "one bit changed in a tensor or in the settings; files cut short; another file in the place of "
    "the bundled one",
    "They are not used. One sentence: *... was changed or damaged since it was written.*",
)
