"""The Compare page: the maps the engine makes, for one class, with honest captions."""

import pytest

from effnet_viz import cam, images, samples, weights
from effnet_viz.families import ROLES
from tests.app.conftest import texts


def captions(app):
    return {role: next(m.value for m in app.markdown if m.value.startswith(f"**{role}** ·"))
            for role in ROLES}  # fmt: skip


def test_five_roles_one_class_with_badges_and_probabilities(open_page):
    app = open_page("pages/compare.py")
    found = captions(app)
    model = weights.load_model("classroom", "baseline", optimised=False)
    image = images.decode(samples.read_sample("golf-ball"))
    square = images.square(*image.size)
    result = cam.compute_cam(model, image, square=square)
    assert f"Evidence for **{result.target_class}**" in texts(app)
    assert f"{100 * result.probability:.1f} %" in found["baseline"]
    assert "6 × 6 grid" in found["baseline"]
    for role in ROLES:
        assert result.target_class in found[role]
        assert "shipped: trained by this project" in found[role]
    assert "12 × 12 grid" in found["resolution"]


@pytest.mark.parametrize("method", ["Grad-CAM++", "LayerCAM", "EigenCAM"])
def test_every_method_and_an_early_stage(open_page, method):
    app = open_page("pages/compare.py", method=method, stage="3", grid="true", same="true")
    assert "24 × 24 grid" in captions(app)["baseline"]
    assert not app.error


def test_a_chosen_class_is_the_class_of_every_map(open_page):
    app = open_page("pages/compare.py", target="gas pump")
    assert "Evidence for **gas pump** (chosen)" in texts(app)
    assert all("gas pump" in caption for caption in captions(app).values())


def test_every_map_has_words_for_those_who_cannot_see_it(open_page):
    app = open_page("pages/compare.py")
    alts = [picture.alt for image in app.get("image") for picture in image.proto.imgs]
    assert all(alts)
    described = [alt.partition(": evidence for")[0] for alt in alts if ": evidence for" in alt]
    assert described == list(ROLES)  # also the order in which a phone stacks them
