"""Usage: loading, merging, what was not used. What the states mean is tested in the core."""

import gzip
import json
from datetime import datetime, timezone
from pathlib import Path

import ciem
import pytest
from conftest import ACCOUNT, arn

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def record(number, at, name, **more):
    return {
        "eventTime": at,
        "eventName": name,
        "eventSource": "s3.amazonaws.com",
        "awsRegion": "us-east-1",
        "eventID": number,
        "recipientAccountId": ACCOUNT,
        "userIdentity": {"type": "IAMUser", "arn": arn("user", "ana")},
        **more,
    }


@pytest.fixture
def log(tmp_path):
    def write(*records, name="log.json"):
        path = tmp_path / name
        path.write_text(json.dumps({"Records": list(records)}))
        return path

    return write


def test_usage_of_two_files_is_that_of_one(log):
    first = record("a", "2026-01-03T10:00:00Z", "ListBuckets")
    second = record("b", "2026-01-04T10:00:00Z", "CreateBucket", errorCode="AccessDenied")
    one, two = ciem.load_usage(log(first, name="1.json")), ciem.load_usage(log(second, name="2.json"))
    merged = two.merge(one)
    assert list(merged.uses()) == list(ciem.load_usage(log(second, first)).uses())
    denied, used = merged.uses()
    assert (used["permission"], used["days"], used["count"]) == ("s3:ListAllMyBuckets", ["2026-01-03"], 1)
    assert (denied["permission"], denied["count"], denied["denied"]) == ("s3:CreateBucket", 0, 1)
    assert merged.coverage()["logs"][0]["days"] == 2 and repr(merged) == "Usage(2 uses)"


def test_what_was_not_used(account, log):
    snapshot = ciem.load(account)
    usage = ciem.load_usage(log(record("a", "2026-01-03T10:00:00Z", "GetObject")))
    rows = snapshot.unused(usage, window="1d", of="principal")
    assert [(row["id"], row["state"]) for row in rows] == [(arn("user", "bob"), "unused")]
    at = datetime(2026, 3, 1, tzinfo=timezone.utc)
    silent = snapshot.unused(usage, at=at, of=["principal"])[0]
    assert silent["state"] == "unobservable" and silent["uncovered_days"] > 80


def test_two_hundred_unused_permissions_across_an_environment_are_one_call():
    snapshot, usage = ciem.load(EXAMPLES / "estate"), ciem.load_usage(EXAMPLES / "estate_logs")
    rows = snapshot.unused(usage, at="2026-11-01T00:00:00Z", of="permission", by="environment", environment="dev")
    unused = next(row for row in rows if row["state"] == "unused")
    assert len(unused["permissions"]) >= 200 and unused["count"] > len(unused["permissions"])


def test_of_a_damaged_file_the_beginning_stays(log, tmp_path):
    packed = gzip.compress(log(*(record(f"e{n}", "2026-01-03T10:00:00Z", "ListBuckets") for n in range(5000))).read_bytes())
    (tmp_path / "cut.json.gz").write_bytes(packed[: len(packed) // 2])
    usage = ciem.load_usage(tmp_path / "cut.json.gz")
    assert 0 < usage.uses()[0]["count"] < 5000
    assert usage.coverage()["files"][0]["errors"][0].startswith("malformed: the gzip data is cut off")


def test_errors(account, tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ciem.DecodeError) as caught:
        ciem.load_usage(tmp_path / "notes.txt")
    assert caught.value.code == "unrecognised"
    nothing = ciem.load_usage(tmp_path / "notes.txt", on_error="skip")
    for wrong in ({}, {"window": "long", "at": "2026-01-01T00:00:00Z"}, {"of": "nothing", "at": "2026-01-01T00:00:00Z"}):
        with pytest.raises(ciem.RequestError):
            ciem.load(account).unused(nothing, **wrong)


def test_a_proposal_says_what_stays_and_takes_itself_back():
    snapshot, usage = ciem.load(EXAMPLES / "estate"), ciem.load_usage(EXAMPLES / "estate_logs")
    seen = sorted({row["principal"] for row in usage.uses() if row["count"]})
    loaded = {row["principal"] for row in snapshot.principals() if row["loaded"]}
    principal = next(one for one in seen if one in loaded)
    proposal = snapshot.rightsize(principal, usage, at=datetime(2026, 11, 1, tzinfo=timezone.utc), mode="exact")
    certificate = proposal.certificate
    assert certificate["within_granted"] == certificate["covers_kept"] == "proved"
    assert certificate["replay"]["would_fail"] == 0 < certificate["replay"]["events"]
    assert [c["undo"] for c in reversed(proposal.remedy["changes"])] == [c["call"] for c in proposal.rollback["changes"]]
    with pytest.raises(ciem.RequestError):
        snapshot.rightsize(principal, usage, mode="smallest")
    with pytest.raises(AttributeError):
        proposal.nothing


def test_proposals_of_many_are_those_of_each():
    snapshot, usage = ciem.load(EXAMPLES / "estate"), ciem.load_usage(EXAMPLES / "estate_logs")
    options = {"at": datetime(2026, 11, 1, tzinfo=timezone.utc), "mode": "exact"}
    steps = []
    table = snapshot.rightsize_each(usage, on_progress=steps.append, **options)
    assert {"rightsizing"} == {step.phase for step in steps} and steps[-1].done == steps[-1].total == len(table) > 20
    for row in [row for row in table if row["provider"] == "aws" and row["changes"]][:3]:
        proposal = snapshot.rightsize(row["principal"], usage, **options)
        assert json.loads(row["proposal"]) == proposal.to_dict()
        assert (row["granted"], row["kept"], row["fits"]) == (proposal.granted, proposal.kept, True)
    named = snapshot.rightsize_each(usage, [table[1]["principal"], "nobody"], **options)
    assert [row["error"] for row in named] == [None, "unknown_principal"] and named[0] == table[1]
    with pytest.raises(KeyError, match="enough"):
        snapshot.rightsize_each(usage, on_progress=lambda step: {}["enough"], **options)
