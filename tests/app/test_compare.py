"""The Compare page: the maps the engine makes, for one class, with honest captions."""

import re
import threading
from dataclasses import replace

import pytest
import streamlit as st

from effnet_viz.engine import images, weights
from effnet_viz.engine.maps import cam, metrics
from effnet_viz.evidence import samples
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.scaling import families
from effnet_viz.scaling.families import ROLES
from tests.app.conftest import texts

PAGE = "pages/compare.py"
#: A picture of one thing, shown without a guess before.
GOLF = {"photo": "Golf ball"}
SHOWN = {"look_guess": "Just show me"} | GOLF


def captions(app, titles=ROLES):
    found = {}
    for title in titles:
        for markdown in app.markdown:
            if re.match(rf"\*\*{re.escape(title)}( · \w+)?\*\*  \n", markdown.value):
                found[title] = markdown.value
    return found


def alts(app):
    return [picture.alt for image in app.get("image") for picture in image.proto.imgs]


def hints(app):
    return "\n".join(markdown.proto.help for markdown in app.markdown)


def table(app, column):
    return next(t.value for t in app.table if column in t.value.columns)


@pytest.fixture(scope="module")
def baseline():
    return weights.load_model("classroom", "baseline", optimised=False)


@pytest.fixture(scope="module")
def golf_ball():
    return images.decode(samples.read_sample("golf-ball"))


# The guess


def test_the_page_asks_before_it_shows(open_page):
    app = open_page(PAGE)
    labels = [pills.label for pills in app.get("button_group")] + [p.label for p in app.pills]
    assert any("whose map will be the most concentrated" in label for label in labels)
    assert not any("evidence for" in alt for alt in alts(app))
    assert sum("is not shown yet" in alt for alt in alts(app)) == 5


def test_a_guess_gets_an_answer(open_page):
    image = images.decode(samples.read_sample("church-and-horn"))
    horn = list(families.IMAGENETTE_CLASSES.values()).index("French horn")
    shares = {
        role: metrics.map_numbers(
            cam.compute_cam(
                weights.load_model("classroom", role), image, target_class=horn,
                square=images.square(*image.size),
            )
        ).best_quarter_share
        for role in ROLES
    }  # fmt: skip
    wide, *_, narrow = sorted(shares, key=shares.__getitem__)
    for guess, verdict in ((narrow, "Right"), (wide, "Not here")):
        app = open_page(PAGE, look_guess=guess)
        says = next(info.value for info in app.info if "You guessed" in info.value)
        assert f"You guessed **{guess}**. {verdict}" in says
        assert f"**{narrow}** is the most concentrated ({shares[narrow]:.0%}" in says


def test_the_opening_picture_shows_that_networks_disagree(open_page):
    app = open_page(PAGE, look_guess="Just show me")
    said = texts(app)
    assert "**The networks disagree:** baseline and width say **church**;" in said
    assert "depth, resolution and compound say **French horn**." in said
    assert "Evidence for **French horn** (what most networks say)" in said


@pytest.mark.parametrize("query", [{"stage": "7"}, {"photo": "Church"}, {"family": "nonsense"}])
def test_who_follows_a_link_is_not_asked(open_page, query):
    app = open_page(PAGE, **query)
    assert len(captions(app)) == 5


# The maps


def test_five_roles_one_class_and_each_networks_own_answer(open_page, baseline, golf_ball):
    app = open_page(PAGE, **SHOWN)
    found = captions(app)
    result = cam.compute_cam(baseline, golf_ball, square=images.square(*golf_ball.size))
    assert result.target_class == "golf ball"
    assert "All 5 say **golf ball**, and are right." in texts(app)
    assert "Evidence for **golf ball** (the true label)" in texts(app)
    assert f"golf ball {100 * result.probability:.0f} % :green[✓]" in found["baseline"]
    assert "shipped: trained by this project" in texts(app)
    numbers = table(app, "raw maximum")
    assert f"{100 * result.probability:.1f} %" == numbers["probability"]["baseline"]
    assert numbers["grid"]["baseline"] == "6 × 6"
    assert numbers["grid"]["resolution"] == "12 × 12"


