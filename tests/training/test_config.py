"""Test the settings of the training."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from napari_xrf_pigments import training
from napari_xrf_pigments.network.weights import bundled_weights, read_training
from napari_xrf_pigments.training.config import TrainingConfig
from napari_xrf_pigments.training.spectra_stream import StreamSettings


def test_settings_are_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    parts = ("spectra = 5_000\nlearning_rate = 1e-4", "name = 'b'\neras = 0.3")
    path.write_text("\n[[part]]\n".join(("uses = 3", *parts)), encoding="utf-8")
    config = TrainingConfig.load(path)
    one, other = config.parts
    assert (one.spectra, config.uses, one.learning_rate) == (5000, 3, 1e-4)
    assert (other.name, other.draws) == ("b", StreamSettings(eras=0.3))
    assert config.batch == TrainingConfig().batch


def test_the_bundled_settings_are_those_of_the_released_weights() -> None:
    config = TrainingConfig.load(Path(training.__file__).parent / "data" / "training.toml")
    made = read_training(bundled_weights())
    assert made["part"] == config.parts[-1].name
    assert made["parts"] == json.loads(json.dumps([asdict(part) for part in config.parts]))
    assert made["width"] == config.width


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("uses = ", "is not a TOML file"),
        ("epochs = 3\ncolour = 'red'", "unknown settings: colour, epochs"),
        ("parts = 3", "unknown settings: parts"),
        ("[[part]]\n[[part]]", "Every part needs a name of its own"),
        ("part = 3", r"must describe each part in a table \[\[part\]\]"),
        ("[[part]]\nspectra = 'many'", "spectra must be a whole number"),
        ("[[part]]\nepochs = 3", "unknown settings: epochs"),
        ("[[part]]\nname = 3", "name must be a text"),
        ("[[part]]\nwith_start = 1", "with_start must be true or false"),
        ("batch = 8", "batch must be a whole number of at least 16"),
        ("width = 0", "width must be a whole number"),
        ("workers = -1", "workers must be a whole number"),
        ("[[part]]\nrepeats = 0", "repeats must be a whole number of at least 1"),
        ("[[part]]\nreadouts = 0", "readouts must be a whole number of at least 1"),
        ("[[part]]\nabsent_sigma = -1", "absent_sigma must be a number"),
        ("[[part]]\neras = true", "eras must be a number"),
        ("uses = nan", "uses must be a number"),
        ("[[part]]\nlearning_rate = -1.0", "learning_rate must be a number"),
    ],
)
def test_invalid_settings_are_rejected_with_one_sentence(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "t.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"{message}.*\.$"):
        TrainingConfig.load(path)
