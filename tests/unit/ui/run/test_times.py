import pytest

from effnet_viz.engine.requests import ModelRef
from effnet_viz.evidence.results import Latency
from effnet_viz.ui.run.times import Times, better, in_words, is_sure


def took(q1: float, median: float, q3: float) -> Latency:
    return Latency(median, q1, q3, 5, 1, "CPU", 1, "2")


CLEAN, SLOWER, NOISY = took(9.8, 10.0, 10.4), took(19, 20, 21), took(40, 455, 900)


@pytest.mark.parametrize(
    ("latency", "words"),
    [
        (took(5.28, 5.31, 5.4), "5.3\u00a0ms"),
        (took(19.1, 19.4, 19.9), "19\u00a0ms"),
        (took(0.98, 0.998, 1.0), "1.0\u00a0ms"),
        (took(118, 123, 129), "120\u00a0ms"),
        (NOISY, "about\u00a0500\u00a0ms"),
        (took(5, 9.7, 14), "about\u00a010\u00a0ms"),
    ],
)
def test_only_sure_digits_are_shown(latency, words):
    assert in_words(latency) == words


def test_a_busy_machine_s_number_gives_way():
    assert is_sure(CLEAN)
    assert not is_sure(NOISY)
    assert better(NOISY, CLEAN) == better(CLEAN, NOISY) == CLEAN
    assert better(SLOWER, CLEAN) == better(CLEAN, SLOWER) == CLEAN
    assert better(NOISY, SLOWER) == SLOWER


def test_a_bad_number_is_not_kept_for_others():
    kept, model = Times(), ModelRef("classroom/width", "cpu")
    assert kept.noted(model, NOISY) == NOISY
    assert kept.noted(model, SLOWER) == SLOWER
    assert kept.noted(model, NOISY) == SLOWER
    assert kept.noted(model, CLEAN) == CLEAN
    kept.forget([model])
    assert kept.noted(model, SLOWER) == SLOWER
