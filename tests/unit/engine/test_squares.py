"""The square, previews and the input tensor, against torchvision and hand counts."""

import pytest
import torch
from PIL import Image
from torchvision.transforms import v2

from effnet_viz.engine.images import (
    Square,
    crop,
    decode,
    preview,
    remarks,
    square,
    square_from,
    to_input,
)
from effnet_viz.errors import UserError
from tests.unit.engine.photos.pictures import encoded, noise, smooth

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.mark.parametrize("size", [(100, 60), (60, 100), (61, 100), (101, 60), (77, 77)])
def test_the_default_square_is_torchvisions_centre_crop(size):
    image = noise(*size)
    expected = v2.functional.center_crop(image, [min(size), min(size)])
    assert crop(image, square(*size)).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((100, 60, 0.0, 0.5), Square(0, 0, 60)),
        ((100, 60, 1.0, 0.5), Square(40, 0, 60)),
        ((100, 60, 0.4, 0.9), Square(10, 0, 60)),
        ((60, 100, 0.5, 0.7), Square(0, 40, 60)),
        ((60, 100, -3.0, 9.0), Square(0, 40, 60)),
    ],
)
def test_the_square_follows_its_centre_and_stays_inside(arguments, expected):
    assert square(*arguments) == expected


@pytest.mark.parametrize("center", [float("nan"), float("inf")])
def test_a_centre_that_is_no_number(center):
    with pytest.raises(UserError, match="fractions"):
        square(10, 10, center)


@pytest.mark.parametrize(
    "outside", [Square(-1, 0, 10), Square(0, -1, 10), Square(11, 0, 10), Square(0, 0, 0)]
)
def test_a_square_outside_the_image(outside):
    with pytest.raises(UserError, match="not inside"):
        crop(noise(20, 20), outside)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0,40,300", Square(0, 40, 300)), (" 12 , 0 , 8 ", Square(12, 0, 8))],
)
def test_a_square_in_words(text, expected):
    assert square_from(text) == expected


@pytest.mark.parametrize(
    "text", ["", "1,2", "1,2,3,4", "1,2,0", "-1,2,3", "1.5,2,3", "a,b,c", "１,２,３"]
)
def test_words_that_are_no_square(text):
    with pytest.raises(UserError, match="X,Y,SIDE"):
        square_from(text)


def test_a_wide_photo_says_which_part_is_seen():
    image = decode(encoded(smooth(400, 40), "PNG"))
    assert remarks(image) == ()
    (said,) = remarks(image, square(400, 40, 0.25))
    assert "40 × 40 px of the photo's 400 × 40" in said
    assert "10 %" in said
    assert "columns 80 to 120" in said
    assert remarks(image.crop((0, 0, 60, 40)), square(60, 40)) == ()


def test_a_square_without_anything_in_it_is_said_to_be_blank():
    photo = smooth(60, 40)
    photo.paste((200, 190, 180), (0, 0, 40, 40))
    image = decode(encoded(photo, "PNG"))
    assert image.info["notes"] == ()
    (said,) = remarks(image, Square(0, 0, 40))
    assert said.startswith("The part of the photo that is seen is all one colour")
    assert remarks(image, Square(20, 0, 40)) == ()


@pytest.mark.parametrize(
    "size", [(8, 8000), (8000, 8), (16_000, 9), (3000, 2000), (30, 20), (9, 9)]
)
def test_a_preview_is_small_and_never_longer_than_twice_its_width(size):
    shown = preview(Image.new("RGB", size, "teal"))
    assert max(shown.size) <= 1024
    assert max(shown.size) <= 2 * min(shown.size)
    photo = shown.convert("RGBA").getchannel("A").getbbox()
    assert shown.crop(photo).convert("RGB").getcolors() == [
        ((photo[2] - photo[0]) * (photo[3] - photo[1]), (0, 128, 128))
    ]
    assert abs(photo[0] - (shown.width - photo[2])) <= 1
    assert abs(photo[1] - (shown.height - photo[3])) <= 1
    if max(size) <= 2 * min(size):
        assert shown.mode == "RGB"
        assert shown.width / shown.height == pytest.approx(size[0] / size[1], rel=0.01)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("px", [16, 96, 224])
def test_input_equals_torchvisions_transform(interpolation, px):
    image = smooth(150, 150)
    reference = v2.Compose(
        [
            v2.Resize((px, px), v2.InterpolationMode(interpolation), antialias=True),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )
    got = to_input(image, px, MEAN, STD, interpolation)
    assert got.shape == (1, 3, px, px)
    assert got.dtype == torch.float32
    # Pillow rounds after each of its two passes; the tensor's kernel may differ by that much.
    levels = (got[0] - reference(image)).abs() * 255 * torch.tensor(STD)[:, None, None]
    assert levels.max() <= 2.01
    assert levels.mean() < 0.1


def test_input_equals_the_training_codes_own_steps():
    from effnet_viz.engine.training.recipe import normalise

    image = noise(224, 224)
    stored = v2.functional.pil_to_tensor(image)[None]
    expected = normalise(v2.functional.resize(stored, [96, 96], antialias=True))
    assert torch.equal(to_input(image, 96, MEAN, STD), expected)
