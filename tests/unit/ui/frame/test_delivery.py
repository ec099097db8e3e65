"""What the server has to say reaches the browser, also where one run follows on another."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.script_data import ScriptData
from streamlit.runtime.scriptrunner import RerunData, ScriptRunner, ScriptRunnerEvent
from streamlit.runtime.scriptrunner.script_cache import ScriptCache

from effnet_viz.ui.frame import delivery


@pytest.fixture(autouse=True)
def delivered(monkeypatch):
    for owner, name in ((ForwardMsgQueue, "clear"), (AppSession, "_create_scriptrunner")):
        monkeypatch.setattr(owner, name, getattr(owner, name))  # put back afterwards
    monkeypatch.setattr("streamlit.runtime.app_session.ScriptRunner", Runner)
    delivery.in_full()
    delivery.in_full()  # every run of the app does


def markdown(body: str, *path: int) -> ForwardMsg:
    message = ForwardMsg()
    message.delta.new_element.markdown.body = body
    message.metadata.delta_path[:] = path
    return message


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
        queue.enqueue(markdown(body, 0, 0))
    shown = [m.delta.new_element.markdown.body for m in queue.flush() if m.HasField("delta")]
    assert shown == ["second"]


def test_what_was_sent_is_not_sent_again():
    queue = queued()
    assert len(queue.flush()) == 4
    assert not queue.flush()


class Runner(ScriptRunner):
    """A runner that runs nothing: it takes what is asked of it until it is said to have ended."""

    asked: list[RerunData]

    def start(self) -> None:
        self.asked, self.ended = [self._requests.on_scriptrunner_ready().rerun_data], False

    def request_rerun(self, rerun_data: RerunData) -> bool:
        if not self.ended:
            self.asked.append(rerun_data)
        return not self.ended

    def request_stop(self) -> None:
        self.ended = True


def wanting(fragment: str) -> ClientState:
    return ClientState(fragment_id=fragment)


def visit(act) -> None:
    """A visit on an event loop of its own; its first run has said something and just ended, and a
    fragment is asked for."""

    async def inside() -> None:
        session = AppSession(
            ScriptData("app.py", is_hello=False),
            MemoryUploadedFileManager("/upload"),
            ScriptCache(),
            None,
            {},
        )
        session.has_fragment = lambda _: True
        session.request_rerun(None)
        first = session._scriptrunner
        message = markdown("the end of the page", 0, 9)
        event = ScriptRunnerEvent.ENQUEUE_FORWARD_MSG
        session._on_scriptrunner_event(first, event, forward_msg=message)
        first.ended = True
        session.request_rerun(wanting("tick"))
        await act(session, first)
        session._script_event_loop.close()

    with ThreadPoolExecutor(1) as aside:  # a browser's tests leave a loop running in this thread
        aside.submit(asyncio.run, inside()).result()


def heard(session: AppSession) -> list[str]:
    return [m.delta.new_element.markdown.body for m in session._browser_queue.flush()]


def test_a_fragment_asked_for_as_a_run_ends_takes_nothing_of_it():
    async def act(session, first):
        session.request_rerun(wanting("tick"))
        await asyncio.sleep(0)
        assert heard(session) == ["the end of the page"]
        assert session._scriptrunner is not first
        first_asked, second_asked = session._scriptrunner.asked
        assert first_asked.fragment_id_queue == [second_asked.fragment_id] == ["tick"]

    visit(act)


def test_a_whole_run_begins_at_once_and_the_fragment_runs_after_it():
    async def act(session, first):
        session.request_rerun(ClientState(page_name="lesson"))
        whole = session._scriptrunner
        assert whole is not first
        await asyncio.sleep(0)
        assert session._scriptrunner is whole
        assert [data.fragment_id for data in whole.asked] == [None, "tick"]

    visit(act)


@pytest.mark.parametrize(
    "go",
    [lambda session: setattr(session, "has_fragment", lambda _: False), AppSession.shutdown],
    ids=["fragment", "visit"],
)
def test_for_what_has_gone_meanwhile_nothing_runs(go):
    async def act(session, first):
        go(session)
        await asyncio.sleep(0)
        assert session._scriptrunner is first

    visit(act)
