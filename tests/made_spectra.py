"""Text of single spectra in the layouts of several programs."""

from __future__ import annotations

import numpy as np

HANDHELD = """Bruker AXS Handheld Inc. S1PXRF Spectrum
Label,"board 1"
Duration Time,180.517
Ambient Temperature,"104.4"
Detector Temperature,"-15.0"
Valid Accumulated Counts,"3399004"
Raw Accumulated Counts,"3572109"
Valid Count Last Packet,"17708"
Raw Count Last Packet,"18659"
Live Time,171.867020
HV DAC,105
HV ADC,15.000000
Filament DAC,231
Filament ADC,25.000000
Pulse Length,200
Pulse Period,254
Filter,2
eV per channel,19.8374
Number of Channels,{channels}
Vacuum,0
Channel#,Intensity
{data}"""

SPE = """$SPEC_ID:
azurite
$MEAS_TIM:
58.5 60.0
$DATA:
0 {last}
{data}
$ENER_FIT:
-0.1 0.02
"""

GSECARS = """VERSION:    3.1
ELEMENTS:   2
DATE:       Jan 30, 2013 15:25:17.766
CHANNELS:   {channels}
REAL_TIME:  120.0 120.0
LIVE_TIME:  96.0 94.0
CAL_OFFSET: -1.0e-02 -1.0e-02
CAL_SLOPE:  2.0e-02 {slope}
CAL_QUAD:   0.0 0.0
ROIS:       0 0
ENVIRONMENT: S="1" (a motor)
DATA:
{data}
"""

SPEC = """#F board.dat
#D Mon Jun 04 14:15:57 2012

#S 1 azurite
#N 1
#@MCA %16C
#@CHANN {channels} 0 {last} 1
#@CTIME 10 9.5 10
#@CALIB -0.1 0.02 0
@A {first}

#S 2 vermilion
#N 1
#@CHANN {channels} 0 {last} 1
#@CTIME 10 9.0 10
#@CALIB -0.1 0.02 0
@A {second}
"""


def handheld_text(counts: np.ndarray) -> str:
    """Make the text that the program of a Bruker handheld instrument writes."""
    data = "".join(f'{channel},"{value}"\n' for channel, value in enumerate(counts))
    return HANDHELD.format(channels=len(counts), data=data)


def spe_text(counts: np.ndarray) -> str:
    """Make a spectrum with $ keywords, eight counts per line."""
    rows = (counts[start : start + 8] for start in range(0, len(counts), 8))
    data = "\n".join(" ".join(f"{value}." for value in row) for row in rows)
    return SPE.format(last=len(counts) - 1, data=data)


def gsecars_text(counts: np.ndarray, slope: float = 0.02) -> str:
    """Make a spectrum of two detectors; the second has one count more in each channel."""
    data = "\n".join(f" {value} {value + 1}" for value in counts)
    return GSECARS.format(channels=len(counts), data=data, slope=slope)


def spec_text(counts: np.ndarray) -> str:
    """Make a SPEC file of two scans with continued lines; the second has one count more."""
    rows = []
    for values in (counts, counts + 1):
        parts = (values[start : start + 16] for start in range(0, len(values), 16))
        rows.append("\\\n ".join(" ".join(map(str, part)) for part in parts))
    return SPEC.format(channels=len(counts), last=len(counts) - 1, first=rows[0], second=rows[1])
