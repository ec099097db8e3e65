"""The Compare page: the guess, and the maps the engine makes, with honest captions."""

from dataclasses import replace

import pytest

from effnet_viz.engine import images, weights
from effnet_viz.engine.maps import cam, metrics
from effnet_viz.evidence import samples
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.scaling import families
from effnet_viz.scaling.families import ROLES
from tests.app.compare.conftest import GOLF, PAGE, SHOWN, alts, captions, hints, table
from tests.app.conftest import texts

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


def test_five_roles_one_class_and_each_networks_own_answer(shown, baseline, golf_ball):
    found = captions(shown)
    result = cam.compute_cam(baseline, golf_ball, square=images.square(*golf_ball.size))
    assert result.target_class == "golf ball"
    assert "All 5 say **golf ball**, and are right." in texts(shown)
    assert "Evidence for **golf ball** (the true label)" in texts(shown)
    assert f"golf ball {100 * result.probability:.0f} % :green[✓]" in found["baseline"]
    assert "shipped: trained by this project" in texts(shown)
    numbers = table(shown, "raw maximum")
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


def test_a_class_below_chance_is_dimmed_and_says_so(open_page, shown, baseline, golf_ball):
    app = open_page(PAGE, target="gas pump", **GOLF)
    result = cam.compute_cam(
        baseline, golf_ball, target_class=7, square=images.square(*golf_ball.size)
    )
    assert result.target_class == "gas pump"
    assert result.probability < 0.1
    said = captions(app)["baseline"]
    assert f"dimmed: only {100 * result.probability:.1f} %" in said
    assert "less likely to this network than a blind guess (10 %)" in hints(app)
    assert "dimmed" not in texts(shown)


def test_own_classes_are_each_models_top_one(open_page):
    app = open_page(PAGE, photo="A cat", target="each model's own top class")
    image = images.decode(samples.read_sample("cat"))
    for role, caption in captions(app).items():
        own = cam.compute_cam(weights.load_model("classroom", role), image,
                              square=images.square(*image.size))  # fmt: skip
        assert own.target_class in caption
    assert "cannot be compared as evidence for one thing" in texts(app)


def test_every_map_has_words_for_those_who_cannot_see_it(shown):
    assert all(alts(shown))
    described = [alt.partition(": the evidence for")[0] for alt in alts(shown)
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


def test_a_pattern_that_asks_for_no_class_is_no_evidence_for_one(open_page):
    app = open_page(PAGE, **SHOWN, method="EigenCAM")
    assert "The main pattern, whatever the class, stage 9" in texts(app)
    assert not any("evidence for" in alt for alt in alts(app))


def test_the_page_says_that_all_networks_saw_one_square(shown):
    said = texts(shown)
    assert "All see the bright square of the photo." in said
    assert "published resize and crop" not in said


# The raw grid's cells


def test_a_cell_of_the_raw_grid_tells_its_value_and_rank(open_page, shown, baseline, golf_ball):
    app = open_page(PAGE, grid="true", **SHOWN)
    layers = [html.proto.body for html in app.get("html") if 'class="cells"' in html.proto.body]
    assert len(layers) == 5
    result = cam.compute_cam(baseline, golf_ball, square=images.square(*golf_ball.size))
    assert layers[0].count("<i ") == 36
    assert "100 % of the maximum; rank 1 of 36" in layers[0]
    assert f'"{result.raw_max:.2g}' in layers[0]
    assert not [html for html in shown.get("html") if "cells" in html.proto.body]


#: Names that Imagenette publishes, of two samples' pictures: the networks differ on the horn.
