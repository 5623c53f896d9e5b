"""The comparison of designs and its ablations: ``python -m docs.studies.designs FOLDER``."""
