"""Single spectra as text of several programs, and several of them as points or a scan."""
