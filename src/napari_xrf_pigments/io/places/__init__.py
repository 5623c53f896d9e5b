"""Places of spectra that are a list: positions, and the grid that they form."""
