"""Samples: what is listed can be read, decoded and credited; nothing else can be read."""

import importlib.util
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from effnet_viz.engine.images import decode
from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence import samples
from effnet_viz.evidence.samples import Sample, cache_folder, list_samples, read_sample
from effnet_viz.scaling.families import IMAGENETTE_CLASSES


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    """No photos that a user of this machine has fetched."""
    monkeypatch.setenv("EFFNET_VIZ_CACHE", str(tmp_path / "cache"))
    list_samples.cache_clear()
    yield
    list_samples.cache_clear()


@pytest.fixture
def rendered(monkeypatch, tmp_path):
    """A folder of two rendered samples instead of the shipped one."""
    folder = tmp_path / "samples"
    folder.mkdir()
    monkeypatch.setattr(samples, "SAMPLES_DIR", folder)
    rows = [
        {
            "name": name,
            "title": name.title(),
            "true_label": label,
            "alt": f"A {name}.",
            "licence": "CC0",
            "source": "rendered by this project",
        }
        for name, label in (("ball", "golf ball"), ("chute", "parachute"), ("absent", "church"))
    ]
    (folder / "samples.json").write_text(json.dumps(rows))
    Image.new("RGB", (16, 16), "red").save(folder / "ball.webp", lossless=True)
    Image.new("RGB", (16, 16), "blue").save(folder / "chute.png")
    Image.new("RGB", (16, 16)).save(folder / "unlisted.png")
    return folder


def test_every_sample_is_a_photo_with_its_credits():
    listed = list_samples()
    assert len(listed) >= 6
    assert len({sample.name for sample in listed}) == len(listed)
    for sample in listed:
        image = decode(read_sample(sample.name))
        assert min(image.size) >= 64, sample.name
        assert sample.title
        assert sample.source
        assert sample.licence
        assert len(sample.alt) > 10
        assert sample.true_label in {None, *IMAGENETTE_CLASSES.values()}


def test_library_photos_are_those_the_library_ships():
    import skimage.data

    for name, original in (
        ("cat", skimage.data.chelsea()),
        ("coffee", skimage.data.coffee()),
        ("astronaut", skimage.data.astronaut()),
        ("galaxies", skimage.data.hubble_deep_field()),
    ):
        assert decode(read_sample(name)).size == original.shape[1::-1]
        assert decode(read_sample(name)).tobytes() == original.tobytes()
    grey = skimage.data.camera()
    # The rocket's file is in Adobe RGB; the library hands on its values as they are.
    stored = Image.open(io.BytesIO(read_sample("rocket")))
    assert stored.tobytes() == skimage.data.rocket().tobytes()
    profile = ImageCms.ImageCmsProfile(io.BytesIO(stored.info["icc_profile"]))
    shown = ImageCms.profileToProfile(
        stored,
        profile,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert np.abs(np.asarray(decode(read_sample("rocket"))).astype(int) - shown).max() <= 2
    assert decode(read_sample("photographer")).getchannel("R").tobytes() == grey.tobytes()


def test_library_credits_are_what_the_library_says():
    import skimage.data

    for sample in list_samples():
        if not sample.source.startswith("scikit-image"):
            continue
        said = getattr(skimage.data, sample.source.rsplit(".", 1)[1]).__doc__
        terms, who = sample.licence.split(", ")
        assert {"CC0": "CC0", "public domain": "public domain"}[terms] in said
        assert who in said


def test_rendered_samples_come_first_and_only_if_they_are_there(rendered):
    listed = list_samples()
    assert [sample.name for sample in listed[:2]] == ["ball", "chute"]
    assert listed[0] == Sample(
        "ball", "Ball", "golf ball", "rendered by this project", "CC0", "A ball."
    )
    assert {"absent", "unlisted"}.isdisjoint(sample.name for sample in listed)
    assert decode(read_sample("ball")).getpixel((0, 0)) == (255, 0, 0)
    assert decode(read_sample("chute")).getpixel((0, 0)) == (0, 0, 255)


def test_an_empty_folder_leaves_the_other_samples(rendered):
    for path in rendered.iterdir():
        path.unlink()
    assert {sample.source.split(",")[0] for sample in list_samples()} == {"scikit-image"}


@pytest.mark.parametrize("content", [b"{", b"[{}]", b'[{"name": "ball"}]', b"[1]", b"7"])
def test_a_damaged_catalogue_is_said(rendered, content):
    (rendered / "samples.json").write_bytes(content)
    with pytest.raises(ResourceError, match=r"samples\.json is damaged"):
        list_samples()


@pytest.mark.parametrize(
    "name",
    ["", "absent", "unlisted", "../samples/ball", "ball.webp", "/etc/passwd", "samples.json"],
)
def test_only_listed_names_are_read(rendered, name):
    with pytest.raises(UserError, match="There is no sample"):
        read_sample(name)


def test_a_sample_that_cannot_be_read(rendered):
    (rendered / "ball.webp").unlink()
    (rendered / "ball.webp").mkdir()
    with pytest.raises(ResourceError, match="ball cannot be read"):
        read_sample("ball")


def test_without_scikit_image(monkeypatch, rendered):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert [sample.name for sample in list_samples()] == ["ball", "chute"]


def test_fetched_photos_are_listed_with_their_class(rendered):
    photos = cache_folder() / "imagenette2-320" / "val"
    for wnid in ("n03888257", "n02102040"):
        (photos / wnid).mkdir(parents=True)
        for number in range(5):
            image = Image.new("RGB", (20, 20), (number * 40, 0, 0))
            image.save(photos / wnid / f"ILSVRC_{9 - number}.JPEG", quality=100)
    fetched = [sample for sample in list_samples() if sample.name.startswith("imagenette-")]
    assert [sample.name for sample in fetched] == [
        f"imagenette-{label}-{number}"
        for label in ("english-springer", "parachute")
        for number in (1, 2, 3)
    ]
    assert fetched[0].true_label == "English springer"
    assert fetched[0].title == "English springer, real photo 1"
    assert "ILSVRC_5.JPEG" in fetched[0].source
    red = decode(read_sample("imagenette-parachute-2")).getpixel((5, 5))[0]
    assert abs(red - 3 * 40) <= 3


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, Path("/x/effnet_viz")),
        ("linux", {}, Path.home() / ".cache" / "effnet_viz"),
        ("win32", {"LOCALAPPDATA": "/local"}, Path("/local/effnet_viz")),
        ("win32", {}, Path.home() / "AppData" / "Local" / "effnet_viz"),
        ("linux", {"EFFNET_VIZ_CACHE": "/own", "XDG_CACHE_HOME": "/x"}, Path("/own")),
    ],
)
def test_the_cache_folder_follows_the_platform(monkeypatch, platform, variables, expected):
    for name in ("EFFNET_VIZ_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_folder() == expected


def test_listing_loads_nothing_but_the_standard_library():
    code = (
        "import sys; from effnet_viz.evidence.samples import list_samples; list_samples();"
        "assert not {'torch', 'numpy', 'PIL', 'skimage'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
