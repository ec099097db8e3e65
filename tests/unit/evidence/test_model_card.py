"""The model card says what the records say."""

from effnet_viz.evidence.checkpoints import read_record, shipped_members
from effnet_viz.evidence.family import family_results, pairs
from effnet_viz.evidence.model_card import CARD_FILE, card, write_card


def test_the_shipped_card_is_that_of_the_records():
    assert CARD_FILE.read_text() == card()


def test_every_network_is_on_it_with_its_accuracy(tmp_path):
    text = write_card(path=tmp_path / "card.md").read_text()
    for member in shipped_members():
        record = read_record(member.name)
        (line,) = [line for line in text.splitlines()
                   if line.startswith(f"| {member.name} ") and "%**" in line]  # fmt: skip
        assert f"**{record['val_top1']:.1f} %**" in line
        assert f"{record['params']:,}" in line


def test_every_two_roles_are_on_it_as_judged():
    rows = [line.split("|")[1:4] for line in card().splitlines() if line.count("|") == 7]
    for pair in pairs(family_results()):
        points = f"{pair.by.points:+.1f}"
        wanted = (pair.better.role, pair.worse.role, f"**{points}**" if pair.apart else points)
        assert wanted in {tuple(cell.strip() for cell in row) for row in rows}
