"""Training of the network on simulated spectra."""
