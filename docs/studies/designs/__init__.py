"""The comparison of designs and its ablations: ``python -m tests.designs FOLDER``."""
