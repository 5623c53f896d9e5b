"""From matter to spectra: lines, tubes, layered samples, scatter and detectors."""
