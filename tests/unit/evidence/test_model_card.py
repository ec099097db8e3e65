"""The model card says what the records say."""

from effnet_viz.evidence.checkpoints import read_record, shipped_members
from effnet_viz.evidence.model_card import CARD_FILE, card, write_card


def test_the_shipped_card_is_that_of_the_records():
    assert CARD_FILE.read_text() == card()


def test_every_network_is_on_it_with_its_accuracy(tmp_path):
    text = write_card(path=tmp_path / "card.md").read_text()
    for member in shipped_members():
        record = read_record(member.name)
        (line,) = [line for line in text.splitlines()
                   if line.startswith(f"| {member.name} ") and "**" in line]  # fmt: skip
        assert f"**{record['val_top1']:.1f} %**" in line
        assert f"{record['params']:,}" in line
