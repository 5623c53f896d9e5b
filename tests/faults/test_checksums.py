"""Declare the faults of files with checksums, which are tested beside their readers."""

from __future__ import annotations

from .fault import Declared

survives = Declared()

survives.elsewhere(
    "tests/evaluation/test_cache.py::test_a_truncated_file_is_computed_again",
    "A file of the evaluation cache is truncated or changed",
    "truncated to 0 to 700 bytes; an array doubled; the checksum removed",
    "The file does not match its checksum, and its content is computed again.",
)
survives.elsewhere(
    "tests/network/test_weights.py::test_one_changed_byte_of_user_weights_is_detected",
    "The file of the network weights is damaged",
    "one bit changed in a tensor or in the settings; truncated files; another file instead of the "
    "bundled one",
    "The weights are not used. Message: *... was changed or damaged since it was written.*",
)
