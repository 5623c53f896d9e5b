"""Keys and preferences: they exist, take effect and do not clash with those of napari."""

import pytest
from napari.components import ViewerModel
from napari.settings import get_plugin_settings
from napari.utils.shortcuts import default_shortcuts
from npe2 import PluginManifest

from napari_xrf_pigments.plugin import commands
from napari_xrf_pigments.plugin.keybindings import KEYS
from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.preferences import PLUGIN, Preferences, preferences

from .acting import add_scan
from .synthetic import fake_services


def normal(key):
    return frozenset(str(key).replace("+", "-").lower().split("-"))


def test_no_key_is_one_of_napari():
    taken = {normal(key) for keys in default_shortcuts.values() for key in keys}
    assert len(taken) > 50
    assert not taken & {normal(key) for key, _, _ in KEYS}
    assert len({normal(key) for key, _, _ in KEYS}) == len(KEYS)


def test_every_key_calls_a_function_that_exists():
    for _, name, description in KEYS:
        assert callable(getattr(commands, name))
        assert description


def test_a_session_binds_the_keys_and_leaves_those_of_the_user():
    viewer = ViewerModel()
    own = lambda viewer: None  # noqa: E731
    viewer.bind_key("Shift-N", own)
    session_of(viewer)
    bound = {normal(key) for key in viewer.keymap}
    assert {normal(key) for key, _, _ in KEYS} <= bound
    assert own in viewer.keymap.values()


def test_the_manifest_has_every_preference_with_its_default():
    manifest = PluginManifest.from_distribution(PLUGIN)
    pages = manifest.contributions.configurations
    defaults = {key: p.default for page in pages.values() for key, p in page.properties.items()}
    known = Preferences()
    assert defaults == {
        "device": known.device,
        "threshold": known.threshold,
        "unit": known.unit,
        "open_docks": known.open_docks,
    }
    assert all(p.description for page in pages.values() for p in page.properties.values())


@pytest.fixture
def settings():
    """The settings of the plugin, restored after a test."""
    settings = get_plugin_settings(PLUGIN)
    yield settings
    settings.maps.update({"threshold": 0.5, "unit": "mm", "device": "auto"})


def test_preferences_take_effect(settings, qtbot):
    settings.maps.threshold, settings.maps.unit = 0.7, "cm"
    now = preferences()
    assert (now.threshold, now.unit) == (0.7, "cm")
    viewer = ViewerModel()
    session_of(viewer, fake_services())
    scan = add_scan(viewer)
    assert scan.palette.threshold == 0.7
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)


@pytest.mark.parametrize("value", [0.0, 1.0, "much"])
def test_an_invalid_threshold_is_rejected(settings, value):
    with pytest.raises(ValueError):
        settings.maps.threshold = value