def test_a_wrong_answer_is_marked_and_the_map_is_the_true_label_s(open_page, monkeypatch):
    sample = replace(samples.list_samples()[1], true_label="church")
    before = samples.list_samples()
    assert sample.name == "golf-ball"
    monkeypatch.setattr(samples, "list_samples", lambda: (before[0], sample))
    app = open_page(PAGE, **SHOWN)
    assert "All 5 say **golf ball**, and are wrong: it is church." in texts(app)
    assert "Evidence for **church** (the true label)" in texts(app)
    assert all(":red[✗ wrong]" in caption for caption in captions(app).values())


@pytest.mark.parametrize("method", [m for m, kind in METHODS.items() if not kind.slow])
def test_every_method_and_its_sentence(open_page, method):
    kind = METHODS[method]
    stage = "9" if kind.last_stage_only else "3"
    app = open_page(PAGE, method=kind.title, stage=stage, grid="true", scale="Rank of the place")
    grid = table(app, "raw maximum")["grid"]["baseline"]
    assert grid == ("24 × 24" if stage == "3" else "6 × 6")
    assert kind.what in app.selectbox(key="method").help
    assert not app.error


def test_a_method_of_the_last_stage_only_says_so(open_page):
    app = open_page(PAGE, method="CAM", stage="3")
    assert any("last stage only" in error.value for error in app.error)


def test_a_chosen_class_is_the_class_of_every_map(open_page):
    app = open_page(PAGE, target="gas pump")
    assert "Evidence for **gas pump** (chosen)" in texts(app)
    described = [alt for alt in alts(app) if alt.partition(":")[0] in ROLES]
    assert len(described) == 5
    assert all("vidence for gas pump" in alt for alt in described)


def test_a_class_below_chance_is_dimmed_and_says_so(open_page, baseline, golf_ball):
    app = open_page(PAGE, target="gas pump", **GOLF)
    result = cam.compute_cam(
        baseline, golf_ball, target_class=7, square=images.square(*golf_ball.size)
    )
    assert result.target_class == "gas pump"
    assert result.probability < 0.1
    said = captions(app)["baseline"]
    assert f"dimmed: only {100 * result.probability:.1f} %" in said
    assert "less likely to this network than a blind guess (10 %)" in hints(app)
    assert "dimmed" not in texts(open_page(PAGE, **SHOWN))


def test_own_classes_are_each_models_top_one(open_page):
    app = open_page(PAGE, photo="A cat", target="each model's own top class")
    image = images.decode(samples.read_sample("cat"))
    for role, caption in captions(app).items():
        own = cam.compute_cam(weights.load_model("classroom", role), image,
                              square=images.square(*image.size))  # fmt: skip
        assert own.target_class in caption
    assert "cannot be compared as evidence for one thing" in texts(app)


def test_every_map_has_words_for_those_who_cannot_see_it(open_page):
    app = open_page(PAGE, **SHOWN)
    assert all(alts(app))
    described = [alt.partition(": the evidence for")[0] for alt in alts(app)
                 if ": the evidence for" in alt]  # fmt: skip
    assert described == list(ROLES)  # also the order in which a phone stacks them


# The square and the box


def test_the_square_moves_and_every_model_sees_it(open_page, baseline):
    image = images.decode(samples.read_sample("cat"))
    width, height = image.size
    assert width > height
    app = open_page(PAGE, photo="A cat", at="100")
    right = images.Square(width - height, 0, height)
    result = cam.compute_cam(baseline, image, square=right)
    shown = table(app, "raw maximum")["probability"]["baseline"]
    assert shown == f"{100 * result.probability:.1f} %"
    centre = cam.compute_cam(baseline, image, square=images.square(width, height))
    assert f"{result.probability:.3f}" != f"{centre.probability:.3f}"


def test_a_box_counts_what_lies_inside(open_page, baseline, golf_ball):
    app = open_page(PAGE, **SHOWN)
    assert "in the box" not in table(app, "best quarter").columns
    app.toggle(key="box").set_value(True).run()
    app.slider(key="box_x").set_range(0, 50).run()
    app.slider(key="box_y").set_range(0, 100).run()
    assert not app.exception
    result = cam.compute_cam(baseline, golf_ball, square=images.square(*golf_ball.size))
    share = metrics.map_numbers(result, box=metrics.Box(0, 0, 0.5, 1)).box_energy
    assert table(app, "in the box")["in the box"]["baseline"] == f"{100 * share:.0f} %"


# Families


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No published weights on this machine, and no way to them."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")


