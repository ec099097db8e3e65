import threading

from effnet_viz.engine.jobs.background import Background
from effnet_viz.errors import Cancelled, UserError


def test_what_the_work_returns_is_the_result():
    def work(task):
        task.report("half", 0.5)
        return 42

    job = Background(work).start()
    assert job.wait(10)
    standing = job.standing()
    assert (job.result, job.failure) == (42, "")
    assert (standing.what, standing.share, standing.finished) == ("half", 0.5, True)


def test_a_cancel_reaches_the_work_at_its_next_report():
    reached, go = threading.Event(), threading.Event()
    done = []

    def work(task):
        for step in range(100):
            task.report(f"step {step}", step / 100)
            done.append(step)
            reached.set()
            assert go.wait(10)
        return "all"

    job = Background(work).start()
    assert reached.wait(10)
    job.cancel()
    go.set()
    assert job.wait(10)
    assert job.result is None
    assert done == [0]
    assert job.standing().cancelled


def test_work_may_keep_what_it_has_when_stopped():
    go = threading.Event()

    def work(task):
        assert go.wait(10)
        kept = [1]
        try:
            task.report("second", 0.5)
        except Cancelled:
            return kept
        return [1, 2]

    job = Background(work).start()
    job.cancel()
    go.set()
    assert job.wait(10)
    assert job.result == [1]


def test_errors_become_sentences():
    def refuses(_task):
        raise UserError("Choose another photo.")

    def breaks(_task):
        raise ZeroDivisionError("division by zero")

    for work, words in ((refuses, "Choose another photo."), (breaks, "ZeroDivisionError")):
        job = Background(work).start()
        assert job.wait(10)
        assert words in job.failure


def test_time_left_follows_from_the_share(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("effnet_viz.engine.jobs.background.time.monotonic", lambda: now[0])
    job = Background(lambda task: task.report("now", 0.25)).start()
    assert job.wait(10)
    now[0] = 130.0
    assert job.standing().in_words() == "now, about 2 min left"


def test_heavy_work_takes_turns_and_says_its_place():
    go, order = threading.Event(), []

    def work(task):
        order.append("first")
        assert go.wait(10)

    first = Background(work).start()
    while not order:
        assert not first.wait(0.01)
    second = Background(lambda task: order.append("second")).start()
    third = Background(lambda task: order.append("third")).start()
    while "before you" not in third.standing().what:
        assert not third.wait(0.01)
    third.cancel()
    assert third.wait(10)
    go.set()
    assert first.wait(10)
    assert second.wait(10)
    assert order == ["first", "second"]
