"""What the server has to say reaches the browser, also where one run follows on another.

Streamlit drops two kinds of message there that nothing sends again:

- When a run starts, what was not sent yet goes, and with it answers to the browser's own questions.
  Photos handed over right after a value was changed wait for one, the addresses to send them to:
  without it they were gone.
- Where a fragment is asked for as a run has just ended, a new runner is made for it, and what the
  last one said but the server has not read yet is ignored. A page that draws itself anew so often
  then kept the old end of the page below the new beginning, and knew of nothing to mend.
"""

from __future__ import annotations

from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner import RerunData

#: Types of ``ForwardMsg`` that the browser waits for, of whatever run.
ANSWERS = ("file_urls_response", "backend_operation_response", "heartbeat_ack")
_clear = ForwardMsgQueue.clear
_create_scriptrunner = AppSession._create_scriptrunner


def in_full() -> None:
    """Have every visit's messages delivered so; for the whole server, once is enough."""
    ForwardMsgQueue.clear = _clear_but_answers  # type: ignore[method-assign, assignment]
    AppSession._create_scriptrunner = _create_once_heard  # type: ignore[method-assign, assignment]


def _clear_but_answers(
    queue: ForwardMsgQueue,
    retain_lifecycle_msgs: bool = False,
    fragment_ids_this_run: list[str] | None = None,
) -> None:
    answers = []
    if retain_lifecycle_msgs and fragment_ids_this_run is None:  # a fragment's run keeps them
        answers = [each for each in queue._queue if each.WhichOneof("type") in ANSWERS]
    _clear(queue, retain_lifecycle_msgs, fragment_ids_this_run)
    queue._queue[:0] = answers


def _create_once_heard(session: AppSession, wanted: RerunData) -> None:
    """A runner for a run, made at once where none is there; after one that has ended, on the event
    loop's next turn: all that it said stands in line before that."""
    ended = session._scriptrunner
    if ended is None:
        _create_scriptrunner(session, wanted)
        return

    def go_on() -> None:
        if session._state is AppSessionState.SHUTDOWN_REQUESTED:
            return
        if wanted.fragment_id and not session.has_fragment(wanted.fragment_id):
            return
        now = session._scriptrunner
        if now is None or now is ended:
            _create_scriptrunner(session, wanted)
        elif not now.request_rerun(wanted):
            _create_once_heard(session, wanted)

    session._event_loop.call_soon(go_on)
