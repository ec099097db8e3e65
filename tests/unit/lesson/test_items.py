"""The test before and after: two parallel forms with the same eight items."""

import pytest

from effnet_viz.lesson.answers import written
from effnet_viz.lesson.items import FORMS, ITEMS, MOMENTS, complete, form_of, mark, marks

#: By hand: 0.39 and 4.2 are counts; 1.2³ and 1.3²; 2², 3²; 2²·2², 2²·3²; ⌈3.3⌉, ⌈2.4⌉; the margins
#: of 82 % on 400 and 91 % on 500 photos are 5.3 and 3.5 points.
BY_HAND = {
    "count": ("macs", "macs"),
    "exponent": (1.728, 1.69),
    "width_cost": (4, 9),
    "both_cost": (16, 36),
    "blocks": (4, 3),
    "dimension": ("resolution", "width"),
    "constraint": ("one", "three"),
    "chance": ("chance", "chance"),
}


@pytest.mark.parametrize("key", ITEMS)
def test_both_forms_have_the_answers_found_by_hand(key):
    for form, true in zip(FORMS, BY_HAND[key], strict=True):
        worked = ITEMS[key].work(form)
        assert worked.answer == pytest.approx(true)
        assert mark(key, form, written(worked.answer))
        for wrong in (*worked.traps.values(), *worked.options):
            assert mark(key, form, written(wrong)) == (wrong == worked.answer), wrong


def test_there_are_eight_and_the_forms_ask_alike():
    assert len(ITEMS) == 8
    for item in ITEMS.values():
        one, other = (item.work(form) for form in FORMS)
        assert (one.kind, one.options, one.tolerance) == (
            other.kind,
            other.options,
            other.tolerance,
        )
        assert set(one.facts) == set(other.facts)
        assert set(one.traps) == set(other.traps)


def test_half_of_the_class_gets_each_form_first_and_the_other_afterwards():
    for seats in (10, 31):
        first = [form_of(seat, "before") for seat in range(1, seats + 1)]
        assert abs(first.count("a") - first.count("b")) <= 1
    for seat in range(1, 9):
        assert {form_of(seat, moment) for moment in MOMENTS} == set(FORMS)


def test_what_is_left_out_or_no_answer_is_wrong():
    answers = {key: written(item.work("a").answer) for key, item in ITEMS.items()}
    assert marks(answers, "a") == (True,) * 8
    assert complete(answers)
    del answers["blocks"]
    answers["count"] = "<script>"
    assert not complete(answers)
    assert marks(answers, "a") == (False, True, True, True, False, True, True, True)
