"""A small account export: `ana` may read one bucket, `bob` may do nothing."""

import json

import pytest

ACCOUNT = "111122223333"


def arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def user(name: str, *statements: dict) -> dict:
    policies = [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}]
    return {
        "Path": "/",
        "UserName": name,
        "UserId": f"AIDA{name.upper():0<17}",
        "Arn": arn("user", name),
        "CreateDate": "2024-01-01T00:00:00+00:00",
        "UserPolicyList": policies if statements else [],
        "GroupList": [],
        "AttachedManagedPolicies": [],
        "Tags": [],
    }


def export(*users: dict) -> dict:
    return {"UserDetailList": list(users), "GroupDetailList": [], "RoleDetailList": [], "Policies": []}


READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pay/*"}


@pytest.fixture
def account(tmp_path):
    path = tmp_path / "account.json"
    path.write_text(json.dumps(export(user("ana", READ), user("bob"))))
    return path
