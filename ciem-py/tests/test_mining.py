"""Role mining from pairs in every form that Python has them, and from a snapshot."""

import json
from datetime import datetime, timezone

import ciem
import pandas
import polars
import pyarrow
import pytest

PAIRS = [("ana", "read"), ("ana", "write"), ("bob", "read"), ("cleo", "read"), ("cleo", "write")]
COLUMNS = {"user": [user for user, _ in PAIRS], "permission": [permission for _, permission in PAIRS]}


class Capsule:
    """Nothing but the Arrow PyCapsule interface."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


FORMS = {
    "tuples": lambda: PAIRS,
    "lists": lambda: [list(pair) for pair in PAIRS],
    "generator": lambda: (pair for pair in PAIRS),
    "pandas": lambda: pandas.DataFrame(COLUMNS),
    "pandas, turned": lambda: pandas.DataFrame(COLUMNS)[["permission", "user"]].assign(other=1),
    "pandas, other names": lambda: pandas.DataFrame({"who": COLUMNS["user"], "what": COLUMNS["permission"], "n": 1}),
    "polars": lambda: polars.DataFrame(COLUMNS),
    "polars, turned": lambda: polars.DataFrame(COLUMNS)[["permission", "user"]],
    "polars, other names": lambda: polars.DataFrame({"who": COLUMNS["user"], "what": COLUMNS["permission"]}),
    "polars, categories": lambda: polars.DataFrame(COLUMNS).with_columns(polars.all().cast(polars.Categorical)),
    "pyarrow": lambda: pyarrow.table(COLUMNS),
    "pyarrow, dictionary": lambda: pyarrow.table({n: pyarrow.array(c).dictionary_encode() for n, c in COLUMNS.items()}),
    "pyarrow, turned": lambda: pyarrow.table({name: COLUMNS[name] for name in ["permission", "user"]}),
    "pyarrow, large": lambda: pyarrow.table({n: pyarrow.array(c, pyarrow.large_string()) for n, c in COLUMNS.items()}),
    "capsule": lambda: Capsule(pyarrow.table(COLUMNS)),
}


@pytest.mark.parametrize("form", FORMS)
def test_pairs_come_in_many_forms(form):
    mined = ciem.mine_roles(FORMS[form]())
    assert mined == ciem.mine_roles(PAIRS)
    assert (mined.optimal, mined.lower_bound) == (True, 2)
    assert [(role["users"], role["permissions"]) for role in mined.roles] == [
        (["ana", "cleo"], ["read", "write"]),
        (["bob"], ["read"]),
    ]


@pytest.mark.parametrize(
    "pairs", [["ab"], [("ana", 1)], [("ana",)], [("ana", "read", "write")], [None], 5, b"no stream"]
)
def test_what_is_no_pair_is_refused(pairs):
    with pytest.raises((ciem.CiemError, TypeError, ValueError)):
        ciem.mine_roles(pairs)
    with pytest.raises(ciem.RequestError) as caught:
        ciem.mine_roles(pyarrow.table({"user": ["ana", None], "permission": ["read", "read"]}))
    assert caught.value.code == "invalid_request"


def test_constraints_have_the_names_of_the_wire():
    mined = ciem.mine_roles(PAIRS, separate=[("read", "write")], existing=[{"name": "writers", "permissions": ["write"]}])
    assert [role["permissions"] for role in mined.roles] == [["read"], ["write"]]
    assert mined.roles[1]["name"] == "writers"
    assert mined.to_dict()["conflicts"] == [{"permissions": ["read", "write"], "users": ["ana", "cleo"]}]
    assert len(ciem.mine_roles(PAIRS, max_permissions_per_role=1).roles) == 2
    assert ciem.mine_roles(PAIRS, max_missing=1).to_dict()["missing"] == [["bob", "read"]]
    assert ciem.mine_roles(PAIRS, objective="assignments").to_dict()["objective"] == "assignments"
    for wrong in [{"objective": "peace"}, {"max_roles_per_user": 0}, {"max_missing": -1}]:
        with pytest.raises(ciem.RequestError):
            ciem.mine_roles(PAIRS, **wrong)
    with pytest.raises(TypeError):
        ciem.mine_roles(PAIRS, max_role_per_user=2)


def test_progress_is_told_and_can_stop_it():
    phases = []
    ciem.mine_roles(PAIRS, on_progress=lambda step: phases.append(step.phase))
    assert {"reading pairs", "checking"} <= set(phases)

    def stop(step):
        raise InterruptedError(step.phase)

    with pytest.raises(InterruptedError):
        ciem.mine_roles(PAIRS, on_progress=stop)


def test_a_snapshot_is_mined(account):
    snapshot = ciem.load(account)
    mined = snapshot.mine_roles(principal_kind="user", account="111122223333", form="group")
    (role,) = mined.roles
    assert role["users"] == ["arn:aws:iam::111122223333:user/ana"]
    assert role["permissions"] == ["s3:GetObject on arn:aws:s3:::pay/*"]
    (native,) = role["native"]
    (policy,) = native["definition"]["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {"Action": ["s3:GetObject"], "Effect": "Allow", "Resource": ["arn:aws:s3:::pay/*"]}
    ]
    pairs = snapshot.assignments(principal_kind="user", account="111122223333")
    assert pairs.columns == ["user", "permission"]
    assert ciem.mine_roles(pairs).roles[0]["permissions"] == role["permissions"]
    assert len(snapshot.assignments(tags={"team": "nobody's"})) == 0
    with pytest.raises(ciem.RequestError, match="group, permission_set"):
        snapshot.mine_roles(form="haiku")


def test_only_what_was_used_is_mined(account, tmp_path):
    event = {
        "eventVersion": "1.08", "eventTime": "2026-01-03T10:00:00Z", "eventSource": "s3.amazonaws.com", "awsRegion": "eu-west-1",
        "eventName": "GetObject", "eventID": "00000000-0000-4000-8000-000000000001", "eventType": "AwsApiCall",
        "managementEvent": False, "readOnly": True, "recipientAccountId": "111122223333", "sourceIPAddress": "203.0.113.5",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ana", "accountId": "111122223333", "userName": "ana",
                         "principalId": "AIDAAAAAAAAAAAAAAAAAA"},
        "requestParameters": {"bucketName": "pay", "key": "march.csv"},
        "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::pay/march.csv"}],
    }  # fmt: skip
    log = tmp_path / "111122223333_CloudTrail_202601.json"
    log.write_text(json.dumps({"Records": [event]}))
    usage, snapshot = ciem.load_usage(log), ciem.load(account)
    asked = {"usage": usage, "window": "90d", "at": datetime(2026, 2, 1, tzinfo=timezone.utc)}
    assert [row["user"] for row in snapshot.assignments(**asked)] == ["arn:aws:iam::111122223333:user/ana"]
    mined = snapshot.mine_roles(**asked, form="group")
    assert [role["permissions"] for role in mined.roles] == [["s3:GetObject on arn:aws:s3:::pay/* in 111122223333"]]
    later = {**asked, "window": "7d"}
    assert len(snapshot.assignments(**later)) == 0
    assert len(snapshot.assignments(**later, keep_unobservable=True)) == 1
    assumptions = snapshot.mine_roles(**later).to_dict()["assumptions"]
    assert any("1 pairs of which the logs cannot show the use are not mined" in text for text in assumptions)


def test_a_stream_that_lies_is_refused():
    stream = ciem.load([]).assignments().to_arrow_ipc()
    with pytest.raises(ciem.CiemError):
        ciem.mine_roles(stream[: len(stream) // 2])
    table = pyarrow.table({"n": [1], "user": ["ana"], "tags": [["a", "b"]], "permission": ["read"]})
    assert ciem.mine_roles(table).roles[0]["users"] == ["ana"]
