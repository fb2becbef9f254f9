"""Long work reports, can be interrupted, and passes on what a callback raises."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import ciem
import pytest
from conftest import READ, export, user


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "large.json"
    path.write_text(json.dumps(export(*(user(f"user{i}", READ) for i in range(20_000)))))
    return path


def test_steps_name_their_phase_and_do_not_go_back(large):
    steps = []
    snapshot = ciem.load(large, on_progress=steps.append)
    assert {"reading", "indexing"} <= {step.phase for step in steps}
    assert all(isinstance(step, ciem.Step) and step.done >= 0 for step in steps)
    steps.clear()
    table = snapshot.matrix(on_progress=steps.append)
    done = [step.done for step in steps if step.phase == "collecting"]
    assert done == sorted(done) and all(step.total in (None, len(table)) for step in steps if step.phase == "collecting")


def test_reports_come_in_the_calling_thread(large):
    threads = set()
    ciem.load(large, on_progress=lambda step: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}


def test_an_exception_of_the_callback_ends_the_work(large):
    def refuse(step):
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        ciem.load(large, on_progress=refuse)
    with pytest.raises(KeyError, match="enough"):
        ciem.load(large).who_can("s3:GetObject", on_progress=refuse)


@pytest.mark.skipif(os.name == "nt", reason="signals are sent to a process in POSIX only")
def test_ctrl_c_ends_a_load_and_a_question_at_once(large):
    # Whatever runs in the background of a shell without a terminal starts with the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        ctrl_c_ends(large)
    finally:
        signal.signal(signal.SIGINT, before)


def ctrl_c_ends(large):
    snapshot = ciem.load(large)
    for work in (lambda: ciem.load(large), lambda: [snapshot.matrix() for _ in range(1000)]):
        sent = []

        def interrupt():
            sent.append(time.monotonic())
            signal.raise_signal(signal.SIGINT) if os.name == "nt" else os.kill(os.getpid(), signal.SIGINT)

        timer = threading.Timer(0.02, interrupt)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            work()
            time.sleep(60)
        # The work itself may need a while to notice; the caller does not wait for it.
        assert time.monotonic() - sent[0] < 2
        timer.join()


def test_a_bar_is_shown_when_asked_for_and_never_in_a_log(account):
    program = f"""
        import ciem
        snapshot = ciem.load({str(account)!r}, on_progress=BAR)
        snapshot.permissions()
        print(len(snapshot.matrix(on_progress=BAR)))
    """
    for bar, shown in (("True", True), ("None", False), ("False", False)):
        text = textwrap.dedent(program).replace("BAR", bar)
        run = subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True)
        assert int(run.stdout) > 0
        assert ("reading" in run.stderr) is shown and (run.stderr != "") is shown, run.stderr
