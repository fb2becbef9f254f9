"""What Python adds to the wire forms: objects, paths, options."""

import json
from datetime import datetime, timezone

import ciem
import pytest
from conftest import arn

QUESTION = (arn("user", "ana"), "s3:GetObject", "arn:aws:s3:::pay/report.csv")


def test_paths_may_be_text_path_objects_lists_and_folders(account):
    for paths in (account, str(account), [account], (str(account),), account.parent):
        assert ciem.load(paths).coverage()["counts"]["users"] == 2


def test_a_decision_is_an_object_a_dict_and_json(account):
    snapshot = ciem.load(account)
    decision = snapshot.can(*QUESTION)
    assert decision.verdict == "allow" and decision.denial is None and decision.condition is None
    assert decision.statements[0]["effect"] == "allow"
    assert json.loads(decision.to_json()) == decision.to_dict() and decision.to_dict()["v"] == 1
    assert decision == snapshot.can(*QUESTION) and decision != snapshot.can(arn("user", "bob"), *QUESTION[1:])
    assert repr(decision) == "Decision('allow')"


def test_an_explanation_holds_the_decision(account):
    explanation = ciem.load(account).explain(arn("user", "bob"), *QUESTION[1:])
    assert explanation.decision.verdict == "deny" and explanation.decision.denial == "implicit"
    assert explanation.layers and explanation.to_dict()["v"] == 1


def test_a_table_is_a_sequence_of_dicts(account):
    table = ciem.load(account).principals()
    rows = list(table)
    assert len(table) == len(rows) > 1 and table[0] == rows[0] and table[-1:] == rows[-1:]
    assert {row["principal"] for row in rows if row["loaded"]} == {arn("user", "ana"), arn("user", "bob")}
    assert json.loads(table.to_json())["rows"] == rows and isinstance(table.assumptions, list)


def test_every_table_verb_answers(account):
    snapshot = ciem.load(account)
    holders = snapshot.who_can("s3:GetObject", "arn:aws:s3:::pay/report.csv", match="all")
    assert arn("user", "ana") in {row["principal"] for row in holders}
    assert any("s3:GetObject" in row["permissions"] for row in snapshot.what_can(arn("user", "ana")))
    assert len(snapshot.matrix()) > 0 and len(snapshot.permissions()) > 0
    assert len(snapshot.resources()) >= 0


def test_options_reach_the_core(account):
    snapshot = ciem.load(account)
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    context = {"aws:SourceIp": "10.0.0.1", "aws:MultiFactorAuthPresent": None}
    decision = snapshot.can(*QUESTION, context=context, at=at, unknown_context="absent", missing_layer="assume_none")
    assert decision.verdict == "allow"
    for wrong in ({"unknown_context": "sometimes"}, {"at": "yesterday"}, {"at": datetime(2026, 1, 1)}):
        with pytest.raises(ciem.RequestError) as caught:
            snapshot.can(*QUESTION, **wrong)
        assert caught.value.code == "invalid_request"


def test_simulate_needs_no_snapshot():
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    question = {"v": 1, "provider": "aws", "principal": QUESTION[0], "action": QUESTION[1], "resource": QUESTION[2]}
    assert ciem.simulate(question).verdict == "deny"
    assert ciem.simulate({**question, "identity_policies": [{"name": "p", "document": allow}]}).verdict == "allow"


def test_conditions_are_read_from_decisions_and_from_columns(account):
    snapshot = ciem.load(account)
    condition = {"and": [{"key": "aws:SourceIp", "operator": "IpAddress", "values": ["10.0.0.0/8"], "source": 0}]}
    for given in (condition, json.dumps(condition)):
        assert ciem.condition_text(given) == "only from 10.0.0.0/8"
        assert ciem.condition_blocks(given) == {"v": 1, "blocks": [{"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}]}
    with pytest.raises(ciem.RequestError):
        ciem.condition_text({"nonsense": 1})
    assert snapshot.can(*QUESTION).condition_text is None
    assert snapshot.what_would_settle_it(action=QUESTION[1]).columns[:2] == ["kind", "name"]


def test_checks_compare_policies():
    policy = lambda *actions: {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}  # noqa: E731
    check = ciem.check_no_new_access(policy("s3:GetObject"), json.dumps(policy("s3:Get*")))
    assert (check.result, check.witness, check.statements) == ("pass", None, [])
    check = ciem.check_access_not_granted(policy("s3:GetObject"), iter(["s3:Get*"]), ["arn:aws:s3:::pay/*"])
    assert check.witness["action"] == "s3:GetObject" and check.to_dict()["v"] == 1
    with pytest.raises(ciem.RequestError):
        ciem.check_no_public_access(policy("s3:GetObject"))
