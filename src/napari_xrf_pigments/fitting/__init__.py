"""Spectra taken apart: peak search, line shapes, background, linear fits, unexplained counts."""
