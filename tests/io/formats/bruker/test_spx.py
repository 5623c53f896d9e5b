"""Test the reader of Bruker XML spectra."""

from __future__ import annotations

import pytest

from napari_xrf_pigments.io import can_open, open_cube

XML = """<?xml version="1.0" encoding="WINDOWS-1252" standalone="yes"?>{doctype}
<TRTSpectrum><RTHeader/><ClassInstance Type="TRTSpectrum" Name="p 1">
 <TRTHeaderedClass>
  <ClassInstance Type="TRTSpectrumHardwareHeader"><LifeTime>28050</LifeTime></ClassInstance>
  <ClassInstance Type="TRTDetectorHeader">
   <DetectorThickness>0.45</DetectorThickness>
   <WindowLayers><Layer0 Atom="4" Thickness="1.3E1"/></WindowLayers>
  </ClassInstance>
  <ClassInstance Type="TRTXrfHeader">
   <ChassisType>XS-51</ChassisType><Voltage>50</Voltage><Current>199</Current>
   <Anode>45</Anode>{filter}<ExcitationAngle>9E1</ExcitationAngle>
   <DetectionAngle>6E1</DetectionAngle><DetectionPathLength>1.6E1</DetectionPathLength>
   <Atmosphere>Helium</Atmosphere>
  </ClassInstance>
 </TRTHeaderedClass>
 <ClassInstance Type="TRTSpectrumHeader"><ChannelCount>{count}</ChannelCount>
  <CalibAbs>-9.5E-1</CalibAbs><CalibLin>1E-2</CalibLin>
  <SigmaAbs>1.023E-3</SigmaAbs><SigmaLin>4.62E-4</SigmaLin></ClassInstance>
 <Channels>{data}</Channels>
 <ClassInstance Type="TRTSpectrum" Name="Background"><Channels>9,9,9,9</Channels></ClassInstance>
</ClassInstance></TRTSpectrum>"""
EMPTY = "<ExcitationFilter><FilterId>Empty</FilterId></ExcitationFilter>"
ALUMINIUM = (
    "<ExcitationFilter><FilterId>Al_100</FilterId><AtomicNumber>13</AtomicNumber>"
    "<Thickness>1E2</Thickness></ExcitationFilter>"
)


@pytest.fixture
def write(tmp_path):
    def make(data="0,5,7,1", count=4, filter=EMPTY, doctype=""):
        path = tmp_path / "a.spx"
        path.write_text(XML.format(data=data, count=count, filter=filter, doctype=doctype))
        return path

    return make


def test_counts_axis_and_time_are_read(write):
    cube = open_cube(write())
    assert cube.spectrum(0, 0).tolist() == [0, 5, 7, 1]
    assert (cube.energies.gain_kev, cube.energies.offset_kev) == (0.01, -0.95)
    assert cube.live_time_s.tolist() == [[28.05]]


def test_settings_of_the_instrument_are_read(write):
    settings = open_cube(write()).acquisition
    assert (settings.anode, settings.tube_kv, settings.tube_ua) == ("Rh", 50, 199)
    assert (settings.incidence_deg, settings.takeoff_deg) == (90, 60)
    assert (settings.filter, settings.atmosphere, settings.path_mm) == ((), "helium", 16)
    assert settings.detector.window_um == 13 and settings.detector.thickness_mm == 0.45
    assert settings.detector.fwhm_mn_ka_ev == pytest.approx(144, abs=1)


@pytest.mark.parametrize(("text", "layers"), [(ALUMINIUM, (("Al", 0.1),)), ("", None)])
def test_filters_are_parsed(write, text, layers):
    assert open_cube(write(filter=text)).acquisition.filter == layers


def test_entities_are_refused(write):
    doctype = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]>'
    with pytest.raises(ValueError, match=r"^a\.spx declares a document type"):
        open_cube(write("&c;", doctype=doctype))


@pytest.mark.parametrize(
    ("data", "count", "sentence"),
    [("", 4, "no counts"), ("1,2", 4, "holds 2 of its 4"), ("1,x", 2, "where counts should be")],
)
def test_invalid_spectra_are_refused_in_one_sentence(write, data, count, sentence):
    with pytest.raises(ValueError, match=sentence):
        open_cube(write(data, count))


def test_truncated_xml_is_refused(write):
    path = write()
    path.write_bytes(path.read_bytes()[:900])
    assert can_open(path)
    with pytest.raises(ValueError, match="truncated or is not well-formed"):
        open_cube(path)
