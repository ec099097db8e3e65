"""What a tick takes back of a page that was not sent yet leaves no gap for others to fall into."""

from collections import defaultdict

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.testing.v1 import local_script_runner

from effnet_viz.lesson.steps import STEPS
from tests.app.lesson.conftest import LESSON


@pytest.fixture
def sent(monkeypatch) -> list[ForwardMsg]:
    """What the last run has to send."""
    messages: list[ForwardMsg] = []
    parse = local_script_runner.parse_tree_from_messages

    def listen(found):
        messages[:] = found
        return parse(found)

    monkeypatch.setattr(local_script_runner, "parse_tree_from_messages", listen)
    return messages


def gaps(messages: list[ForwardMsg], ticking: str) -> set[tuple[int, ...]]:
    """Containers with a gap after the queue was cleared for a tick of that fragment."""
    queue = ForwardMsgQueue()
    for message in messages:
        queue.enqueue(message)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=[ticking])
    children: dict[tuple[int, ...], set[int]] = defaultdict(set)
    for message in queue.flush():
        if message.HasField("delta"):
            *parent, index = message.metadata.delta_path
            children[tuple(parent)].add(index)
    return {parent for parent, there in children.items() if there != set(range(len(there)))}


#: Screens with every kind of fragment: a test, a question, bids.
@pytest.mark.parametrize("screen", ["before", "cost", "game"])
@pytest.mark.parametrize("role", ["seat", "teacher"])
def test_a_tick_leaves_no_gap(open_page, rooms, sent, role, screen):
    room = rooms.open_room("efficientnet_b0", screen)
    for question in STEPS[screen].questions[:1]:
        rooms.advance(room.code, room.teacher_token, {question: "open"})
    token = room.teacher_token if role == "teacher" else rooms.join(room.code).token
    open_page(LESSON, room=room.code, **{role: token})
    ticks = {m.auto_rerun.fragment_id for m in sent if m.HasField("auto_rerun")}
    assert len(ticks) == (2 if role == "teacher" else 1)
    for fragment in ticks:
        assert not gaps(sent, fragment)
