"""What the browser asked for is answered, also when a run starts before the answer was sent."""

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from effnet_viz.ui.frame.answers import keep_answers


@pytest.fixture(autouse=True)
def kept(monkeypatch):
    monkeypatch.setattr(ForwardMsgQueue, "clear", ForwardMsgQueue.clear)  # put back afterwards
    keep_answers()
    keep_answers()  # every run of the app does


def queued() -> ForwardMsgQueue:
    """Two answers, a delta of the last run between them, and its end."""
    queue = ForwardMsgQueue()
    for fill in (
        lambda m: setattr(m.file_urls_response, "response_id", "photos"),
        lambda m: setattr(m.delta.new_element.markdown, "body", "of the last run"),
        lambda m: setattr(m, "heartbeat_ack", True),
        lambda m: setattr(m, "script_finished", ForwardMsg.FINISHED_SUCCESSFULLY),
    ):
        message = ForwardMsg()
        fill(message)
        queue.enqueue(message)
    return queue


@pytest.mark.parametrize("fragments", [None, ["a tick"]])
def test_a_new_run_drops_the_last_ones_elements_and_no_answer(fragments):
    queue = queued()
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=fragments)
    sent = [message.WhichOneof("type") for message in queue.flush()]
    expected = ["file_urls_response", "heartbeat_ack", "script_finished"]
    assert sorted(sent) == sorted(expected + ["delta"] * (fragments is not None))


def test_elements_of_the_new_run_are_still_composed():
    queue = queued()
    queue.clear(retain_lifecycle_msgs=True)
    for body in ("first", "second"):
        message = ForwardMsg()
        message.delta.new_element.markdown.body = body
        message.metadata.delta_path[:] = [0, 0]
        queue.enqueue(message)
    shown = [m.delta.new_element.markdown.body for m in queue.flush() if m.HasField("delta")]
    assert shown == ["second"]


def test_what_was_sent_is_not_sent_again():
    queue = queued()
    assert len(queue.flush()) == 4
    assert not queue.flush()
