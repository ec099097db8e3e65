"""The rendered samples: every file is there and small, and the shipped baseline knows each."""

import json
from pathlib import Path

import pytest

from effnet_viz.engine.images import decode
from effnet_viz.engine.weights import load_model
from effnet_viz.evidence import samples
from effnet_viz.scaling.families import IMAGENETTE_CLASSES, ROLES

CATALOGUE = json.loads((samples.SAMPLES_DIR / "samples.json").read_bytes())
NAMES = [row["name"] for row in CATALOGUE]
#: Pictures of one thing; the other kind holds two on purpose.
SINGLE = [row for row in CATALOGUE if row["also_shows"] is None]
DOUBLE = [row for row in CATALOGUE if row["also_shows"] is not None]


@pytest.fixture(params=CATALOGUE, ids=NAMES)
def row(request):
    return request.param


@pytest.fixture(scope="module")
def baseline():
    return load_model("classroom", "baseline")


def test_the_catalogue_covers_at_least_five_classes_once_each():
    labels = [row["true_label"] for row in SINGLE]
    assert len(set(labels)) == len(labels) >= 5
    assert set(labels) <= set(IMAGENETTE_CLASSES.values())
    assert len(set(NAMES)) == len(NAMES)


def test_the_folder_holds_exactly_the_pictures_of_the_catalogue():
    pictures = {
        path.name for path in samples.SAMPLES_DIR.iterdir() if path.suffix in samples.SUFFIXES
    }
    assert pictures == {row["file"] for row in CATALOGUE}


def test_each_picture_is_small_and_decodes(row):
    data = (samples.SAMPLES_DIR / row["file"]).read_bytes()
    assert len(data) < 80_000
    image = decode(data)
    assert image.mode == "RGB"
    assert 480 <= min(image.size) <= max(image.size) <= 640
    assert max(spread for spread in image.getextrema()[0]) > 200


def test_each_picture_is_described_and_credited(row):
    assert row["title"]
    assert row["alt"].endswith(".")
    for label in filter(None, (row["true_label"], row["also_shows"])):
        assert label.lower() in row["alt"].lower()
    assert row["licence"] == "CC0: rendered by this project"
    assert (Path(samples.SAMPLES_DIR).parents[1] / row["source"]).is_file()


def test_pictures_are_landscape_portrait_and_square():
    shapes = set()
    for entry in CATALOGUE:
        width, height = decode((samples.SAMPLES_DIR / entry["file"]).read_bytes()).size
        shapes.add((width > height) - (width < height))
    assert shapes == {-1, 0, 1}


@pytest.mark.parametrize("row", SINGLE, ids=[row["name"] for row in SINGLE])
def test_the_shipped_baseline_recognises_each_picture(row, baseline):
    image = decode((samples.SAMPLES_DIR / row["file"]).read_bytes())
    probabilities = baseline.module(baseline.preprocess(image)).softmax(1)[0]
    best = int(probabilities.argmax())
    assert baseline.classes[best] == row["true_label"], baseline.classes[best]
    assert float(probabilities[best]) > 0.5


@pytest.mark.parametrize("row", DOUBLE, ids=[row["name"] for row in DOUBLE])
def test_the_networks_disagree_about_a_picture_of_two_things(row):
    image = decode((samples.SAMPLES_DIR / row["file"]).read_bytes())
    said = set()
    for role in ROLES:
        model = load_model("classroom", role, optimised=False)
        probabilities = model.module(model.preprocess(image)).softmax(1)[0]
        assert probabilities.max() > 0.6
        said.add(model.classes[int(probabilities.argmax())])
    assert said == {row["true_label"], row["also_shows"]}
