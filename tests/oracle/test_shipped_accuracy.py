"""The shipped accuracies, on a small fixed part of the validation photos, where those are here.

Run it with EFFNET_VIZ_DATA naming a folder that holds ``train/`` and ``val/`` of Imagenette.
"""

import pytest
import torch

from effnet_viz.engine.training import imagenette, recipe
from effnet_viz.engine.weights import load_model
from effnet_viz.scaling.families import IMAGENETTE_CLASSES, ROLES

PER_CLASS = 20
#: How many of the first twenty of each class, by file name, each network gets right. Another copy
#: of the photos, at another size, may move a few.
EXPECTED = {"baseline": 172, "depth": 174, "width": 174, "resolution": 176, "compound": 171}
MOVED = 4


@pytest.fixture(scope="module")
def photos():
    folder = imagenette.data_folder()
    if folder is None or not (folder / "val").is_dir():
        pytest.skip("no validation photos: set EFFNET_VIZ_DATA to a folder with train/ and val/")
    return recipe.load_photos(
        folder / "val", IMAGENETTE_CLASSES, limit_per_class=PER_CLASS, only="val"
    )


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_as_right_as_it_was(role, photos):
    model = load_model("classroom", role, optimised=False)
    top1 = recipe.top1_percent(model.module, photos, model.spec.resolution_px)
    right = round(top1 / 100 * len(photos))
    assert abs(right - EXPECTED[role]) <= MOVED


def test_what_the_app_runs_decides_as_the_plain_module(photos):
    few = photos.subset(range(0, len(photos), 10))
    plain = load_model("classroom", "baseline", optimised=False)
    fast = load_model("classroom", "baseline")
    inputs = recipe.normalise(few.resized(few.images, plain.spec.resolution_px))
    with torch.inference_mode():
        assert torch.equal(plain.module(inputs).argmax(1), fast.module(inputs).argmax(1))
