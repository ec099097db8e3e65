"""What so few photos allow to be said, against hand counts and scipy."""

import numpy as np
import pytest
from scipy.stats import binomtest

from effnet_viz.engine.transfer.results import (
    LinearHead,
    NetworkResult,
    TransferStudy,
    least_lead,
    not_worse,
    on_the_border,
    sign_test,
    verdict,
)

LABELS = (0,) * 20 + (1,) * 20


def network(title, wrong, border=(0.4, 0.4)):
    said = tuple(1 - label if n in wrong else label for n, label in enumerate(LABELS))
    head = LinearHead(np.zeros((2, 3), np.float32), np.zeros(2, np.float32), 1.0)
    return NetworkResult(
        f"x/{title}",
        title,
        "baseline",
        "",
        96,
        10**6,
        0.01,
        said,
        40 - len(wrong),
        (18, 20, 25),
        head,
        border,
    )


def study(*networks):
    titles = tuple(map(str, range(40)))
    return TransferStudy(
        ("a", "b"), LABELS, titles, networks, network("random", range(10)), "folds"
    )


@pytest.mark.parametrize("first", range(0, 12, 3))
@pytest.mark.parametrize("second", range(0, 12, 4))
def test_the_sign_test_is_scipys(first, second):
    if first + second == 0:
        assert sign_test(0, 0) == 1
        return
    wanted = binomtest(first, first + second, 0.5).pvalue
    assert sign_test(first, second) == pytest.approx(wanted)


@pytest.mark.parametrize("networks", [2, 3, 5, 10])
def test_the_least_lead_is_the_first_that_scipy_finds_unlikely(networks):
    level = 0.05 / (networks - 1)
    lead = least_lead(networks)
    assert binomtest(lead, lead).pvalue <= level < binomtest(lead - 1, lead - 1).pvalue


def test_confusion_and_wrong_photos_are_counted_by_hand():
    one = network("one", (0, 1, 25))
    found = study(one)
    assert found.confusion(one).tolist() == [[18, 2], [1, 19]]
    assert found.wrong(one) == (0, 1, 25)
    assert found.chance == 50


def test_the_shuffled_controls_mean_and_range_by_hand():
    one = network("one", ())
    assert one.shuffled_accuracy == pytest.approx(52.5)
    assert one.shuffled_range == (45, 62.5)


def test_one_photo_more_is_no_best_network():
    found = study(network("one", (0,)), network("two", (1, 2)))
    assert len(not_worse(found)) == 2
    assert "cannot tell these networks apart: they have 38 to 39 right" in verdict(found)
    assert "fewer than 6 photos (15 points)" in verdict(found)  # 2 / 2 ** 6 < 0.05 < 2 / 2 ** 5


def test_twelve_photos_that_only_one_has_right_are_a_best_network():
    found = study(network("one", ()), network("two", range(12)))
    assert verdict(found) == "one transfers best: 40 of 40 right, beyond chance."


def test_the_surely_worse_are_named_beside_those_that_tie():
    found = study(network("one", (0,)), network("two", (1, 2)), network("three", range(14)))
    assert "cannot tell the best 2 apart" in verdict(found)
    assert verdict(found).endswith("Surely worse than the best: three.")


def test_networks_no_better_than_chance_have_no_best():
    found = study(network("one", range(18)), network("two", range(20)))
    assert verdict(found).startswith("No network is surely better")


def test_a_class_on_the_border_for_most_networks_is_named():
    far, near = (0.7, 0.4), (0.5, 0.4)
    assert on_the_border(study(network("1", (), far), network("2", (), far))) == ("a",)
    assert on_the_border(study(network("1", (), far), network("2", (), near))) == ()
    assert on_the_border(study(network("1", (), (None, None)))) == ()
