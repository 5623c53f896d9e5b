"""Maps by weights of one's own."""

import pytest
import torch

from napari_xrf_pigments.cli import main
from napari_xrf_pigments.io import load_results
from napari_xrf_pigments.network.model import Architecture, PigmentNet
from napari_xrf_pigments.network.weights import save_weights, weights_hash


@pytest.fixture
def scan(tmp_path):
    path = tmp_path / "painting.h5"
    assert main(["simulate", "-o", str(path), "--shape", "8x12", "--anode", "Rh"]) == 0
    return path


def test_maps_carry_the_hash_of_the_weights_that_made_them(scan, tmp_path):
    torch.manual_seed(0)
    mine = tmp_path / "mine.safetensors"
    save_weights(PigmentNet(Architecture(16, 1)), mine, {"taught": {}})
    out = tmp_path / "maps.h5"
    words = ["map", str(scan), "-o", str(out), "--pigments-only", "--weights", str(mine)]
    assert main(words) == 0
    _, pigments = load_results(out)
    assert pigments.provenance["weights_hash"] == weights_hash(mine)


def test_a_file_that_holds_no_weights_is_one_sentence_and_nothing_is_written(
    scan, tmp_path, capsys
):
    bad = tmp_path / "notes.safetensors"
    bad.write_text("mine")
    out = tmp_path / "maps.h5"
    for path, said in ((bad, "does not hold the weights"), (tmp_path / "no", "no weights at")):
        assert main(["map", str(scan), "-o", str(out), "--weights", str(path)]) == 2
        assert said in capsys.readouterr().err
    assert not out.exists()
