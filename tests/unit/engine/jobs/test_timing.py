"""The measurement in a process of its own: a real one, and stand-ins that misbehave."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from effnet_viz.engine.jobs import timing
from effnet_viz.engine.jobs.timing import Job, asked, request
from effnet_viz.evidence.timing import MODELS, Setup, as_dict, custom_entry, find
from effnet_viz.scaling.architectures import EFFICIENTNET_B0
from tests.unit.evidence.rows import row

TINY = replace(EFFICIENTNET_B0, resolution_px=32)
ONE, TWO, THREE = (custom_entry(TINY, "baseline", name) for name in ("one", "two", "three"))


@pytest.fixture
def worker(monkeypatch, tmp_path):
    """``worker(code)``: the process runs this code, which knows ``names`` and has ``say``."""

    def use(code: str) -> None:
        script = tmp_path / "worker.py"
        script.write_text(
            "import json, os, signal, sys, time\n"
            "names = [e['name'] for e, _ in json.loads(sys.stdin.readline())]\n"
            f"row = {as_dict(row('model', 10**6, 1.0))!r}\n"
            "def say(at, **event):\n"
            "    print(json.dumps({'at': at, **event}), flush=True)\n"
            "def measured(at):\n"
            "    say(at, row={**row, 'model': names[at]})\n" + code
        )
        monkeypatch.setattr(timing, "COMMAND", (sys.executable, str(script)))

    return use


def until(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def is_running(process: subprocess.Popen) -> bool:
    """Whether the system still knows the process, as a zombie too."""
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_module_that_the_process_runs_is_there():
    python, flag, module = timing.COMMAND
    assert (python, flag) == (sys.executable, "-m")
    assert importlib.util.find_spec(module) is not None


def test_a_request_survives_the_way_to_the_process():
    entries = [*MODELS.values(), custom_entry(TINY, "depth", "Scale: φ = 1")]
    setup = Setup("cuda", None, 8, 3)
    pieces = [(entry, setup) for entry in entries]
    line = request(pieces)
    assert "\n" not in line
    assert asked(line) == pieces


def test_a_real_process_measures_and_names_what_it_left_out():
    job = Job([ONE, find("b7"), TWO], Setup(batch_size=32, repeats=1)).start()
    assert job.wait(120)
    assert [got.model for got in job.rows] == ["one", "two"]
    for got in job.rows:
        assert got.latency.median_ms > 0
        assert (got.threads, got.batch_size, got.params) == (1, 32, 5_288_548)
    (refused,) = job.failures
    assert refused.startswith("Not run: B7 in batches of 32 at 600 px needs 1,2")
    assert "at most 300 billion" in refused
    done = job.progress()
    assert (done.models_done, done.models, done.share) == (3, 3, 1.0)
    assert done.finished
    assert not done.cancelled
    assert not is_running(job._process)


def test_rows_and_progress_arrive_while_it_runs(worker):
    worker("measured(0); say(1, part=0.25); time.sleep(600)")
    started = time.monotonic()
    job = Job([ONE, TWO], Setup()).start()
    until(lambda: job.progress().share > 0.5)
    now = job.progress()
    assert [got.model for got in job.rows] == ["one"]
    assert (now.model, now.models_done, now.finished) == ("two", 1, False)
    assert not now.starting
    assert now.share == pytest.approx((1 + 0.25) / 2)
    assert 0 <= now.seconds_left <= time.monotonic() - started
    job.cancel()
    assert job.wait(120)
    assert [got.model for got in job.rows] == ["one"]
    assert job.progress().cancelled
    assert not job.failures
    assert not is_running(job._process)
    assert not timing._measuring.locked()


def test_large_models_weigh_more_and_those_left_out_nothing(worker):
    worker("measured(0); say(1, failure='no'); say(2, part=0.5); time.sleep(600)")
    job = Job([find("b0"), find("b6"), find("b7")], Setup()).start()
    until(lambda: job.progress().models_done == 2 and job.progress().share > 0.25)
    b7 = 290_000_000
    share = (timing.LEAST_WORK + b7 / 2) / (timing.LEAST_WORK + b7)
    assert job.progress().share == pytest.approx(share, rel=0.01)
    job.cancel()
    assert job.wait(120)


def test_the_time_left_shrinks_as_the_work_does(worker):
    worker("measured(0); say(1, part=0.5); time.sleep(600)")
    started = time.monotonic()
    job = Job([ONE, TWO], Setup()).start()
    until(lambda: job.progress().models_done == 1)
    until(lambda: job.progress().share == pytest.approx(0.75))
    # had three quarters taken five minutes, the last one would take a third of that
    job._started -= 300
    seconds_left = job.progress().seconds_left
    assert 100 <= seconds_left <= 100 + (time.monotonic() - started) / 3
    job.cancel()
    assert job.wait(120)


def test_a_model_that_takes_the_process_with_it_is_left_out_alone(worker):
    """As the system does when memory runs out."""
    worker(
        "for at, name in enumerate(names):\n"
        "    say(at, part=0.5)\n"
        "    if name == 'two':\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    measured(at)\n"
    )
    job = Job([ONE, TWO, THREE], Setup()).start()
    assert job.wait(120)
    assert [got.model for got in job.rows] == ["one", "three"]
    (failure,) = job.failures
    assert failure.startswith("two was not measured: the system ended its process")
    assert "memory ran out" in failure
    assert job.progress().share == 1.0


def test_a_process_that_cannot_start_is_tried_once(worker):
    worker("print('No module named torch.', file=sys.stderr); raise SystemExit(3)")
    job = Job([ONE, TWO], Setup()).start()
    assert job.wait(120)
    assert job.failures == ("The measurement could not start: No module named torch.",)
    assert not job.rows


def test_no_such_program_is_one_sentence(monkeypatch):
    monkeypatch.setattr(timing, "COMMAND", ("/no/such/python",))
    job = Job([ONE], Setup()).start()
    assert job.wait(120)
    (failure,) = job.failures
    assert failure.startswith("The measurement stopped: FileNotFoundError")
    assert not timing._measuring.locked()


def test_a_second_job_waits_for_the_first_and_can_be_cancelled_meanwhile(monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("both ran at once"))
    with timing._measuring:
        job = Job([ONE], Setup()).start()
        until(lambda: job.progress().waiting and not job.progress().finished)
        job.cancel()
        assert job.wait(120)
    assert not job.rows
    assert not job.failures


def test_a_visitor_who_leaves_ends_the_process_and_one_who_comes_back_does_not(worker, monkeypatch):
    worker("say(0, part=0.0); time.sleep(600)")
    monkeypatch.setattr(timing, "GRACE_SECONDS", 600)
    job = Job([ONE], Setup()).start()
    until(lambda: not job.progress().starting)
    job.leave()
    first = job._leaving
    job.stay()
    until(lambda: not first.is_alive())
    assert not job.progress().cancelled
    monkeypatch.setattr(timing, "GRACE_SECONDS", 0.05)
    job.leave()
    assert job.wait(120)
    assert not is_running(job._process)


def test_leaving_after_the_end_changes_nothing(worker):
    worker("measured(0)")
    job = Job([ONE], Setup()).start()
    assert job.wait(120)
    job.leave()
    assert job._leaving is None
    assert not job.progress().cancelled


def test_the_process_ends_with_whoever_asked():
    """As when the server is killed: only the pipe's end tells the process."""
    process = subprocess.Popen(
        timing.COMMAND, cwd=timing.IMPORT_FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    long = [find("b5")] * 20
    process.stdin.write(request([(entry, Setup(repeats=1000)) for entry in long]).encode() + b"\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline()) == {"at": 0, "part": 0.0}
    process.stdin.close()
    assert process.wait(120) == 0
    process.stdout.close()


def test_a_bug_in_a_measurement_is_one_line_and_the_next_goes_on(monkeypatch, capsys):
    from effnet_viz.engine.timing import models
    from effnet_viz.engine.timing import worker as bench_worker

    def broken(entry, setup, on_pass):
        if entry.name == "one":
            raise ZeroDivisionError("by\nzero")
        on_pass(1, 4)
        return row(entry.name, 10**6, 1.0)

    monkeypatch.setattr(models, "measure", broken)
    monkeypatch.setattr(bench_worker, "SECONDS_BETWEEN_WORDS", 0)
    read, write = os.pipe()
    with os.fdopen(read) as answers, os.fdopen(write, "w") as pipe:
        pipe.write(request([(ONE, Setup()), (TWO, Setup())]) + "\n")
        pipe.flush()
        monkeypatch.setattr(sys, "stdin", answers)
        monkeypatch.setattr(bench_worker, "_end_with_the_server", lambda: None)
        bench_worker.main()
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[0] == {"at": 0, "part": 0.0}
    assert events[1] == {"at": 0, "failure": "one was not measured: ZeroDivisionError: by zero"}
    assert events[2] == {"at": 1, "part": 0.25}
    assert events[3]["row"]["model"] == "two"
