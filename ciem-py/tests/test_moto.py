"""Exports that boto3 makes against a moto server: an organisation with guardrails, boundaries and resource policies,
and questions to it that `ciem-core/testdata/aws/moto/questions.py` argues one by one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import ciem
import pytest

SCRIPT = Path(__file__).parents[2] / "ciem-core/testdata/aws/moto/export.py"

RECORDS = {"users": "UserDetailList", "groups": "GroupDetailList", "roles": "RoleDetailList", "policies": "Policies"}


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("moto")
    # The server is on the loopback interface; a proxy or a configured account must not come in between.
    quiet = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull, "NO_PROXY": "127.0.0.1"}
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    subprocess.run([sys.executable, SCRIPT, folder], check=True, env=own | quiet | {"PYTHONDONTWRITEBYTECODE": "1"})
    return folder


@pytest.fixture(scope="module")
def snapshot(exports):
    return ciem.load(exports)


def document(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_questions_are_answered_as_argued(exports, snapshot):
    wrong = []
    questions = document(exports / "expected.json")
    for question in questions:
        decision = snapshot.can(**question["request"]).to_dict()
        found = {member: decision.get(member) for member in question["expect"]}
        if found != question["expect"]:
            wrong.append(question | {"found": found})
    assert not wrong, json.dumps(wrong, indent=1)
    assert len(questions) >= 40


def test_every_export_is_read_and_counted(exports, snapshot):
    coverage = snapshot.coverage()
    accounts = [document(path) for path in exports.glob("*.iam-get-account-authorization-details.json")]
    for kind, member in RECORDS.items():
        assert coverage["counts"][kind] == len({record["Arn"] for account in accounts for record in account[member]})
    files = {Path(file["name"]).name: file for file in coverage["files"]}
    assert set(files) == {path.name for path in exports.iterdir()}
    unread = {name for name, file in files.items() if file["errors"] or not file["records"]}
    # Which accounts and units a unit holds may be none; the questions are no export.
    empty = {name for name in unread if "-for-parent." in name and not any_record(exports / name)}
    assert unread - empty == {"expected.json"}
    assert coverage["rejected"] == []


def any_record(path):
    return any(isinstance(value, list) and value for value in document(path).values())
