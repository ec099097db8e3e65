"""Roles against seeds on one photo."""

from effnet_viz.evidence.seeds.one_photo import Likeness, on_this_photo

SEEDS = (0.6, 0.7, 0.8)


def test_a_role_is_elsewhere_only_where_every_pair_is_less_alike_than_the_seeds():
    assert Likeness("width", (0.1, 0.59)).is_elsewhere(min(SEEDS))
    assert not Likeness("width", (0.1, 0.6)).is_elsewhere(min(SEEDS))
    assert not Likeness("width", ()).is_elsewhere(min(SEEDS))


def test_a_role_whose_own_seeds_differ_as_much_is_not():
    restless = Likeness("width", (0.1, 0.3), own=(0.2,))
    assert not restless.is_elsewhere(min(SEEDS))
    assert on_this_photo(SEEDS, [restless, Likeness("depth", (0.9,))]) == (
        "On this photo no role differs from the baseline by more than its own seeds differ from "
        "one another (ρ 0.60 to 0.80), or those of width (ρ 0.20) do."
    )
    roles = [restless, Likeness("depth", (0.3,), own=(0.4,)), Likeness("compound", (0.9,))]
    assert on_this_photo(SEEDS, roles) == (
        "On this photo **depth** looks elsewhere than the baseline, by more than its own seeds "
        "differ from one another (ρ 0.60 to 0.80); the seeds of width (ρ 0.20) differ as much; "
        "compound does not."
    )


def test_the_sentence_names_those_that_are_and_those_that_are_not():
    roles = [Likeness("depth", (0.3,)), Likeness("width", (0.9,)), Likeness("compound", (0.2,))]
    assert on_this_photo(SEEDS, roles) == (
        "On this photo **depth and compound** look elsewhere than the baseline, by more than its "
        "own seeds differ from one another (ρ 0.60 to 0.80); width does not."
    )
    assert on_this_photo(SEEDS, roles[1:2]) == (
        "On this photo no role differs from the baseline by more than its own seeds differ from "
        "one another (ρ 0.60 to 0.80)."
    )


def test_nothing_is_said_without_seeds_or_maps():
    assert on_this_photo((), [Likeness("depth", (0.3,))]) == ""
    assert on_this_photo(SEEDS, [Likeness("depth", ())]) == ""
