"""The screens of the lesson in their order, and what belongs to each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Link:
    """A page of the app and the state it opens with; its label is under ``key`` in the words."""

    key: str
    page: str
    state: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """One screen: its questions in the order of asking, where it points to, and which of the
    questions its live part would answer: it shows its numbers once they are revealed."""

    key: str
    questions: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    first: tuple[str, ...] = ()


def _link(key: str, page: str, **state: str) -> Link:
    return Link(key, f"pages/{page}.py", MappingProxyType(state))


#: The budgets of the game, in baselines, by the name under which a room keeps the bids.
BUDGETS: MappingProxyType[str, float] = MappingProxyType({"budget2": 2.0, "budget4": 4.0})

STEPS: MappingProxyType[str, Step] = MappingProxyType(
    {
        step.key: step
        for step in (
            Step("before"),
            Step(
                "why",
                ("b4", "flops", "search"),
                (
                    _link("paper", "paper", p_section="Table 2"),
                    _link("scale", "scale", by="B0-B7", variant="B4"),
                ),
                ("b4",),
            ),
            Step(
                "one",
                ("width", "pixels", "depth_alone"),
                (
                    _link("search", "grid_search"),
                    _link("scale", "scale", by="d, w, r", depth="4"),
                ),
                ("depth_alone",),
            ),
            Step(
                "cost",
                ("double_width", "double_both", "triple"),
                (
                    _link("scale", "scale", by="d, w, r", width="2"),
                    _link("anatomy", "anatomy", by="d, w, r", width="2"),
                ),
                ("double_width", "double_both"),
            ),
            Step("game", tuple(BUDGETS), (_link("search", "grid_search"),)),
            Step(
                "family",
                ("phi_one", "power", "index"),
                (
                    _link("scale", "scale", phi="1.0", guess="Just show me"),
                    _link("paper", "paper", p_section="Misreadings"),
                ),
                ("phi_one",),
            ),
            Step(
                "look",
                ("maps", "time", "mbconv"),
                (
                    _link("compare", "compare", photo="Golf ball", grid="true", shown="true"),
                    _link("benchmark", "benchmark"),
                ),
                ("maps",),
            ),
            Step("after", (), (_link("scale", "scale"),)),
        )
    }
)

#: For who has more than fifty minutes, after the lesson's last screen.
MORE: MappingProxyType[str, Step] = MappingProxyType(
    {
        step.key: step
        for step in (
            Step(
                "clock",
                ("slowest", "slower"),
                (_link("benchmark", "benchmark"),),
                ("slowest", "slower"),
            ),
            Step(
                "later",
                ("reward", "activations"),
                (
                    _link("paper", "paper", p_section="Reward"),
                    _link("scale", "scale", by="B0-B7", variant="L2"),
                ),
                ("activations",),
            ),
        )
    }
)

#: Every screen, in order.
SCREENS: MappingProxyType[str, Step] = MappingProxyType({**STEPS, **MORE})

#: The five steps that teach, without the tests and the game.
TEACHING = ("why", "one", "cost", "family", "look")
