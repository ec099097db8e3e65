"""Squash against crop, on pictures whose middle is known."""

import torch

from effnet_viz.engine.training import squash
from effnet_viz.engine.training.recipe import PhotoSet
from effnet_viz.evidence import checkpoints
from effnet_viz.scaling.families import classroom_member


def photos(count: int) -> PhotoSet:
    images = torch.zeros(count, 3, 224, 224, dtype=torch.uint8)
    images[..., 28:196] = 200  # the middle three quarters of the width are bright
    labels = torch.zeros(count, dtype=torch.int64)
    return PhotoSet(images, labels, ("a",), tuple(map(str, range(count))))


def test_a_part_is_the_middle_and_is_seen_as_a_square():
    upright = squash.part_of(photos(1), 168, 224)
    assert upright.images.shape == (1, 3, 224, 168)
    assert upright.images.min() == 200
    lying = squash.part_of(photos(1), 224, 168)
    assert lying.images.shape == (1, 3, 168, 224)
    assert upright.resized(upright.images, 96).shape == (1, 3, 96, 96)


def test_the_table_is_counted_from_the_hits(monkeypatch):
    """Two seeds of the baseline and one width: of narrow parts the baseline's seeds lose one photo
    and three of ten, the width role none; all else is right."""
    names = ("baseline", "baseline-seed1", "width", "width-2x")
    members = [classroom_member(name) for name in names]
    monkeypatch.setattr(checkpoints, "shipped_members", lambda folder: members)
    monkeypatch.setattr(squash.weights, "load_model", lambda _, name, **how: Model(name))

    def right_photos(module, photos, px):
        narrow = photos.images.shape[-1] == 168 and photos.images.shape[-2] == 224
        lost = {"baseline": 1, "baseline-seed1": 3}.get(module, 0) if narrow else 0
        return torch.arange(len(photos)) >= lost

    monkeypatch.setattr(squash, "right_photos", right_photos)
    seen = []
    rows = squash.measure_squash(photos(10), on_view=lambda *at: seen.append(at))
    assert {name for name, _, _ in seen} == set(names[:3])
    assert seen[-1] == ("width", 9, 9)
    by = {(row.role, row.shape): row for row in rows}
    assert len(by) == 3 * 6
    row = by["baseline", "4:3"]
    assert (row.seeds, row.count, row.as_trained) == (2, 10, 100.0)
    assert (row.undistorted, row.points) == (80.0, -20.0)
    assert row.low < -20 < row.high
    assert by["width", "4:3"].points == by["baseline", "3:4"].points == 0
    mean = by["mean", "4:3"]
    assert (mean.seeds, mean.undistorted, mean.points) == (3, 90.0, -10.0)
    assert by["mean", "3:4"].points == 0


class Model:
    """A network that is known by its name alone."""

    def __init__(self, name: str) -> None:
        self.module = name
        self.spec = classroom_member(name).spec


def test_no_part_is_larger_than_the_photo():
    for pair in squash._views(224).values():
        for width, height in pair:
            assert max(width, height) <= 224
    assert squash._views(224)["3:4"][0] == (224, 168)
