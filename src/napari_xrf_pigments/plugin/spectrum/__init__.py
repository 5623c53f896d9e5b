"""The Spectrum dock: spectra, lines, energy axis and the explanation of a pixel."""
