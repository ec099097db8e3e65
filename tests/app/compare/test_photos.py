"""Compare: photos of one's own and of Imagenette, many at once, and what is taken away."""

import io

import pytest
from PIL import Image

from effnet_viz.engine import images, weights
from effnet_viz.engine.maps import cam
from effnet_viz.evidence import samples
from effnet_viz.scaling.families import ROLES
from tests.app.compare.conftest import GROWN, PAGE, SHOWN, alts, wait_for_job
from tests.app.conftest import texts


def test_a_sheet_of_photos_by_networks(open_page):
    app = open_page(PAGE, look="More photos", **GROWN)
    app.multiselect(key="sheet").set_value(["church", "cat"]).run()
    app.button(key="start_photos").click().run()
    wait_for_job(app, "photos")
    (sheet,) = [alt for alt in alts(app) if alt.startswith("Contact sheet of maps")]
    image = images.decode(samples.read_sample("church"))
    church = cam.compute_cam(weights.load_model("classroom", "baseline"), image,
                             square=images.square(*image.size))  # fmt: skip
    assert f"Church: baseline {church.target_class} {church.probability:.0%}" in sheet
    assert "A cat: " in sheet


def test_of_many_uploads_twelve_are_read_once_each(open_page, monkeypatch):
    read = []
    decode = images.decode
    monkeypatch.setattr(images, "decode", lambda data: read.append(data) or decode(data))
    app = open_page(PAGE, look="More photos", **SHOWN)
    files = []
    for number in range(14):
        file = io.BytesIO()
        Image.new("RGB", (40, 30), (number, 90, 30)).save(file, "PNG")
        files.append((f"5$ to *{number}$].png", file.getvalue(), "image/png"))
    files[3] = ("broken.png", b"no picture", "image/png")
    read.clear()
    app.file_uploader(key="sheet_uploads").set_value(files).run()
    assert not app.exception
    assert "Twelve at most: the last 2 are left out." in [w.value for w in app.warning]
    assert [e.value for e in app.error if e.value.startswith("broken.png: This is not")]
    assert app.button(key="start_photos").label == "Map 12 photos"  # eleven and a sample
    wanted = [data for _, data, _ in files[:12]]
    assert [data for data in read if data in wanted] == wanted
    read.clear()
    app.slider(key="opacity").set_value(0.3).run()
    assert [data for data in read if data in wanted] == [files[3][1]]  # of it nothing can be kept


def test_the_link_carries_the_view_and_not_the_photo(open_page):
    app = open_page(PAGE, look="Take away", stage="7", target="church")
    (address,) = [code.value for code in app.code if "?" in code.value]
    assert "stage=7" in address
    assert "target=church" in address
    app.session_state["photo"] = "Your photo"
    assert [button.label for button in app.get("download_button")] == [
        "Contact sheet, PNG", "Report, one HTML file", "Raw maps, .npz",
    ]  # fmt: skip


def test_a_photo_seen_runs_each_network_once(open_page, monkeypatch):
    """Opacity, colours, class, method and stage change what is made of a pass, not the pass."""

    import numpy as np
    from PIL import Image

    passes = []
    real = cam.photo_features
    monkeypatch.setattr(
        cam, "photo_features",
        lambda model, image, **options: passes.append(model.name) or real(model, image, **options),
    )  # fmt: skip
    data = io.BytesIO()
    pixels = np.random.default_rng(7).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(data, "PNG")
    app = open_page(PAGE, **SHOWN)
    passes.clear()
    app.file_uploader(key="upload").upload("noise.png", data.getvalue()).run()
    assert passes == ["lite0", *ROLES]  # lite0 says whether it shows one of the ten
    app.slider(key="opacity").set_value(0.8).run()
    app.selectbox(key="colours").set_value("viridis").run()
    app.selectbox(key="target").set_value(4).run()
    app.slider(key="stage").set_value(4).run()
    app.selectbox(key="method").set_value("layercam").run()
    assert not app.exception
    assert passes == ["lite0", *ROLES]
    app.slider(key="at").set_value(0).run()
    assert passes == ["lite0", *ROLES, *ROLES]  # another square is another pass


#: Names that Imagenette publishes, of two samples' pictures: the networks differ on the horn.
AGREED, SPLIT = "ILSVRC2012_val_00009111.JPEG", "ILSVRC2012_val_00000732.JPEG"


@pytest.fixture
def imagenette_here(monkeypatch, tmp_path):
    (tmp_path / "train").mkdir()
    horns, balls = tmp_path / "val" / "n03394916", tmp_path / "val" / "n03445777"
    for folder, name, sample in (
        (horns, SPLIT, "church-and-horn"),
        (balls, AGREED, "golf-ball"),
        (balls, "not-published.JPEG", "church-and-horn"),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(samples.read_sample(sample))
    monkeypatch.setenv("EFFNET_VIZ_DATA", str(tmp_path))
    return tmp_path


def test_a_surprise_is_a_photo_on_which_the_networks_disagree(open_page, imagenette_here):
    app = open_page(PAGE, photo="A cat")
    app.button(key="surprise").click().run()
    assert not app.exception
    assert app.selectbox(key="photo").value == f"French horn, {SPLIT}"
    assert "The networks disagree" in texts(app)
    assert "Evidence for **French horn** (the true label)" in texts(app)
    app.button(key="surprise").click().run()  # the only one is on screen already
    assert "The networks agree on every photo looked at (1)" in texts(app)


def test_a_link_to_a_validation_photo_shows_it_or_says_that_it_is_elsewhere(
    open_page, imagenette_here, monkeypatch
):
    link = {"photo": f"French horn, {SPLIT}"}
    app = open_page(PAGE, **link)
    assert app.selectbox(key="photo").value == link["photo"]
    assert "not on this machine" not in texts(app)
    for unknown in ("not-published.JPEG", "../../../secret.JPEG"):
        app = open_page(PAGE, photo=f"golf ball, {unknown}")
        assert app.selectbox(key="photo").value == "church-and-horn"
    monkeypatch.delenv("EFFNET_VIZ_DATA")
    monkeypatch.setenv("EFFNET_VIZ_CACHE", str(imagenette_here / "nothing"))
    app = open_page(PAGE, **link)
    assert "one of Imagenette's, which are not on this machine" in texts(app)
    assert not [button for button in app.button if button.key == "surprise"]
