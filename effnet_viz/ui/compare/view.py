"""What the page looks at, and the maps that could be made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image

from effnet_viz.engine.images import Square
from effnet_viz.engine.requests import Look
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.evidence.results import CamResult, MapNumbers
from effnet_viz.figures import overlays, sheets
from effnet_viz.figures.base import ROLE_COLOURS
from effnet_viz.ui.compare.choices import BASELINES_TOP, OWN_TOP, Settings
from effnet_viz.ui.compare.models import Family, Network
from effnet_viz.ui.shared import cache
from effnet_viz.ui.shared.photos import Photo

TILE_PX = 480
#: How much of the opacity is left for a class that a model holds for less likely than a guess.
DIMMED = 0.35


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

    def target_of(self, results: Mapping[str, CamResult]) -> int | None:
        """The class for the next map: chosen, that of the first map, or the model's own (None)."""
        if self.settings.target >= 0:
            return self.settings.target
        if self.settings.target == BASELINES_TOP and results:
            return next(iter(results.values())).target_index
        return None


@dataclass(frozen=True, slots=True)
class Maps:
    """The maps that could be made, by network key, in the family's order."""

    view: View
    results: dict[str, CamResult]

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
    def full_scale(self) -> float | None:
        """The value of the brightest colour where all share one scale, else None."""
        if not self.view.settings.same_scale:
            return None
        return max(result.raw_max for result in self.results.values())

    @property
    def target_words(self) -> str:
        """Which class the maps are for, and who chose it."""
        if self.view.settings.target == OWN_TOP:
            return "each model's own top class"
        chosen = "the baseline's top class" if self.view.settings.target < 0 else "chosen"
        return f"**{self.first.target_class}** ({chosen})"

    def numbers(self, result: CamResult) -> MapNumbers:
        """What is counted of a map, beside the first one."""
        same_class = result.target_index == self.first.target_index
        baseline = self.first if same_class and result is not self.first else None
        return cache.map_numbers(result, baseline, self.view.settings.box)

    def is_improbable(self, result: CamResult) -> bool:
        """Whether the model finds the class less likely than a blind guess would."""
        asked = METHODS[result.method].class_specific
        return asked and result.probability < 1 / len(self.view.family.classes)

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
        picture = overlays.overlay(
            photo.image,
            self.view.square,
            result,
            opacity=settings.opacity * dim,
            colours=settings.colours,
            full_scale=None if own_scale else self.full_scale,
            raw_grid=settings.raw_grid,
            longest_px=longest_px,
        )
        if settings.box is not None:
            picture = sheets.boxed(picture, photo.image.size, self.view.square, settings.box)
        return overlays.banded(picture, ROLE_COLOURS.get(result.role, "#777777"))
