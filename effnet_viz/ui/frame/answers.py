"""The server's answers to what the browser asked outlive the start of a new run.

When a run starts, Streamlit drops what the last one has not sent yet, and with it answers to the
browser's own questions. Photos handed over right after a value was changed wait for one, the
addresses to send them to: without it they were gone, and nothing on the page said so.
"""

from __future__ import annotations

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

#: Types of ``ForwardMsg`` that the browser waits for, of whatever run.
ANSWERS = ("file_urls_response", "backend_operation_response", "heartbeat_ack")
_clear = ForwardMsgQueue.clear


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


def keep_answers() -> None:
    """Have every visit's messages cleared so; for the whole server, once is enough."""
    ForwardMsgQueue.clear = _clear_but_answers  # type: ignore[method-assign, assignment]
