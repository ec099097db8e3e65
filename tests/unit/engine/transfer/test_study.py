"""Features, heads, maps and the file to take away, against torch, numpy and pytorch-grad-cam."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pytorch_grad_cam import HiResCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import LeaveOneOut, StratifiedKFold, cross_val_predict
from torch import nn

from effnet_viz.engine import weights
from effnet_viz.engine.jobs.background import Background
from effnet_viz.engine.transfer import export, features, heads, maps, photo_sets
from effnet_viz.engine.transfer.study import transfer
from effnet_viz.errors import Cancelled
from effnet_viz.scaling.centres import tiles
from effnet_viz.scaling.families import find_model

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def sets():
    """Three classes of scikit-image's textures, four tiles each."""
    return tuple(
        photo_sets.ClassPhotos(name, photo_sets._texture(name).photos[:4])
        for name in ("brick", "grass", "gravel")
    )


@pytest.fixture(scope="module")
def model():
    return weights.load_model("classroom", "baseline")


@pytest.fixture(scope="module")
def study(sets, model):
    control = weights.random_control(find_model("classroom", "baseline"))
    job = Background(lambda task: transfer(task, [("baseline", model)], control, sets)).start()
    assert job.wait(120)
    assert not job.failure
    return job.result


@pytest.mark.parametrize(("count", "passes"), [(3, 2), (8, 2), (9, 3)])
def test_the_time_of_a_pass_leaves_out_the_first_which_compiles(model, monkeypatch, count, passes):
    clock, made = [0.0], []

    def slow_at_first(model, inputs):
        made.append(len(inputs))
        clock[0] += (0.5 if len(made) == 1 else 0.01) * len(inputs)
        return np.zeros((len(inputs), 4, 2, 2), dtype=np.float32)

    monkeypatch.setattr(features, "at_once", lambda _: 4)
    monkeypatch.setattr(features, "last_stage", slow_at_first)
    monkeypatch.setattr(features.time, "perf_counter", lambda: clock[0])
    found = features.seen(model, [Image.new("RGB", (96, 96))] * count)
    assert len(made) == passes
    assert found.pooled.shape == (count, 4)
    assert found.seconds == pytest.approx(0.01)


def test_pooled_features_are_what_the_plain_network_pools(sets, model):
    photos = [photo.image for each in sets for photo in each.photos]
    plain = weights.load_model("classroom", "baseline", optimised=False)
    with torch.no_grad():
        inputs = torch.cat([plain.preprocess(photo) for photo in photos])
        wanted = plain.module.avgpool(plain.module.features(inputs)).flatten(1).numpy()
    found = features.pooled(model, photos)
    assert np.abs(found - wanted).max() <= 1e-3 * np.abs(wanted).max()


def test_a_head_is_scikit_learns_ridge_on_standardised_features():
    x = np.random.default_rng(0).normal(3, 2, (30, 50)).astype(np.float32)
    labels = [n % 3 for n in range(30)]
    x[:, :3] += 3 * np.eye(3, dtype=np.float32)[labels]
    head = heads.fit(x, labels)
    z = (x - x.mean(0)) / x.std(0)
    wanted = RidgeClassifier(alpha=head.alpha, class_weight="balanced").fit(z, labels)
    assert np.allclose(head.scores(x), wanted.decision_function(z), atol=1e-4)


def test_two_classes_have_two_opposite_scores():
    x = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    labels = [n % 2 for n in range(12)]
    scores = heads.fit(x, labels).scores(x)
    assert scores.shape == (12, 2)
    assert np.allclose(scores[:, 0], -scores[:, 1])
    assert (scores.argmax(1) == heads.classifier().fit(x, labels).predict(x)).all()


def test_each_photo_is_said_by_a_head_that_never_saw_it():
    """Of equal classes one photo each is left out: by hand, over scikit-learn's parts."""
    x = np.random.default_rng(1).normal(size=(12, 20))
    labels = np.array([n % 3 for n in range(12)])
    by_hand = np.full(12, -1)
    for rest, out in StratifiedKFold(4, shuffle=True, random_state=0).split(x, labels):
        assert sorted(labels[out]) == [0, 1, 2]
        by_hand[out] = heads.classifier().fit(x[rest], labels[rest]).predict(x[out])
    assert heads.left_out(x, labels) == tuple(by_hand)


def test_how_photos_are_left_out_is_said():
    assert heads.folds_in_words([0, 1, 2] * 4) == "one photo of each class left out at a time"
    assert heads.folds_in_words([0, 1, 2] * 20).startswith("left out in 10 parts")
    assert heads.folds_in_words([0] * 3 + [1] * 20).startswith("left out in 3 parts")


def right_of_shuffled(by):
    """The mean share right of six photos' shuffled labels of two classes, over sixty orders, with
    its standard error; ``by`` says each photo's class, with a seed."""
    found = []
    for seed in range(60):
        x = np.random.default_rng(1000 + seed).normal(size=(6, 300))
        mixed = heads.shuffled((0, 1) * 3, seed)
        found.append(np.mean(np.array(by(x, mixed, seed)) == mixed))
    return np.mean(found), np.std(found) / len(found) ** 0.5


