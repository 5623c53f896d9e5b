"""Settings of the instrument in Bruker's XML: tube, filter, geometry and detector."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from napari_xrf_pigments.cube import Acquisition, Detector
from napari_xrf_pigments.cube.acquisition import Atmosphere
from napari_xrf_pigments.io._reader import in_range_or_none, parse_float
from napari_xrf_pigments.physics.detector import FWHM_PER_SIGMA
from napari_xrf_pigments.physics.lines import MN_KA_KEV, element_symbol

_ATMOSPHERES: dict[str, Atmosphere] = {"air": "air", "helium": "helium", "vacuum": "vacuum"}


def parse_xml(data: bytes) -> Element:
    """Parse an XML text that declares no entities, and return its root.

    Raises
    ------
    ValueError
        If it is no well-formed XML, or has a document type: these files never have one, and its
        entities could fill the memory or read other files.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise ValueError("declares a document type, which such a file never does")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, LookupError):
        raise ValueError("is truncated or is not well-formed XML") from None


def instance(root: Element, kind: str) -> Element | None:
    """Find the first ClassInstance of a type, in the order of the file."""
    for element in root.iter("ClassInstance"):
        if element.get("Type") == kind:
            return element
    return None


def value(parent: Element | None, *path: str) -> float | None:
    """Read the number in a descendant; None where there is none."""
    return None if parent is None else parse_float(parent.findtext("/".join(path)))


def read_acquisition(spectrum: Element) -> Acquisition:
    """Read the settings in the headers of a spectrum; implausible ones stay unknown."""
    tube, crystal = instance(spectrum, "TRTXrfHeader"), instance(spectrum, "TRTDetectorHeader")
    atmosphere = "" if tube is None else (tube.findtext("Atmosphere") or "")
    return Acquisition(
        anode=_symbol(value(tube, "Anode")),
        tube_kv=in_range_or_none(value(tube, "Voltage"), 1, 200),
        filter=_filter(tube),
        incidence_deg=in_range_or_none(value(tube, "ExcitationAngle"), 0, 90),
        takeoff_deg=in_range_or_none(value(tube, "DetectionAngle"), 0, 90),
        detector=_detector(crystal, instance(spectrum, "TRTSpectrumHeader")),
        atmosphere=_ATMOSPHERES.get(atmosphere.strip().lower()),
        path_mm=in_range_or_none(value(tube, "DetectionPathLength"), 0, 1e4),
        tube_ua=in_range_or_none(value(tube, "Current"), 0, 1e6),
        instrument=None if tube is None else (tube.findtext("ChassisType") or None),
    )


def _symbol(z: float | None) -> str | None:
    return None if z is None or not 1 <= z <= 98 else element_symbol(int(z))


def _filter(tube: Element | None) -> tuple[tuple[str, float], ...] | None:
    """Read the layers of the filter, thickness in mm (the file has um)."""
    holder = None if tube is None else tube.find("ExcitationFilter")
    if holder is None:
        return None
    elements = (holder.findtext("AtomicNumber") or "").split(",")
    thicknesses = (holder.findtext("Thickness") or "").split(",")
    layers = []
    for z, um in zip(elements, thicknesses, strict=False):
        symbol, thickness = _symbol(parse_float(z)), in_range_or_none(parse_float(um), 0, 1e5)
        if symbol is not None and thickness is not None:
            layers.append((symbol, thickness / 1000))
    if layers:
        return tuple(layers)
    return () if (holder.findtext("FilterId") or "").strip().lower() == "empty" else None


def _detector(crystal: Element | None, header: Element | None) -> Detector | None:
    thickness = in_range_or_none(value(crystal, "DetectorThickness"), 0, 100)
    if thickness is None:
        return None
    noise, slope = value(header, "SigmaAbs"), value(header, "SigmaLin")
    width = None
    if noise is not None and slope is not None and noise + slope * MN_KA_KEV > 0:
        # The file's sigma squared, keV^2, is a straight line over the energy.
        width = float(1000 * FWHM_PER_SIGMA * (noise + slope * MN_KA_KEV) ** 0.5)
    layer = None if crystal is None else crystal.find("WindowLayers/Layer0")
    window = None
    if layer is not None and layer.get("Atom") == "4":
        window = in_range_or_none(parse_float(layer.get("Thickness")), 0, 1e4)
    return Detector(
        thickness_mm=thickness,
        window_um=Detector.window_um if window is None else window,
        fwhm_mn_ka_ev=in_range_or_none(width, 50, 1000),
    )
