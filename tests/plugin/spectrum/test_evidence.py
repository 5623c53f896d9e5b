"""Evidence for a pigment in words and as highlighted bands."""

from napari_xrf_pigments.fitting.unexpected_peaks import UnexpectedPeak
from napari_xrf_pigments.mapping.explanation import Evidence, EvidenceLine
from napari_xrf_pigments.plugin.spectrum.pixel_tab import bands_of, evidence_html, unexplained_html

EVIDENCE = Evidence(
    "pigment",
    "chrome_yellow",
    0.97,
    0.001,
    (EvidenceLine("Pb L", 10.55, 900.0, 30.0, 4.0), EvidenceLine("Cr K", 5.41, 300.0, 18.0, 3.0)),
    ("chrome_orange",),
    (("lead", "chromium"),),
)


def test_evidence_says_lines_counts_alternatives_and_mixtures():
    text = evidence_html(EVIDENCE, 0.9, 0.002)
    for part in ("Chrome yellow", "97 %", "below under 1 %", "900 ± 30", "Chrome orange"):
        assert part in text
    assert "lead pigments with chromium pigments" in text
    assert "<1" not in text  # would be taken for a tag


def test_evidence_lights_up_its_lines_and_no_others():
    bands = bands_of(EVIDENCE, lambda kev: 0.18)
    inside = lambda kev: any(band.low < kev < band.high for band in bands)  # noqa: E731
    assert inside(10.55)
    assert inside(12.61)
    assert inside(5.41)
    assert not inside(6.40)
    assert not inside(8.05)


def test_what_is_unexplained_is_named():
    assert unexplained_html(()) == ""
    text = unexplained_html(
        [UnexpectedPeak("Bi L", 10.84, 200.0, 9.4), UnexpectedPeak("", 27.0, 50.0, 8.0)]
    )
    assert "10.84 keV (9 σ; Bi L?)" in text
    assert "27.00 keV (8 σ)" in text