def test_imagenet_without_a_network_is_one_calm_sentence(open_page, offline):
    app = open_page(PAGE, family="EfficientNet on ImageNet")
    assert not app.error
    (sentence,) = [info.value for info in app.info]
    assert "classroom family works offline" in sentence
    assert "The same goes for B0 at 448 px, B3." in sentence
    networks = table(app, "download")
    assert list(networks.index) == ["B0", "only depth", "only width", "B0 at 448 px", "B3"]
    assert networks["download"]["B3"] == "47 MB"
    app.button(key="to_classroom").click().run()
    assert len(captions(app)) == 5


@pytest.fixture
def own_caches():
    """What this test loads and computes is seen by no other."""
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


def test_a_download_that_reports_its_progress_disturbs_no_later_visit(
    open_page, monkeypatch, own_caches
):
    from dataclasses import replace

    from effnet_viz.scaling import families

    real = weights.load_model

    def fetched(family, name, *, device="cpu", on_progress=None, **options):
        if family == "classroom":
            return real(family, name, device=device, **options)
        on_progress(1 << 20, 2 << 20)
        spec = replace(families.released_spec("b0"), resolution_px=64)
        return replace(weights.untrained_model(spec, name=name), family=family)

    monkeypatch.setattr(weights, "load_model", fetched)
    for _visit in range(2):
        app = open_page(PAGE, family="EfficientNet on ImageNet", variants="B1")
        assert not app.error
        assert set(captions(app, ("B0", "B0 at 448 px", "B1"))) == {"B0", "B0 at 448 px", "B1"}


def test_a_network_grown_later_is_not_served_its_untrained_map(monkeypatch):
    from streamlit.testing.v1 import AppTest

    def script():
        import streamlit as st

        from effnet_viz.engine.images import Square
        from effnet_viz.engine.requests import Look, MapRequest, PhotoFile
        from effnet_viz.evidence import samples
        from effnet_viz.scaling.architectures import ARCHITECTURES
        from effnet_viz.scaling.compound import Multipliers, scale
        from effnet_viz.ui.shared import cache

        spec = scale(ARCHITECTURES["classroom"], Multipliers(1.5, 1.0, 96))
        photo = PhotoFile.of(samples.read_sample("golf-ball"))
        look = Look(photo, Square(0, 0, 200), cache.model_ref("custom/scale", "cpu", spec))
        st.text(cache.cam(MapRequest(look, "gradcam")).weights)
        st.text(cache.cam(MapRequest(look, "layercam")).weights)

    from effnet_viz.ui.shared import cache

    app = AppTest.from_function(script, default_timeout=60)
    with monkeypatch.context() as before:
        before.setattr(cache, "is_available", lambda family, name: False)
        app.run()
        assert [text.value for text in app.text] == ["untrained"] * 2
    app.run()
    assert not app.exception
    assert len({text.value for text in app.text}) == 1
    assert "grown from classroom baseline" in app.text[0].value


def test_a_pattern_that_asks_for_no_class_is_no_evidence_for_one(open_page):
    app = open_page(PAGE, **SHOWN, method="EigenCAM")
    assert "The main pattern, whatever the class, stage 9" in texts(app)
    assert not any("evidence for" in alt for alt in alts(app))


def test_maps_for_different_classes_are_not_subtracted(open_page):
    link = {"photo": "A cup of coffee", "target": "each model's own top class"}
    app = open_page(PAGE, **link, look="Differences")
    assert "a map for another class, so no difference" in texts(app)


def test_what_resnets_relatives_are_not(open_page, monkeypatch):
    fake_imagenet(monkeypatch)
    titles = ("ResNet-50", "ResNet-152", "Wide ResNet-50-2", "ResNet-50 at 369 px")
    app = open_page(PAGE, family="ResNet-50 on ImageNet")
    assert not app.error
    assert set(captions(app, titles)) == set(titles)
    assert "Deeper in its middle stages only" in hints(app)
    assert "Only the inner 3x3 convolutions are twice as wide" in hints(app)
    assert "These weights were not trained at this size" in hints(app)


def test_missing_roles_offer_to_grow_one(open_page, monkeypatch):
    fake_imagenet(monkeypatch)
    app = open_page(PAGE, family="EfficientNet on ImageNet")
    assert not app.error
    assert texts(app).count("no public weights exist") == 2
    assert "These weights were not trained at this size" in hints(app)
    app.button(key="grow_depth").click().run()
    assert not app.exception
    assert app.selectbox(key="family").value == "yours"
    assert app.slider(key="depth").value == 2.0


