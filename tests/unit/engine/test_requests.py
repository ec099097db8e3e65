"""Requests are their own cache keys: equal where they ask for the same, and only there."""

import pickle
from dataclasses import replace

from effnet_viz.engine.images import Square
from effnet_viz.engine.requests import (
    Look,
    MapRequest,
    ModelRef,
    PhotoFile,
    PredictRequest,
    bare,
)
from effnet_viz.scaling.architectures import ARCHITECTURES

PHOTO = PhotoFile.of(b"a photo")
MODEL = ModelRef("custom/scale", "cpu", ARCHITECTURES["classroom"], ("classroom", "baseline"))
REQUEST = MapRequest(Look(PHOTO, Square(0, 0, 200), MODEL), "layercam", 3, 9)


def test_a_photo_is_known_by_the_sha256_of_its_bytes():
    # printf 'a photo' | sha256sum
    assert PHOTO.key == "d4e24d749a4fe2f161af2de913c0402b04e3ae287dafd0f9dbfa4a5c56c69285"
    assert PhotoFile.of(b"a photo") == PHOTO
    assert PhotoFile.of(b"another") != PHOTO


def test_equal_requests_are_one_key():
    again = MapRequest(Look(PhotoFile.of(b"a photo"), Square(0, 0, 200), MODEL), "layercam", 3, 9)
    assert {REQUEST: "kept"}[again] == "kept"
    assert {PredictRequest(PHOTO, MODEL): 1}[PredictRequest(PHOTO, MODEL)] == 1


def test_every_part_of_a_request_tells():
    look = REQUEST.look
    others = [
        replace(REQUEST, method="gradcam"),
        replace(REQUEST, target_class=None),
        replace(REQUEST, target_stage=8),
        replace(REQUEST, look=replace(look, square=Square(1, 0, 199))),
        replace(REQUEST, look=replace(look, photo=PhotoFile.of(b"another"))),
        replace(REQUEST, look=replace(look, model=replace(MODEL, parent=None))),
        replace(REQUEST, look=replace(look, model=replace(MODEL, device="cuda"))),
        replace(REQUEST, look=replace(look, model=ModelRef(MODEL.key, "cpu"))),
    ]  # fmt: skip
    assert len({REQUEST, *others}) == 1 + len(others)


def test_a_bare_key_is_the_same_key_without_the_photo():
    for key in (PHOTO, REQUEST.look, REQUEST, PredictRequest(PHOTO, MODEL), (REQUEST.look, 3)):
        assert bare(key) == key
        assert hash(bare(key)) == hash(key)
        assert PHOTO.data in pickle.dumps(key)
        assert PHOTO.data not in pickle.dumps(bare(key))
    assert bare(("a", 1)) == ("a", 1)
