"""How alike maps are: the shipped table and its sentence."""

from dataclasses import replace

from effnet_viz.evidence.checkpoints import shipped_members
from effnet_viz.evidence.seeds import agreement
from effnet_viz.evidence.seeds.agreement import (
    AgreementRow,
    agreement_sentence,
    floor_sentence,
    read_agreement,
)

SEEDS = AgreementRow("baseline", "baseline", 3, 0.8, 0.75, 0.85, 0.2, 0.0, 0.0, 0.0, 484)
ROLES = AgreementRow("baseline", "width", 3, 0.6, 0.55, 0.65, 0.2, -0.2, -0.25, -0.15, 484)


def test_the_shipped_table_is_of_the_networks_that_ship():
    networks = {}
    for member in shipped_members():
        if member.times != 2:
            networks[member.role] = networks.get(member.role, 0) + 1
    rows = {(row.one, row.other): row for row in read_agreement()}
    again = "`python -m effnet_viz evaluate --data FOLDER --agreement` measures it again"
    for role, count in networks.items():
        for other, others in networks.items():
            pair = rows.get((role, other))
            if role == other and count > 1:
                assert pair is not None, again
                assert pair.pairs == count * (count - 1) / 2, again
            elif pair is not None:
                assert pair.pairs == count * others, again
    assert len(rows) == 10 + sum(count > 1 for count in networks.values()), again
    for row in rows.values():
        assert -1 <= row.low <= row.mean <= row.high <= 1
        assert row.elsewhere < row.mean  # the photo itself makes maps alike


def test_what_is_said_follows_the_intervals():
    other = replace(ROLES, other="depth", mean=0.82, over_seeds=0.02, over_seeds_high=0.07)
    said = agreement_sentence([SEEDS, ROLES, other])
    assert "baseline 0.80 (0.75 to 0.85); maps of different photos, by habit alone, 0.20" in said
    assert "**0.71** on average, from 0.60 (baseline and width) to 0.82" in said
    assert "Of the 2 pairs with a role of several seeds, 1 agrees less than the seeds do" in said
    assert said.endswith("beyond chance among the photos: baseline and width.")
    unknown = replace(
        ROLES, one="depth", over_seeds=None, over_seeds_low=None, over_seeds_high=None
    )
    said = agreement_sentence([SEEDS, other, unknown])
    assert "Of the 1 pairs with a role of several seeds, **none agrees less**" in said
    assert "by luck of the start as much as by scaling" in said
    assert agreement_sentence([]) == agreement_sentence([ROLES]) == ""
    assert agreement_sentence([SEEDS, unknown]) == ""


def test_a_table_is_read_as_it_was_written(tmp_path):
    rows = (SEEDS, replace(ROLES, over_seeds=None, over_seeds_low=None, over_seeds_high=None))
    agreement.write_agreement(rows, tmp_path / "table.json")
    assert read_agreement(tmp_path / "table.json") == rows
    assert read_agreement(tmp_path / "none.json") == ()


def test_the_floor_under_a_correlation_is_that_of_two_seeds():
    said = floor_sentence([SEEDS, ROLES])
    assert said == "Mean over 484 photos, two seeds of one role: baseline 0.80; two roles: 0.60."
    assert floor_sentence([ROLES]) == floor_sentence([SEEDS]) == ""
