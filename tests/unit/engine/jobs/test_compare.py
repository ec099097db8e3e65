"""The page's background work against the engine called directly."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from effnet_viz.engine import images, weights
from effnet_viz.engine.jobs import compare
from effnet_viz.engine.jobs.background import Background
from effnet_viz.engine.jobs.compare import Target
from effnet_viz.engine.maps import cam
from effnet_viz.errors import UserError
from effnet_viz.evidence import samples
from effnet_viz.scaling.architectures import CLASSROOM_BASELINE
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.families import IMAGENETTE_CLASSES


@pytest.fixture(scope="module")
def models():
    return [(role, weights.load_model("classroom", role)) for role in ("baseline", "width")]


@pytest.fixture(scope="module")
def photos():
    return [images.decode(samples.read_sample(name)) for name in ("church", "cat")]


@pytest.fixture
def photo_folder(tmp_path):
    random = np.random.default_rng(0)
    for wnid in IMAGENETTE_CLASSES:
        (tmp_path / "train" / wnid).mkdir(parents=True)
        for number in range(8):
            pixels = random.integers(0, 255, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "train" / wnid / f"{number}.JPEG")
    return tmp_path


def finished(work):
    job = Background(work).start()
    assert job.wait(120)
    assert not job.failure, job.failure
    return job


def test_one_class_for_all_is_the_first_models_top(models, photos):
    rows = finished(
        lambda task: compare.many_photos(task, models, photos, "gradcam", Target(), 9)
    ).result
    for image, row in zip(photos, rows, strict=True):
        assert len({result.target_index for result in row}) == 1
        direct = cam.compute_cam(models[0][1], image, square=images.square(*image.size))
        assert row[0].raw == direct.raw
        assert row[0].target_index == direct.target_index


def test_own_classes_are_each_models_own(models, photos):
    rows = finished(
        lambda task: compare.many_photos(task, models, photos, "gradcam", Target(own=True), 9)
    ).result
    for image, row in zip(photos, rows, strict=True):
        for (_, model), result in zip(models, row, strict=True):
            direct = cam.compute_cam(model, image, square=images.square(*image.size))
            assert result.target_index == direct.target_index


def test_a_map_without_evidence_is_not_measured(models, photos):
    from dataclasses import replace

    image, seen = photos[0], images.square(*photos[0].size)
    found = cam.compute_cam(models[0][1], image, square=seen)
    results = {"baseline": replace(found, evidence=False)}
    job = finished(lambda task: compare.removal(task, models[:1], image, seen, results))
    assert job.result == {"baseline": None}


def test_training_photos_are_found_where_the_variable_says(photo_folder, monkeypatch):
    monkeypatch.setenv("EFFNET_VIZ_CACHE", str(photo_folder / "nothing"))
    monkeypatch.delenv("EFFNET_VIZ_DATA", raising=False)
    assert compare.training_folder() is None
    monkeypatch.setenv("EFFNET_VIZ_DATA", str(photo_folder))
    assert compare.training_folder() == photo_folder / "train"
    (photo_folder / "train" / "n01440764").rename(photo_folder / "elsewhere")
    with pytest.raises(UserError, match="lacks the class folders n01440764;"):
        compare.training_folder()


def test_a_fine_tune_changes_the_function_and_says_so(photo_folder, photos):
    parent = weights.load_model("classroom", "baseline", optimised=False)
    spec = scale(CLASSROOM_BASELINE, Multipliers(1.0, 1.5, 96))
    folder = photo_folder / "train"
    tuned = finished(lambda task: compare.fine_tuned(task, parent, spec, folder, 3, "cpu")).result
    assert tuned.weights == "grown from classroom baseline, then trained 3 steps here"
    assert tuned.record["photos"] == 80
    assert tuned.spec == spec
    before = cam.compute_cam(parent, photos[0], target_class=4)
    after = cam.compute_cam(tuned, photos[0], target_class=4)
    assert before.probability != pytest.approx(after.probability, abs=1e-4)
    assert before.weights != after.weights


def test_a_stopped_fine_tune_keeps_what_it_has(photo_folder):
    parent = weights.load_model("classroom", "baseline", optimised=False)
    folder = photo_folder / "train"

    def work(task):
        report = task.report
        task.report = lambda what, share: (report(what, share), "step 2" in what and task.cancel())
        return compare.fine_tuned(task, parent, CLASSROOM_BASELINE, folder, 50, "cpu")

    tuned = finished(work).result
    made = int(tuned.weights.split("trained ")[1].split()[0])
    assert 2 <= made < 50


def test_labels_are_those_of_the_parents_classes(photo_folder):
    from torchvision.models import EfficientNet_B0_Weights

    classes = EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"]
    photos = compare._photos(photo_folder / "train", classes)
    named = {classes[label] for label in photos.labels.tolist()}
    assert named == set(IMAGENETTE_CLASSES.values())


def test_no_photos_is_one_sentence(tmp_path):
    with pytest.raises(UserError):
        compare._photos(tmp_path / "missing", list(IMAGENETTE_CLASSES.values()))


def test_a_fine_tune_is_asked_about_photos_it_never_saw(photo_folder):
    from effnet_viz.engine.training.recipe import top1_percent

    parent = weights.load_model("classroom", "baseline", optimised=False)
    (photo_folder / "val").mkdir()
    for wnid in IMAGENETTE_CLASSES:
        (photo_folder / "val" / wnid).mkdir()
        for number in (0, 1):
            name = f"{wnid}/{number}.JPEG"
            (photo_folder / "val" / name).write_bytes((photo_folder / "train" / name).read_bytes())
    folder = photo_folder / "train"
    tuned = finished(
        lambda task: compare.fine_tuned(task, parent, CLASSROOM_BASELINE, folder, 1, "cpu")
    ).result
    unseen = compare._unseen(folder, parent)
    assert tuned.record["unseen"] == len(unseen) == 20
    assert tuned.record["parent_top1"] == top1_percent(parent.module, unseen, 96)
    assert tuned.record["unseen_top1"] == pytest.approx(top1_percent(tuned.module, unseen, 96))


def test_a_network_of_imagenet_has_seen_most_of_imagenettes_validation_photos(photo_folder):
    """Those called after the folder of their class are among ImageNet's training photos."""
    for wnid in IMAGENETTE_CLASSES:
        (photo_folder / "val" / wnid).mkdir(parents=True)
        photo = (photo_folder / "train" / wnid / "0.JPEG").read_bytes()
        for name in (f"{wnid}_12.JPEG", "ILSVRC2012_val_00000007.JPEG"):
            (photo_folder / "val" / wnid / name).write_bytes(photo)
    parent = weights.load_model("classroom", "baseline", optimised=False)
    assert len(compare._unseen(photo_folder / "train", parent)) == 20
    relative = replace(parent, family="imagenet")
    unseen = compare._unseen(photo_folder / "train", relative)
    assert len(unseen) == 10
    assert {file.rpartition("/")[2] for file in unseen.files} == {"ILSVRC2012_val_00000007.JPEG"}
