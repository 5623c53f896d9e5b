"""The Elements dock: elemental maps, fit settings, composites."""