def fake_imagenet(monkeypatch):
    """Small networks with a thousand classes, as nothing can be fetched in a test."""
    from dataclasses import replace

    import torchvision

    from effnet_viz.scaling import families
    from effnet_viz.ui.shared import cache

    def model(family, name, device, _on_progress=None):
        if family == "classroom":
            return weights.load_model(family, name)
        entry = families.find_model(family, name)
        b0 = replace(families.released_spec("b0"), resolution_px=64)
        loaded = replace(weights.untrained_model(b0, name=name, role=entry.role), family=family)
        if family == "resnet50":
            module = torchvision.models.resnet18().eval().requires_grad_(False)
            small = replace(entry.spec, resolution_px=64)
            loaded = replace(loaded, module=module, spec=small)
        return loaded

    monkeypatch.setattr(cache, "model", model)
    monkeypatch.setattr(cache, "is_available", lambda family, name: family == "classroom")


# Grown weights

GROWN = {"family": "Yours, from the Scale page", "architecture": "Classroom baseline",
         "by": "d, w, r", "depth": "2", "width": "1.5"}  # fmt: skip


def test_grown_maps_equal_the_parents_and_the_page_says_which(open_page):
    app = open_page(PAGE, **GROWN)
    assert not app.error
    rows = table(app, "best quarter")
    assert len(rows) == 2
    assert rows["best quarter"].iloc[0] == rows["best quarter"].iloc[1]
    assert rows["probability"].iloc[0] == rows["probability"].iloc[1]
    assert rows["like the baseline's"].iloc[1] == "+1.00"
    assert "grown from classroom baseline, not trained further" in texts(app)
    assert "equal the parent's by construction" in texts(app)


def test_a_network_that_cannot_grow_says_why(open_page):
    app = open_page(PAGE, **GROWN | {"depth": "0.5", "width": "0.5"})
    assert "untrained weights" in texts(app)
    assert "takes none away" in texts(app)


def test_without_the_parents_weights_nothing_is_called_grown(open_page, offline):
    app = open_page(PAGE, family="Yours, from the Scale page")
    assert "Not grown yet" in texts(app)
    assert "Grown, not trained" not in texts(app)
    next(b for b in app.button if b.label == "Grow the classroom baseline").click().run()
    assert not app.exception
    assert "Grown, not trained" in texts(app)
    assert "grown from classroom baseline, not trained further" in texts(app)


def test_a_short_training_makes_the_weights_its_own(open_page, monkeypatch, tmp_path):
    photo_folder(tmp_path)
    monkeypatch.setenv("EFFNET_VIZ_DATA", str(tmp_path))
    from effnet_viz.ui.compare import grown

    monkeypatch.setattr(grown, "STEPS", (2, 300))
    app = open_page(PAGE, **GROWN | {"depth": "1.2", "width": "1", "steps": "2"})
    app.button(key="start_tune").click().run()
    wait_for_job(app, "tune")
    assert "grown from classroom baseline, then trained 2 steps here" in texts(app)
    assert len(table(app, "best quarter")) == 3


def test_a_named_folder_without_photos_is_said(open_page, monkeypatch, tmp_path):
    monkeypatch.setenv("EFFNET_VIZ_DATA", str(tmp_path))
    app = open_page(PAGE, **GROWN)
    assert any("has no folder train" in error.value for error in app.error)
    assert "Grown, not trained" in texts(app)


def photo_folder(folder):
    import numpy as np
    from PIL import Image

    from effnet_viz.scaling.families import IMAGENETTE_CLASSES

    random = np.random.default_rng(0)
    for wnid in IMAGENETTE_CLASSES:
        (folder / "train" / wnid).mkdir(parents=True)
        for number in range(8):
            pixels = random.integers(0, 255, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "train" / wnid / f"{number}.JPEG")


def wait_for_job(app, slot):
    running = app.session_state[f"job_{slot}"]  # None where it was done before the page was
    if running is not None:
        assert running[1].wait(120)
        app.run()
    assert not app.exception
    assert not app.session_state[f"problem_{slot}"]


# Closer looks


def test_differences_say_how_much_moved(open_page, baseline, golf_ball):
    app = open_page(PAGE, look="Differences", **SHOWN)
    seen = images.square(*golf_ball.size)
    first = cam.compute_cam(baseline, golf_ball, square=seen)
    depth = cam.compute_cam(weights.load_model("classroom", "depth"), golf_ball, square=seen,
                            target_class=first.target_index)  # fmt: skip
    moved = abs(metrics.difference(depth, first)).sum() / 2
    assert f"depth less baseline: {moved:.0%} of the attention moved" in alts(app)


