"""Energy calibration of a scan: automatic, manual and checked; estimate of the anode."""
