"""Test the report: one file, without external resources, with escaped text of the user."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from napari_xrf_pigments.cube import PigmentMaps
from napari_xrf_pigments.pigments.display import Naming
from napari_xrf_pigments.reporting._facts import confidence_summary, pigment_rows
from napari_xrf_pigments.reporting._spectrum_figures import RegionSpectrum
from napari_xrf_pigments.reporting.report import (
    Report,
    Subject,
    is_report,
    render,
    save_report,
)

from ..io.made_results import make

NAMING = Naming(
    {"vermilion": "Vermilion", "red lead": "Red lead", "azurite": "Azurite"},
    {"vermilion": "#e34234"},
    {"mercury": ("vermilion",), "copper": ("azurite", "red lead")},
    {"vermilion": ("Hg L", "S K")},
)
KEV = np.linspace(0.0, 20.0, 500)


class Page(HTMLParser):
    """A parser of the tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        names = ("src", "href", "data", "action", "xlink:href", "srcset")
        self.addresses += [value for name, value in attrs if name in names]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data):
        self.text.append(data)


def spectrum(name="Sky", lines=(("Pb Lα", 10.55),)):
    mean = 100 * np.exp(-(((KEV - 10.55) / 0.1) ** 2)) + 0.1
    return RegionSpectrum(name, KEV, mean, 40, 3 * mean, lines, (("Area", "12 mm²"),))


def full_report(**changes):
    elements, pigments = make(y=6, x=8)
    settings = {"naming": NAMING, "spectra": (spectrum(),), "title": "Panel 7", **changes}
    return Report(elements=elements, pigments=pigments, **settings)


@pytest.fixture(scope="module")
def page():
    return render(full_report())


def test_the_report_has_no_external_resources_and_no_scripts(page):
    parsed = Page(page)
    assert not {"script", "iframe", "object", "embed", "link"} & set(parsed.tags)
    assert parsed.addresses
    assert all(address.startswith("data:image/") for address in parsed.addresses)
    assert "default-src 'none'" in page
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style and "@import" not in style


def test_the_report_opens_with_object_composite_and_findings_in_words():
    subject = Subject("Panel", "Unknown <painter>", "about 1500", "INV 7")
    page = render(full_report(spectra=(), subject=subject))
    before = page[: page.index("Pigments present")]
    for words in ("Unknown &lt;painter&gt;", "about 1500", "INV 7", "All pigments in one picture"):
        assert words in before
    assert "Colours: " in before or "Whites and grounds: " in before
    assert "Inventory" not in render(full_report(spectra=()))


def test_every_image_in_the_report_is_valid(page):
    pictures = re.findall(r"data:image/png;base64,([^\"]+)", page)
    assert len(pictures) >= 6
    for data in pictures:
        width, height = Image.open(io.BytesIO(base64.b64decode(data))).size
        assert width > 300 and height > 100
    (plot,) = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", page)
    drawn = base64.b64decode(plot).decode()
    assert "<svg" in drawn and "<script" not in drawn


def test_the_report_has_findings_methods_and_confidence(page):
    text = " ".join(" ".join(Page(page).text).split())
    for words in (
        "Panel 7", "Vermilion", "Hg L, S K", "Confidence", "Limits of XRF", "ab12",
        "Sky", "12 mm²", "above 0.5", "numpy",
    ):  # fmt: skip
        assert words in text


def test_text_of_the_user_is_escaped(tmp_path):
    evil = "<script>alert(1)</script>\"'><img src=http://x.example/a.png onerror=alert(2)> $\\frac{"
    naming = Naming({"vermilion": evil}, {"vermilion": "red;}</style><script>"}, NAMING.members)
    made = full_report(title=evil, naming=naming, spectra=(spectrum(evil, ((evil, 10.0),)),),
                       remarks=f"{evil}\n\nSecond {{{{ 7 * 7 }}}}")  # fmt: skip
    made = Report(**{**made.__dict__, "pigments": None})
    page = render(made)
    parsed = Page(page)
    assert "script" not in parsed.tags
    assert all(address.startswith("data:image/") for address in parsed.addresses)
    text = "".join(parsed.text)
    assert evil in text and "{{ 7 * 7 }}" in text


def test_html_in_a_colour_is_refused():
    naming = Naming(colours={"vermilion": 'red"><script>alert(1)</script>'})
    with pytest.raises(ValueError):
        render(full_report(naming=naming))


def test_a_report_replaces_only_reports(tmp_path):
    path = tmp_path / "report.html"
    save_report(path, full_report(spectra=()))
    assert is_report(path)
    save_report(path, full_report(title="Again", spectra=()))
    assert "Again" in path.read_text(encoding="utf-8")
    foreign = tmp_path / "page.html"
    foreign.write_text("<html>mine</html>")
    with pytest.raises(OSError, match="was left"):
        save_report(foreign, full_report())
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["page.html", "report.html"]


@pytest.mark.parametrize("name", ["report.pdf", "report"])
def test_a_file_name_without_html_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"\.html"):
        save_report(tmp_path / name, full_report())


def test_a_report_without_maps_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no maps"):
        save_report(tmp_path / "report.html", Report("empty"))


def test_a_stopped_report_states_that_maps_are_missing():
    page = render(full_report(spectra=()), watch=lambda done: done >= 1)
    whole = render(full_report(spectra=()))
    assert page.count("data:image/png") < whole.count("data:image/png") / 2
    assert "was stopped" in page


def known_maps():
    """Make four pixels: vermilion, an unresolved copper pigment, nothing, not measured."""
    probability = np.array(
        [[[0.9, 0.1, 0.0, np.nan]], [[0.0, 0.4, 0.0, np.nan]], [[0.0, 0.45, 0.1, np.nan]]]
    )
    groups = np.array([[[0.9, 0.1, 0.0, np.nan]], [[0.0, 0.8, 0.1, np.nan]]])
    unexplained = np.array([[0.1, 0.2, 0.3, np.nan]])
    names = ("vermilion", "red lead", "azurite")
    below = 0 * probability
    below[0, 0, 0] = 0.7
    return PigmentMaps(
        names, probability, probability, below, ("mercury", "copper"), groups, unexplained
    )


def test_the_rows_contain_shares_of_the_measured_pixels():
    group, row = pigment_rows(known_maps(), NAMING, 0.5)
    assert (group.name, group.share) == ("Azurite or Red lead", pytest.approx(1 / 3))
    assert (row.name, row.lines, row.mistaken_for) == ("Vermilion", "Hg L, S K", "")
    assert row.share == pytest.approx(1 / 3)
    assert row.top == row.below == pytest.approx(1 / 3)
    assert row.certainty == pytest.approx(0.9)


def test_pixels_without_a_detected_pigment_are_counted():
    summary = confidence_summary(known_maps(), NAMING, 0.5)
    assert summary.pixels == 3
    assert summary.nothing == summary.group_only == pytest.approx(1 / 3)
    assert summary.unexplained_median == pytest.approx(0.2)
    assert summary.unresolved == (("Copper pigments", "Azurite / Red lead", pytest.approx(1 / 3)),)


def test_an_unresolved_group_is_listed_with_its_members():
    text = " ".join("".join(Page(render(Report("x", None, known_maps(), NAMING))).text).split())
    assert "Copper pigments are present in 33.3 %" in text
    assert "distinguished in some pixels: Azurite / Red lead" in text