def test_shuffled_labels_are_right_as_often_as_guesses_are():
    """Left out one by one they are right less often: a known fault, which the parts mend."""
    mean, error = right_of_shuffled(heads.left_out)
    assert abs(mean - 0.5) < 3 * error < 0.1
    one_by_one, error = right_of_shuffled(
        lambda x, mixed, _: cross_val_predict(heads.classifier(), x, mixed, cv=LeaveOneOut())
    )
    assert one_by_one < 0.5 - 10 * error


@pytest.mark.parametrize(("photos", "orders"), [(6, 12), (30, 6), (480, 3)])
def test_few_photos_have_many_orders(monkeypatch, photos, orders):
    monkeypatch.setattr(heads, "left_out", lambda x, mixed, seed: mixed[::-1])
    labels = [n % 3 for n in range(photos)]
    found = heads.right_of_shuffled(np.zeros((photos, 1)), labels, 2)
    mixed = [heads.shuffled(labels, seed) for seed in range(24, 24 + orders)]
    assert found == tuple(sum(a == b for a, b in zip(m, m[::-1], strict=True)) for m in mixed)


def test_shuffled_labels_are_the_same_labels():
    labels = (0,) * 9 + (1,) * 6
    mixed = heads.shuffled(labels)
    assert sorted(mixed) == sorted(labels)
    assert mixed != labels


class WithHead(nn.Module):
    """A plain network whose classifier is a head of ours."""

    def __init__(self, module, head):
        super().__init__()
        self.features, self.pool = module.features, nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(*reversed(head.weights.shape))
        self.linear.weight.data = torch.from_numpy(head.weights)
        self.linear.bias.data = torch.from_numpy(head.bias)

    def forward(self, x):
        return self.linear(self.pool(self.features(x)).flatten(1))


def test_maps_are_pytorch_grad_cams_of_the_same_head(study, sets, model):
    plain = weights.load_model("classroom", "baseline", optimised=False)
    network = WithHead(plain.module, study.networks[0].head).eval()
    photo = sets[0].photos[0].image
    for wanted in range(3):
        scores, found = maps.new_photo(model, study.networks[0].head, photo, study.classes, wanted)
        inputs = plain.preprocess(photo)
        with HiResCAM(network, [network.features[-1]]) as cam:
            cam(inputs.clone().requires_grad_(), [ClassifierOutputTarget(wanted)])
            activations = cam.activations_and_grads.activations[0].numpy()
            gradients = cam.activations_and_grads.gradients[0].numpy()
        by_library = np.maximum((activations * gradients)[0].sum(0), 0)
        ours = np.array(found.raw)
        with torch.no_grad():
            assert np.allclose(network(inputs)[0].numpy(), scores, atol=3e-3)
        scaled = by_library * by_library.size
        assert np.abs(ours - scaled).max() <= 3e-3 * max(1e-6, scaled.max())


def test_a_map_before_relu_averages_to_the_score_less_the_bias(study, sets, model):
    head = study.networks[0].head
    photo = sets[1].photos[0].image
    activations = features.last_stage(model, model.preprocess(photo))[0]
    scores, _ = maps.new_photo(model, head, photo, study.classes, 1)
    whole = np.tensordot(head.weights[1], activations, axes=1)
    assert whole.mean() + head.bias[1] == pytest.approx(scores[1], abs=1e-4)


def test_the_border_of_a_uniform_map_is_half_and_of_a_centred_one_nothing():
    assert maps.border_share(np.ones((8, 8), np.float32), tiles(8)) == pytest.approx(0.5, abs=0.02)
    middle = np.zeros((9, 9), np.float32)
    middle[4, 4] = 1
    assert maps.border_share(middle, tiles(9)) == pytest.approx(0, abs=1e-6)
    assert maps.border_share(np.zeros((3, 3), np.float32), tiles(3)) is None


def test_the_study_counts_what_the_heads_say(study, sets):
    result = study.networks[0]
    assert study.classes == ("brick", "grass", "gravel")
    assert result.photos == len(study.labels) == 12
    assert result.right == study.confusion(result).trace()
    assert result.accuracy > study.chance
    assert study.random.weights == "untrained"


def test_a_cancelled_study_stops_at_its_next_report(sets, model):
    class Stopped:
        def report(self, what, share):
            if share > 0:
                raise Cancelled

    with pytest.raises(Cancelled):
        transfer(Stopped(), [("baseline", model)], model, sets)


def test_the_printed_lines_run_the_exported_head(study, sets, tmp_path):
    result = study.networks[0]
    (tmp_path / export.file_name(result)).write_bytes(export.npz(study, result))
    (tmp_path / "photo.jpg").write_bytes(sets[2].photos[0].data)
    lines = export.LINES.format(file=export.file_name(result))
    done = subprocess.run(
        [sys.executable, "-c", lines],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.strip() == "gravel", done.stderr
