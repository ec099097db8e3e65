"""The optional steps: answers from measured rows and from the engine, not from a key."""

from dataclasses import replace

import pytest

from effnet_viz.errors import ResourceError
from effnet_viz.evidence.timing import example
from effnet_viz.lesson import more
from effnet_viz.lesson.questions import QUESTIONS, shipped
from effnet_viz.lesson.steps import MORE, SCREENS, STEPS
from effnet_viz.scaling.cost import network_cost


def with_times(ms: dict[str, float]):
    """The shipped rows with other times."""
    return replace(
        shipped(),
        times=tuple(
            replace(row, latency=replace(row.latency, median_ms=ms.get(row.model, 1.0)))
            for row in shipped().times
        ),
    )


def test_they_come_after_the_fifty_minutes():
    assert list(SCREENS) == [*STEPS, *MORE]
    assert not set(STEPS) & set(MORE)
    for step in MORE.values():
        assert len(step.questions) == 2


def test_the_slowest_is_the_slowest_of_the_rows_that_are_handed_in():
    rows = {row.model: row for row in example() if row.family == "classroom"}
    counts = [rows[role].macs for role in ("depth", "width", "resolution", "compound")]
    assert max(counts) / min(counts) < 1.03  # "the same number"
    assert QUESTIONS["slowest"].work(shipped()).answer == "depth"
    handed = with_times({"depth": 2.0, "width": 6.0, "resolution": 4.0, "compound": 3.0})
    assert QUESTIONS["slowest"].work(handed).answer == "width"
    slower = QUESTIONS["slower"].work(handed)
    assert slower.answer == 3
    assert (slower.facts["slow"], slower.facts["quick"]) == ("width", "depth")


def test_unmeasured_networks_are_one_sentence():
    for key in ("slowest", "slower"):
        with pytest.raises(ResourceError, match="missing"):
            QUESTIONS[key].work(replace(shipped(), times=shipped().times[:3]))


def test_the_price_of_twice_the_cost_by_hand():
    assert QUESTIONS["reward"].work(shipped()).answer == pytest.approx(100 * (1 - 2**-0.07))


def test_width_buys_most_for_its_activations():
    """Figures that a flop counter gave for B0 on torchvision's modules."""
    worked = QUESTIONS["activations"].work(shipped())
    assert worked.answer == "width"
    counted = {"depth": (4.08, 3.38), "width": (3.76, 2.0), "resolution": (3.99, 4.0)}
    for name, (macs, activations) in counted.items():
        assert worked.facts[f"{name}_macs"] == pytest.approx(macs, abs=0.005)
        assert worked.facts[f"{name}_act"] == pytest.approx(activations, abs=0.005)


def test_what_came_after_is_as_its_sources_say():
    lite = more.LATER["lite"].spec
    assert lite is not None
    assert network_cost(lite).params == 13_006_568
    fast = more.fast(4)
    assert (round(fast.depth, 3), round(fast.width, 3), fast.resolution_px) == (1.149, 1.741, 240)
    built = more.LATER["fast"].spec
    assert built is not None
    cost = network_cost(built).macs / 385_814_752
    assert cost == pytest.approx(5.18, abs=0.005)
    assert [key for key, each in more.LATER.items() if each.secret] == ["fast"]
