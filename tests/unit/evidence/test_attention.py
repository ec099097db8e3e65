"""The table of measured attention: written, read, and judged against the spread of the seeds."""

import pytest

from effnet_viz.errors import UserError
from effnet_viz.evidence.attention import (
    CENTRE,
    RANDOM,
    TRAINED,
    AttentionRow,
    ShiftRow,
    beats_centre,
    moved_by_placing,
    placing_sentence,
    read_attention,
    read_shifts,
    seeds_range,
    stands_out,
    verdict,
    write_attention,
    write_shifts,
)


def row(model: str, value: float, **changes) -> AttentionRow:
    role, _, seed = model.partition("-seed")
    given = {
        "role": role, "times": 1, "seed": int(seed or 0), "weights": TRAINED,
        "measure": "pointing", "compared_with": "", "low": value - 2, "high": value + 2, "n": 484,
    }  # fmt: skip
    return AttentionRow(model, value=value, **(given | changes))


SEEDS = [row("baseline", 70.0), row("baseline-seed1", 71.5), row("baseline-seed2", 69.5)]


def test_written_and_read_back(tmp_path):
    rows = [*SEEDS, row("depth", 80.5, measure="energy", compared_with="baseline")]
    write_attention(rows, tmp_path / "table.csv")
    assert list(read_attention(tmp_path / "table.csv")) == rows


def test_shifts_are_written_and_read_back(tmp_path):
    rows = [ShiftRow("dots", "b0", 9, 32, 224, "tiles", 3.1, 2.0, 4.25, 24)]
    write_shifts(rows, tmp_path / "table.csv")
    assert list(read_shifts(tmp_path / "table.csv")) == rows
    with pytest.raises(UserError, match="damaged"):
        read_attention(tmp_path / "table.csv")


def test_no_table_is_an_empty_one_and_a_damaged_one_a_sentence(tmp_path):
    assert read_attention(tmp_path / "none.csv") == ()
    for text in ("a,b\n1,2\n", SEEDS[0].model + "\n1\n"):
        (tmp_path / "table.csv").write_text(text)
        with pytest.raises(UserError, match="damaged"):
            read_attention(tmp_path / "table.csv")


def test_the_range_of_the_seeds_is_of_the_trained_baselines_alone():
    others = [
        row("baseline", 5.0, weights=RANDOM),
        row("baseline", 99.0, measure="energy"),
        row("baseline-seed1", 50.0, compared_with="baseline"),
        row("depth", 90.0),
    ]
    assert seeds_range([*SEEDS, *others], "pointing") == (69.5, 71.5)
    assert seeds_range(SEEDS[:1], "pointing") is None


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (73.6, 1.0, 5.0, True),  # 2.1 above the seeds, which span 2.0
        (73.4, 1.0, 5.0, False),  # 1.9 above
        (67.4, -4.0, -1.0, True),
        (80.0, -0.5, 20.0, False),  # chance among the photos reaches 0
        (70.0, 0.1, 0.2, False),
    ],
)
def test_what_stands_out(value, low, high, verdict):
    role = row("depth", value)
    paired = row("depth", value - 70, compared_with="baseline", low=low, high=high)
    assert stands_out([*SEEDS, role, paired], role) is verdict


@pytest.mark.parametrize(
    ("measure", "low", "high", "verdict"),
    [
        ("pointing", 0.5, 3.0, True),
        ("pointing", -0.5, 3.0, False),
        ("deletion", -3.0, -0.5, True),
        ("deletion", 0.5, 3.0, False),
    ],
)
def test_beating_the_bell_curve_is_a_paired_question(measure, low, high, verdict):
    role = row("depth", 80.0, measure=measure)
    paired = row("depth", 1.0, measure=measure, compared_with="centre", low=low, high=high)
    assert beats_centre([role, paired], role) is verdict
    assert beats_centre([role], role) is None


def test_nothing_is_said_without_seeds_or_a_paired_difference():
    role = row("depth", 80.0)
    assert stands_out([*SEEDS, role], role) is None
    assert stands_out([SEEDS[0], role, row("depth", 10.0, compared_with="baseline")], role) is None


def test_a_role_stands_out_with_every_seed_of_its_own_or_not_at_all():
    over = {"depth": 12.0, "width": 11.0, "width-seed1": -9.0, "resolution": 14.0,
            "resolution-seed1": 16.0, "compound": 0.5}  # fmt: skip
    rows = [*SEEDS, *(row(model, 70 + points) for model, points in over.items())]
    rows += [row(model, points, compared_with="baseline") for model, points in over.items()]
    rows += [row("resolution", 3.0, compared_with="centre"),
             row("resolution-seed1", 1.0, compared_with="centre"),
             row("depth", 4.0, compared_with="centre"),
             row("centre", 67.0, weights=CENTRE)]  # fmt: skip
    said = verdict(rows, "pointing")
    assert "**depth (+12.0, better) and resolution (+15.0, better)** lie outside" in said
    assert "width (+11.0 and -9.0 by its seeds) and compound do not." in said
    assert "Trained once, so perhaps by luck of the start: depth." in said
    assert "only depth beats it beyond chance" in said  # resolution with one of its seeds alone
    assert "**No role** lies outside" in verdict([*SEEDS, rows[8], rows[14]], "pointing")


def test_what_placing_moved_is_of_the_trained_networks():
    now = [row("baseline", 60.0), row("depth", 72.5), row("depth", 9.0, weights=RANDOM)]
    before = [row("baseline", 66.9), row("depth", 71.0), row("depth", 1.0, weights=RANDOM)]
    assert moved_by_placing(now, before, "pointing") == (
        "Against the same maps counted as equal tiles, in points, where that was done: "
        "baseline -6.9, depth +1.5."
    )
    assert moved_by_placing(now, [], "pointing") == ""


def test_the_measured_shifts_in_words():
    """Of 224 px 3 % are 6.7; over the roles the absolute shifts count."""
    shifts = [
        ShiftRow("dots", "EfficientNet-B0", 1, 2, 224, "tiles", 9.0, 9.0, 9.0, 24),
        ShiftRow("dots", "EfficientNet-B0", 9, 32, 224, "tiles", 3.0, 2.0, 4.0, 24),
        ShiftRow("dots", "EfficientNet-B0", 9, 32, 224, "centres", 0.5, -0.5, 1.0, 24),
        ShiftRow("dots", "EfficientNet-B0", 9, 32, 224, "points", -4.0, -5.0, -3.0, 24),
        *(
            ShiftRow("mirrored", role, 9, 16, 96, placed, mean, 0, 0, 60)
            for role, placed, mean in (
                ("depth", "tiles", 1.0),
                ("width", "tiles", -2.0),
                ("depth", "centres", -1.0),
                ("width", "centres", -6.0),
            )
        ),
    ]
    said = placing_sentence(shifts)
    assert "a bright dot comes back +6.7 px off at stage 9 of EfficientNet-B0 (224 px) with" in said
    assert "and +1.1 px with cells round their own centres. Counted at the centres alone" in said
    assert "it is -9.0 px" in said
    assert "1.5 % of the side off with tiles and 3.5 % with own centres" in said
    assert said.endswith("There the tiles are nearer than the own centres.")
    assert placing_sentence(shifts[:4]) == ""
