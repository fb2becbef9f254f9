"""Long work lets other Python threads run, and one snapshot serves several threads."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import ciem
from conftest import READ, arn, export, user


def test_loading_releases_the_interpreter_lock(tmp_path):
    path = tmp_path / "large.json"
    path.write_text(json.dumps(export(*(user(f"user{i}", READ) for i in range(20_000)))))
    started, ticks, done = threading.Event(), 0, threading.Event()

    def load():
        started.set()
        ciem.load(path)
        done.set()

    worker = threading.Thread(target=load)
    worker.start()
    started.wait()
    while not done.is_set():
        time.sleep(0.0005)
        ticks += 1
    worker.join()
    # With the lock held for the whole of the work this thread would wake once or twice.
    assert ticks >= 5


def test_one_snapshot_answers_in_many_threads(account):
    snapshot = ciem.load(account)
    ask = lambda _: snapshot.can(arn("user", "ana"), "s3:GetObject", "arn:aws:s3:::pay/x").verdict
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, range(200))) == {"allow"}


def test_threads_share_a_snapshot_and_its_tables(tmp_path):
    """All verbs at once from several threads, while tables of other threads are read: each answer as if alone."""
    path = tmp_path / "account.json"
    path.write_text(json.dumps(export(*(user(f"user{i}", READ) for i in range(300)))))
    snapshot = ciem.load(path)
    asks = [
        lambda: snapshot.who_can("s3:GetObject", "arn:aws:s3:::pay/x"),
        lambda: snapshot.what_can("user7"),
        snapshot.matrix,
        snapshot.principals,
        lambda: snapshot.explain("user7", "s3:GetObject", "arn:aws:s3:::pay/x"),
    ]
    alone = [ask().to_json() for ask in asks]
    shared = snapshot.principals()
    rows = list(shared)
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(lambda ask=ask: ask().to_json()) for _ in range(6) for ask in asks]
        readings = [pool.submit(lambda: list(shared)) for _ in range(6)]
        assert [answer.result() for answer in answers] == alone * 6
        assert all(reading.result() == rows for reading in readings)