def test_every_stage_of_one_network(open_page):
    app = open_page(PAGE, look="Every stage", deep="resolution", **SHOWN)
    strips = [alt for alt in alts(app) if re.match(r"Stage \d: ", alt)]
    assert [int(alt[6]) for alt in strips] == list(range(1, 10))
    assert any("**1** · 96 × 96" in caption.value for caption in app.caption)


def test_random_weights_stand_beside_the_roles(open_page):
    app = open_page(PAGE, look="Random weights, seeds", **SHOWN)
    random = [c.value for c in app.caption if "random**" in c.value]
    assert len(random) == 5
    assert "what was learned (Adebayo et al. 2018)" in texts(app)


def test_grad_cam_is_cam_up_to_the_number_of_places(open_page):
    app = open_page(PAGE, look="Grad-CAM is CAM", **SHOWN)
    ratio = re.search(r"CAM's maximum is \*\*([\d.]+)×\*\*", texts(app))
    assert float(ratio[1]) == pytest.approx(36, rel=1e-3)  # 6 × 6 places
    largest = re.search(r"both scaled to 1: at most (\S+)", texts(app))
    assert float(largest[1]) < 1e-4


def test_score_cam_waits_to_be_asked_and_can_be_cancelled(open_page, monkeypatch):
    from effnet_viz.engine.jobs.background import Background
    from effnet_viz.ui.shared import work as jobs

    reported, go = threading.Event(), threading.Event()

    def work(task):
        task.report("Score-CAM of baseline: channel 1 of 320", 0.1)
        reported.set()
        assert go.wait(60)
        task.report("Score-CAM of baseline: channel 2 of 320", 0.2)

    monkeypatch.setattr(jobs, "score_cam_job", lambda *_: Background(work))
    app = open_page(PAGE, method="Score-CAM", **SHOWN)
    assert not captions(app)
    app.button(key="start_scorecam").click().run()
    assert reported.wait(60)
    app.run()
    app.button(key="cancel_scorecam").click().run()
    _, job = app.session_state["job_scorecam"]
    go.set()
    assert job.wait(60)
    app.run()
    assert not app.exception
    assert any("Cancelled" in info.value for info in app.info)
    assert app.button(key="start_scorecam")


def test_score_cam_is_the_engines(open_page, baseline, golf_ball):
    app = open_page(PAGE, method="Score-CAM", **GROWN | GOLF | {"depth": "1", "width": "1"})
    app.button(key="start_scorecam").click().run()
    wait_for_job(app, "scorecam")
    seen = images.square(*golf_ball.size)
    result = cam.compute_cam(baseline, golf_ball, square=seen, method="scorecam")
    share = metrics.map_numbers(result).best_quarter_share
    assert table(app, "best quarter")["best quarter"].iloc[0] == f"{100 * share:.0f} %"


def test_removal_is_the_engines(open_page, baseline, golf_ball, monkeypatch):
    app = open_page(PAGE, look="Remove and ask", **GROWN | GOLF | {"depth": "1", "width": "1.5"})
    app.button(key="start_removal").click().run()
    wait_for_job(app, "removal")
    found = table(app, "ROAD ↑").iloc[0]
    seen = images.square(*golf_ball.size)
    result = cam.compute_cam(baseline, golf_ball, square=seen)
    areas = metrics.deletion_insertion(baseline, golf_ball, seen, result)
    assert float(found["deletion ↓"]) == pytest.approx(areas.deletion, abs=2e-3)
    assert float(found["insertion ↑"]) == pytest.approx(areas.insertion, abs=2e-3)
    for way, curve in (("removed", areas.curves.deletion), ("added", areas.curves.insertion)):
        if way == "added":
            app.segmented_control(key="way").set_value("Insertion").run()
        frames = [alt for alt in alts(app) if f"of the pixels {way}" in alt]
        assert len(frames) == 10  # five of either network
        quarter = next(alt for alt in frames if "25 % of" in alt)
        shown = float(re.search(r"golf ball (\d+) %", quarter)[1])
        assert shown == pytest.approx(100 * curve[5], abs=0.8)  # 20 steps


# Many photos and taking away


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
    import io

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


