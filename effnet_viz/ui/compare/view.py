"""What the page looks at, and the maps that could be made of it."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import streamlit as st
from PIL import Image

from effnet_viz.engine.images import Square
from effnet_viz.engine.requests import Look, PhotoFile
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.evidence.map_scales import rescaled
from effnet_viz.evidence.results import CamResult, MapNumbers, TopClass
from effnet_viz.figures import overlays, sheets
from effnet_viz.figures.base import ROLE_COLOURS
from effnet_viz.ui.compare.choices import OWN_TOP, Settings
from effnet_viz.ui.compare.models import Family, Network
from effnet_viz.ui.shared import cache
from effnet_viz.ui.shared.kept import KeptWithin
from effnet_viz.ui.shared.photos import Photo, as_text

TILE_PX = 480
#: Pictures of all visitors together: small photos, and maps laid on them.
PICTURES_BYTES = 48 * 2**20
JPEG_QUALITY = 85
#: How much of the opacity is left for a class that a model holds for less likely than a guess.
DIMMED = 0.35


@st.cache_resource(show_spinner=False)
def _pictures_kept() -> KeptWithin[Any]:
    return KeptWithin(PICTURES_BYTES)


def jpeg(key: Hashable, make: Callable[[], Image.Image]) -> bytes:
    """A picture as a file for the page, kept under a key that tells all of it."""

    def encoded() -> bytes:
        buffer = io.BytesIO()
        make().save(buffer, "JPEG", quality=JPEG_QUALITY)
        return buffer.getvalue()

    return cast("bytes", _pictures_kept().get(key, encoded, len))


def small(file: PhotoFile, longest_px: int) -> Image.Image:
    """The whole photo at this size, kept when the photo itself is not. Raises UserError."""

    def made() -> Image.Image:
        photo = cache.photo(file).copy()
        photo.thumbnail((longest_px, longest_px))
        return photo

    kept = _pictures_kept().get(
        ("small", file, longest_px), made, lambda photo: 3 * photo.width * photo.height
    )
    return cast("Image.Image", kept)


def banded(picture: Image.Image, role: str) -> Image.Image:
    """The picture with a band in the role's colour."""
    return overlays.banded(picture, ROLE_COLOURS.get(role, "#777777"))


def photo_tile(photo: Photo, picture: bytes) -> None:
    """The photo and what it shows, as it stands beside its maps."""
    st.image(picture, alt=photo.alt, width="stretch")
    shows = f"shows {' and '.join(photo.labels)}" if photo.labels else as_text(photo.title)
    st.markdown(f"**The photo**  \n:small[{shows}]")


@dataclass(frozen=True, slots=True)
class View:
    """What the page looks at: one photo, one square, one family, and the controls' settings."""

    photo: Photo
    square: Square
    family: Family
    settings: Settings
    device: str

    def look(self, network: Network) -> Look:
        """One pass of a network over the square."""
        model = cache.model_ref(network.key, self.device, network.spec)
        return Look(self.photo.file, self.square, model)

    def frame(self, longest_px: int = TILE_PX) -> overlays.Frame:
        """The photo made small, with the square bright, kept."""
        made = _pictures_kept().get(
            (self.photo.file.key, self.square, longest_px),
            lambda: overlays.frame_of(self.photo.image, self.square, longest_px),
            lambda frame: 3 * frame.picture.width * frame.picture.height,
        )
        return cast("overlays.Frame", made)

    def target(self, answers: Mapping[str, TopClass]) -> Target:
        """The class of the maps: chosen, else the true label, else what most networks say, else
        what the surest of them says."""
        if self.settings.target >= 0:
            return Target(self.settings.target, "chosen")
        if self.settings.target == OWN_TOP:
            return Target(None, "each network's own answer")
        classes = self.family.classes
        known = [classes.index(label) for label in self.photo.labels if label in classes]
        if len(known) == 1 or not answers:
            return Target(known[0] if known else None, "the true label")
        count = Counter(answer.index for answer in answers.values())
        surest = {a.index: a.probability for a in sorted(answers.values(), key=_probability)}
        best = max(count, key=lambda index: (count[index], surest[index]))
        most = sum(times == count[best] for times in count.values()) == 1
        return Target(best, "what most networks say" if most else "the surest network's answer")


def _probability(answer: TopClass) -> float:
    return answer.probability


@dataclass(frozen=True, slots=True)
class Target:
    """The class that maps are for, None for each network's own, and why it is that one."""

    index: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Maps:
    """The maps that could be made, by network key, in the family's order."""

    view: View
    results: dict[str, CamResult]
    answers: Mapping[str, TopClass]

    @property
    def shown(self) -> list[tuple[Network, CamResult]]:
        """The networks that have a map, each with it."""
        return [
            (n, self.results[n.key]) for n in self.view.family.networks if n.key in self.results
        ]

    @property
    def first(self) -> CamResult:
        """What the others are compared with: the baseline's map, or the first there is."""
        return next(iter(self.results.values()))

    @property
    def target(self) -> Target:
        """Which class the maps are for, and why."""
        return self.view.target(self.answers)

    @property
    def target_words(self) -> str:
        """The same, for a heading."""
        if self.target.index is None:
            return self.target.why
        return f"**{self.first.target_class}** ({self.target.why})"

    def is_right(self, network: Network) -> bool | None:
        """Whether the network's own answer is true; None where nobody knows, or it has none."""
        labels = self.view.photo.labels
        known = [label for label in labels if label in self.view.family.classes]
        answer = self.answers.get(network.key)
        return answer.label in known if known and answer is not None else None

    def numbers(self, result: CamResult) -> MapNumbers:
        """What is counted of a map, beside the first one."""
        same_class = result.target_index == self.first.target_index
        baseline = self.first if same_class and result is not self.first else None
        return cache.map_numbers(result, baseline, self.view.settings.box)

    def is_improbable(self, result: CamResult) -> bool:
        """Whether the model finds the class less likely than a blind guess would."""
        asked = METHODS[result.method].class_specific
        return asked and result.probability < 1 / len(self.view.family.classes)

    def tile(self, result: CamResult) -> bytes:
        """`picture` as a JPEG file, painted once for everybody who asks for the same."""
        settings = self.view.settings
        painted = (settings.opacity, settings.colours, settings.raw_grid, settings.scale)
        seen = (self.view.photo.file.key, self.view.square, settings.box)
        return jpeg(
            ("tile", seen, result, painted, self.is_improbable(result)),
            lambda: self.picture(result),
        )

    def picture(
        self,
        result: CamResult,
        longest_px: int = TILE_PX,
        dims: bool = True,
        own_scale: bool = False,
    ) -> Image.Image:
        """The map on the photo, as the controls say (but by its ``own_scale``, where asked): dimmed
        for an improbable class if it ``dims``, with the box if there is one, and a band in the
        role's colour."""
        settings, photo = self.view.settings, self.view.photo
        dim = DIMMED if dims and self.is_improbable(result) else 1.0
        picture = overlays.on_frame(
            self.view.frame(longest_px),
            result if own_scale else rescaled(result, settings.scale),
            opacity=settings.opacity * dim,
            colours=settings.colours,
            raw_grid=settings.raw_grid,
        )
        if settings.box is not None:
            picture = sheets.boxed(picture, photo.image.size, self.view.square, settings.box)
        return banded(picture, result.role)
