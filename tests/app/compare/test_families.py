"""Compare with published networks: what is missing, fetched, scaled otherwise."""

from dataclasses import replace

from effnet_viz.engine import images, weights
from effnet_viz.evidence import samples
from effnet_viz.scaling import families
from tests.app.compare.conftest import PAGE, captions, hints, table
from tests.app.conftest import texts


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


def test_a_download_that_reports_its_progress_disturbs_no_later_visit(
    open_page, monkeypatch, own_caches
):
    real = weights.load_model

    def fetched(family, name, *, device="cpu", on_progress=None, **options):
        if family == "classroom":
            return real(family, name, device=device, **options)
        on_progress(1 << 20, 2 << 20)
        spec = replace(families.released_spec("b0"), resolution_px=64)
        return replace(weights.untrained_model(spec, name=name), family=family)

    monkeypatch.setattr(weights, "load_model", fetched)
    monkeypatch.setattr(weights, "fetch", lambda _, __, on_progress: on_progress(1 << 20, 2 << 20))
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
    import torchvision

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
    monkeypatch.setattr(cache, "fetch", lambda *_: None)
    monkeypatch.setattr(cache, "is_available", lambda family, name: family == "classroom")


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