def attention_rows():
    from effnet_viz.evidence.attention import CENTRE, RANDOM
    from tests.unit.evidence.test_attention import SEEDS, row

    rows = [*SEEDS, row("baseline", 50.0, weights=RANDOM)]
    for role, value, low in (("depth", 66.0, -7.0), ("width", 71.0, -1.0), ("compound", 80.0, 7.0)):
        rows.append(row(role, value, times=4))
        found = {"times": 4, "compared_with": "baseline", "low": low, "high": low + 6}
        rows.append(row(role, value - 70, **found))
        rows.append(row(role, value - 69, **found | {"compared_with": "centre"}))
    return [*rows, row("centre", 69.0, weights=CENTRE, role="baseline")]


def test_the_measured_attention_says_what_exceeds_the_seeds(open_page, monkeypatch):
    from effnet_viz.ui.compare import attention

    monkeypatch.setattr(attention, "read_attention", lambda *_: tuple(attention_rows()))
    app = open_page(PAGE, look="Over many photos", **SHOWN)
    said = texts(app)
    assert "The seeds of the baseline reach 69.5 to 71.5 %." in said
    assert "**depth (-4.0, worse) and compound (+10.0, better)** lie outside that range" in said
    assert "beyond chance among the photos; width does not." in said
    assert "a bell curve in the centre, which sees no photo, 69.0 %: only compound beats" in said
    frame = table(app, "to the baseline, points")
    assert list(frame["more than seeds"])[:6] == ["", "", "", "", "yes", "no"]
    app = open_page(PAGE, look="Over many photos", **GROWN)
    assert any("Only the classroom family was measured" in info.value for info in app.info)


def test_the_page_says_where_a_cell_lies(open_page):
    """The baseline's last stage: stride 16 on 96 px."""
    said = texts(open_page(PAGE, look="Where a cell lies", **SHOWN))
    assert "a cell of stage 9 is centred at 16·i + 0.5 px" in said
    assert "One row of 6 cells on 96 px" in said
    assert "**With random weights** a bright dot comes back" in said


def test_the_page_says_what_placing_moved(open_page):
    said = texts(open_page(PAGE, look="Over many photos", **SHOWN))
    moved = re.search(r"Against the same maps counted as equal tiles, in points: ([^.]+\.\d)", said)
    assert moved is not None
    assert all(f"{role} " in said[moved.start() :] for role in ROLES)


def test_the_page_says_that_all_networks_saw_one_square(open_page):
    said = texts(open_page(PAGE, **SHOWN))
    assert "All see the bright square of the photo." in said
    assert "published resize and crop" not in said


def test_published_weights_see_the_square_here_and_their_own_crop_on_run(
    open_page, monkeypatch, own_caches
):
    """What Compare asks differs from what a model without a square sees, and the page says so."""
    import torch

    fake_imagenet(monkeypatch)
    real = weights.untrained_model
    monkeypatch.setattr(
        weights, "untrained_model",
        lambda *args, **more: replace(real(*args, **more), weights=families.IMAGENET),
    )  # fmt: skip
    app = open_page(PAGE, family="EfficientNet on ImageNet", variants="B1")
    assert not app.error
    assert "Run takes the published resize and crop" in texts(app)
    published = lambda image: torch.zeros(3, 64, 64)  # noqa: E731
    model = replace(real(families.released_spec("b0")), published_transform=published)
    image = images.decode(samples.read_sample("cat"))
    assert not model.preprocess(image).any()
    assert model.preprocess(image, images.square(*image.size)).any()


# The raw grid's cells, and photos on which the networks disagree


def test_a_cell_of_the_raw_grid_tells_its_value_and_rank(open_page, baseline, golf_ball):
    app = open_page(PAGE, grid="true", **SHOWN)
    layers = [html.proto.body for html in app.get("html") if 'class="cells"' in html.proto.body]
    assert len(layers) == 5
    result = cam.compute_cam(baseline, golf_ball, square=images.square(*golf_ball.size))
    assert layers[0].count("<i ") == 36
    assert "100 % of the maximum; rank 1 of 36" in layers[0]
    assert f'"{result.raw_max:.2g}' in layers[0]
    assert not [html for html in open_page(PAGE, **SHOWN).get("html") if "cells" in html.proto.body]


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


def test_a_copy_without_a_table_says_so(open_page, monkeypatch):
    from effnet_viz.ui.compare import attention

    monkeypatch.setattr(attention, "read_attention", lambda *_: ())
    app = open_page(PAGE, look="Over many photos", **SHOWN)
    assert any("no measured table" in info.value for info in app.info)
